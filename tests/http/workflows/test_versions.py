"""Publishing, versions, restoring, and the schema of what is published."""

import pytest
from jsonschema import Draft202012Validator

from tests.factories import make_graph, make_version, make_workflow
from tests.http.problem import assert_problem, items_of


@pytest.fixture
def workflow(workspace):
    return make_workflow(workspace)


@pytest.fixture
def path(workflow):
    return f"/workflows/{workflow.id}"


def test_publishing_answers_the_new_version(api, path, workflow):
    response = api.post(f"{path}/publish")

    version = response.json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1{path}/versions/1"
    assert version["version"].startswith("wfv_")
    assert version["number"] == 1
    assert version["workflowId"] == workflow.id
    assert version["createdAt"].endswith("Z")
    assert version["publishedBy"].startswith("key:key_")
    assert api.get(path).json()["publishedVersion"] == 1


def test_a_second_version_has_the_next_number(api, path):
    api.post(f"{path}/publish")

    assert api.post(f"{path}/publish", {}).json()["number"] == 2


def broken(problem):
    """Return a graph with one thing wrong, and the path of the problem."""
    graph = make_graph()
    case, edge = graph["nodes"][1], graph["edges"][0]
    match problem:
        case "cycle":
            edge |= {"source": "case", "sourceHandle": "text"}
            return graph, ("nodes/case", "cycle")
        case "twice":
            graph["edges"].append(edge | {"id": "again"})
            return graph, ("edges/again", "not_allowed")
        case "node":
            graph["edges"].append(edge | {"id": "lost", "target": "gone"})
            return graph, ("edges/lost", "not_found")
        case "port":
            graph["edges"].append(edge | {"id": "lost", "targetHandle": "gone"})
            return graph, ("edges/lost", "not_found")
        case "type":
            graph["nodes"].append({"id": "odd", "type": "text.magic"})
            return graph, ("nodes/odd", "unknown_type")
        case "version":
            graph["nodes"].append({"id": "odd", "type": "output", "version": 99})
            return graph, ("nodes/odd", "unknown_type")
        case _:
            case["params"] = {"case": "loud"}
            return graph, ("nodes/case/params/case", "not_allowed")


@pytest.mark.parametrize("problem", ["cycle", "twice", "node", "port", "type", "version", "param"])
def test_G1_G6_a_draft_with_problems_is_saved_and_not_published(api, path, problem):
    graph, expected = broken(problem)
    saved = api.patch(path, {"graph": graph})

    response = api.post(f"{path}/publish")

    assert saved.status_code == 200
    assert items_of({"errors": saved.json()["problems"]}) == [expected]
    assert items_of(assert_problem(response, 422, "invalid_graph")) == [expected]
    assert api.get(path).json()["publishedVersion"] is None


def test_G19_an_empty_graph_is_not_published(api, path):
    api.patch(path, {"graph": {"schema": 1, "nodes": [], "edges": []}})

    assert_problem(api.post(f"{path}/publish"), 422, "invalid_graph")


def test_versions_are_listed_newest_first_in_pages(api, path, workflow):
    for _ in range(3):
        make_version(workflow)

    first = api.get(f"{path}/versions", {"limit": 2}).json()
    second = api.get(f"{path}/versions", {"limit": 2, "cursor": first["nextCursor"]}).json()

    assert [item["number"] for item in first["items"] + second["items"]] == [3, 2, 1]
    assert second["nextCursor"] is None


def test_an_unpublished_workflow_has_no_versions(api, path):
    assert api.get(f"{path}/versions").json() == {"items": [], "nextCursor": None}


def test_a_version_is_read_as_it_was_published(api, path, workflow):
    make_version(workflow)
    api.patch(path, {"graph": {"nodes": []}})

    version = api.get(f"{path}/versions/1").json()

    assert version["graph"] == make_graph()
    assert version["inputs"]["required"] == ["text"]
    assert version["number"] == 1


@pytest.mark.parametrize("number", ["0", "2", "9" * 40, "-1", "abc", "1.0", "9" * 5_000])
def test_a_version_that_is_not_there_is_not_found(api, path, workflow, number):
    make_version(workflow)

    assert_problem(api.get(f"{path}/versions/{number}"), 404, "not_found")
    assert_problem(api.post(f"{path}/versions/{number}/restore"), 404, "not_found")


def test_restoring_copies_a_version_into_the_draft(api, path, workflow):
    make_version(workflow)
    api.patch(path, {"graph": make_graph(case="lower")})

    response = api.post(f"{path}/versions/1/restore")

    assert response.status_code == 200
    assert response.headers["ETag"] == '"3"'
    assert response.json()["graph"] == make_graph()
    assert response.json()["revision"] == 3


def test_B20_restoring_is_guarded_by_the_revision(api, path, workflow):
    make_version(workflow)

    response = api.post(f"{path}/versions/1/restore", If_Match='"7"')

    assert_problem(response, 409, "conflict")


def test_the_schema_is_that_of_the_published_version(api, path, workflow):
    make_version(workflow)
    api.patch(path, {"graph": {"nodes": []}})

    schema = api.get(f"{path}/schema").json()

    assert set(schema) == {"inputs", "outputs"}
    Draft202012Validator.check_schema(schema["inputs"])
    Draft202012Validator.check_schema(schema["outputs"])
    assert Draft202012Validator(schema["inputs"]).is_valid({"text": "a"})
    assert not Draft202012Validator(schema["inputs"]).is_valid({})


def test_G19_an_unpublished_workflow_has_no_schema(api, path):
    assert_problem(api.get(f"{path}/schema"), 409, "not_published")
