"""`POST /workflows`."""

import pytest

from tests.factories import make_graph, make_key
from tests.http.problem import assert_problem, items_of
from workflows.models import Workflow


def body(**fields):
    return {"name": "Shout", "graph": make_graph(), **fields}


def test_a_workflow_is_created(api, workspace):
    response = api.post("/workflows", body(description="Loud."))

    workflow = response.json()
    assert response.status_code == 201
    assert response.headers["ETag"] == '"1"'
    assert response.headers["Location"] == f"/api/v1/workflows/{workflow['id']}"
    assert workflow | {"id": "", "createdAt": "", "updatedAt": "", "inputs": {}, "outputs": {}} == {
        "id": "",
        "name": "Shout",
        "description": "Loud.",
        "graph": make_graph(),
        "revision": 1,
        "problems": [],
        "publishedVersion": None,
        "inputs": {},
        "outputs": {},
        "webhook": None,
        "callbackUrl": None,
        "createdAt": "",
        "updatedAt": "",
    }
    assert workflow["createdAt"].endswith("Z")
    assert workflow["inputs"]["required"] == ["text"]
    assert workflow["outputs"]["properties"]["text"]["type"] == "string"
    row = Workflow.objects.of(workspace.id).get()
    assert row.created_by.startswith("key:key_")


def test_the_trailing_slash_is_taken_too(api):
    assert api.post("/workflows/", body()).status_code == 201


def test_a_path_with_two_trailing_slashes_is_not_found(api):
    assert_problem(api.get("/workflows//"), 404, "not_found")


def test_G1_G6_an_incomplete_draft_is_saved_with_its_problems(api):
    graph = make_graph()
    graph["nodes"][1]["type"] = "text.magic"
    graph["edges"].append(graph["edges"][0] | {"id": "again", "source": "gone"})

    response = api.post("/workflows", body(graph=graph))

    assert response.status_code == 201
    assert [(item["path"], item["code"]) for item in response.json()["problems"]] == [
        ("nodes/case", "unknown_type"),
        ("edges/again", "not_found"),
        ("nodes/out", "missing"),
    ]


@pytest.mark.parametrize("id_", ["__proto__", "constructor", "x" * 65, "ü"])
def test_G5_a_malformed_graph_is_refused(api, workspace, id_):
    graph = {"schema": 1, "nodes": [{"id": id_, "type": "output"}], "edges": []}

    problem = assert_problem(api.post("/workflows", body(graph=graph)), 422, "invalid_graph")

    assert items_of(problem) == [("/graph/nodes/0/id", "not_allowed")]
    assert not Workflow.objects.of(workspace.id).exists()


def test_G5_a_doubled_id_is_refused(api):
    node = {"id": "a", "type": "output"}

    response = api.post("/workflows", body(graph={"nodes": [node, node]}))

    assert items_of(assert_problem(response, 422, "invalid_graph")) == [
        ("/graph/nodes/1/id", "not_allowed")
    ]


@pytest.mark.parametrize("graph", [None, [], "x", 1])
def test_a_graph_of_another_kind_is_refused(api, graph):
    problem = assert_problem(api.post("/workflows", body(graph=graph)), 422, "invalid_graph")

    assert items_of(problem) == [("/graph", "wrong_kind")]


@pytest.mark.parametrize(("nodes", "edges"), [(501, 0), (0, 2_001)])
def test_a_graph_over_its_limits_is_refused(api, nodes, edges):
    ends = {"source": "a", "sourceHandle": "x", "target": "b", "targetHandle": "y"}
    graph = {
        "nodes": [{"id": f"n{index}", "type": "output"} for index in range(nodes)],
        "edges": [{"id": f"e{index}", **ends} for index in range(edges)],
    }

    assert_problem(api.post("/workflows", body(graph=graph)), 422, "invalid_graph")


@pytest.mark.parametrize("field", ["workspaceId", "credits", "isStaff", "status", "revision"])
def test_B11_an_unknown_field_is_refused(api, workspace, field):
    problem = assert_problem(api.post("/workflows", body(**{field: 1})), 422, "invalid_inputs")

    assert items_of(problem) == [(f"/{field}", "unknown_field")]
    assert not Workflow.objects.of(workspace.id).exists()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": ""}, ("/name", "out_of_range")),
        ({"name": "x" * 201}, ("/name", "out_of_range")),
        ({"name": 1}, ("/name", "wrong_kind")),
        ({"name": None}, ("/name", "wrong_kind")),
        ({"name": "a\u202eb"}, ("/name", "not_allowed")),
        ({"name": "   "}, ("/name", "not_allowed")),
        ({"description": "x" * 5_001}, ("/description", "out_of_range")),
        ({"description": None}, ("/description", "wrong_kind")),
        ({"callbackUrl": "http://127.1/"}, ("/callbackUrl", "url_not_allowed")),
        ({"callbackUrl": 1}, ("/callbackUrl", "wrong_kind")),
    ],
)
def test_a_field_that_is_wrong_is_named(api, fields, expected):
    response = api.post("/workflows", body(**fields))

    assert items_of(assert_problem(response, 422, "invalid_inputs")) == [expected]


@pytest.mark.parametrize("missing", ["name", "graph"])
def test_a_field_that_is_missing_is_named(api, missing):
    given = body()
    del given[missing]

    problem = assert_problem(api.post("/workflows", given), 422, "invalid_inputs")

    assert items_of(problem) == [(f"/{missing}", "missing")]


def test_a_callback_url_may_be_given(api):
    url = "https://example.com/hook"

    assert api.post("/workflows", body(callbackUrl=url)).json()["callbackUrl"] == url


def test_the_scope_write_is_needed(workspace, api):
    reader = make_key(workspace, scopes=["read", "execute", "usage"])

    response = api.with_key(reader.secret).post("/workflows", body())

    problem = assert_problem(response, 403, "insufficient_scope")
    assert problem["requiredScope"] == "write"


def test_a_key_is_needed(api, db):
    assert_problem(api.with_key(None).post("/workflows", body()), 401, "unauthenticated")
