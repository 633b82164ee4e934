"""`GET`, `PATCH` and `DELETE /workflows/{id}`."""

import pytest

from common.ids import new_id
from tests.factories import make_graph, make_key, make_version, make_workflow
from tests.http.problem import assert_problem, items_of

VERBS = [
    ("GET", "", None),
    ("PATCH", "", {"name": "x"}),
    ("DELETE", "", None),
    ("POST", "/publish", None),
    ("GET", "/schema", None),
    ("GET", "/versions", None),
    ("GET", "/versions/1", None),
    ("POST", "/versions/1/restore", None),
]


@pytest.fixture
def workflow(workspace):
    return make_workflow(workspace, description="Loud.")


@pytest.fixture
def path(workflow):
    return f"/workflows/{workflow.id}"


def test_a_workflow_is_read_with_its_revision_as_tag(api, path, workflow):
    make_version(workflow)

    response = api.get(path)

    assert response.status_code == 200
    assert response.headers["ETag"] == '"1"'
    assert response.json()["id"] == workflow.id
    assert response.json()["publishedVersion"] == 1
    assert response.json()["graph"] == make_graph()


def test_reading_costs_one_query(api, path, django_assert_num_queries):
    api.get(path)  # the key is known now

    with django_assert_num_queries(1):
        api.get(path)


@pytest.mark.parametrize(("method", "rest", "body"), VERBS)
def test_T1_a_foreign_id_is_answered_like_an_unknown_one(
    api, stranger_workspace, method, rest, body
):
    foreign = make_workflow(stranger_workspace)
    make_version(foreign)

    answers = [
        assert_problem(api.send(method, f"/workflows/{id_}{rest}", body), 404, "not_found")
        for id_ in (foreign.id, new_id("wf"))
    ]

    for answer in answers:
        del answer["instance"], answer["requestId"]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "id_",
    [
        "wf_",
        "wf_1",
        "wfv_01arz3ndektsv4rrffq69g5fav",
        "wf_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "wf_01arz3ndektsv4rrffq69g5fav0",
        "wf_01arz3ndektsv4rrffq69g5fa%00",
        "..%2f..%2fme",
        "1",
    ],
)
def test_an_id_of_the_wrong_shape_is_not_found_without_a_query(api, id_, django_assert_num_queries):
    api.get("/me")  # the key is known from here on

    with django_assert_num_queries(0):
        assert_problem(api.get(f"/workflows/{id_}"), 404, "not_found")


@pytest.mark.parametrize(("method", "rest", "body"), VERBS)
def test_a_key_and_its_scope_are_needed(api, workspace, path, method, rest, body):
    wrong = ["write"] if method == "GET" else ["read"]
    limited = make_key(workspace, scopes=[*wrong, "execute", "usage"])

    without = api.with_key(None).send(method, path + rest, body)
    with_wrong = api.with_key(limited.secret).send(method, path + rest, body)

    assert_problem(without, 401, "unauthenticated")
    problem = assert_problem(with_wrong, 403, "insufficient_scope")
    assert problem["requiredScope"] == ("read" if method == "GET" else "write")


# --- PATCH


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "Whisper"}, "name"),
        ({"description": ""}, "description"),
        ({"graph": make_graph(case="lower")}, "graph"),
        ({"callbackUrl": "https://example.com/hook"}, "callbackUrl"),
    ],
)
def test_one_field_is_changed_and_the_others_stay(api, path, change, field):
    before = api.get(path).json()

    response = api.patch(path, change)

    after = response.json()
    assert response.status_code == 200
    assert response.headers["ETag"] == '"2"'
    assert after[field] == change[field]
    changing = {field, "revision", "updatedAt"}
    assert {name: after[name] for name in after if name not in changing} == {
        name: before[name] for name in before if name not in changing
    }


def test_a_null_callback_url_clears_it(api, path):
    api.patch(path, {"callbackUrl": "https://example.com/hook"})

    assert api.patch(path, {"callbackUrl": None}).json()["callbackUrl"] is None


def test_an_empty_change_changes_nothing(api, path):
    response = api.patch(path, {})

    assert response.status_code == 200
    assert response.json()["revision"] == 1


@pytest.mark.parametrize(
    ("change", "code", "expected"),
    [
        ({"name": None}, "invalid_inputs", ("/name", "wrong_kind")),
        ({"name": ""}, "invalid_inputs", ("/name", "out_of_range")),
        ({"description": None}, "invalid_inputs", ("/description", "wrong_kind")),
        ({"callbackUrl": "ftp://a.example"}, "invalid_inputs", ("/callbackUrl", "url_not_allowed")),
        ({"graph": None}, "invalid_graph", ("/graph", "wrong_kind")),
        ({"revision": 7}, "invalid_inputs", ("/revision", "unknown_field")),
        ({"publishedVersion": 1}, "invalid_inputs", ("/publishedVersion", "unknown_field")),
    ],
)
def test_B11_a_change_that_is_wrong_is_refused(api, path, change, code, expected):
    problem = assert_problem(api.patch(path, change), 422, code)

    assert items_of(problem) == [expected]
    assert api.get(path).json()["revision"] == 1


@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', "*", ' "1" '])
def test_B20_a_tag_that_matches_lets_the_write_through(api, path, tag):
    assert api.patch(path, {"name": "x"}, If_Match=tag).status_code == 200


@pytest.mark.parametrize("tag", ['"2"', 'W/"2"', '"0"', '"999999999999999999"'])
def test_B20_a_stale_tag_is_a_conflict_with_both_revisions(api, path, tag):
    problem = assert_problem(api.patch(path, {"name": "x"}, If_Match=tag), 409, "conflict")

    assert problem["expectedRevision"] == int(tag.strip('W/"'))
    assert problem["actualRevision"] == 1
    assert api.get(path).json()["name"] == "Shout"


@pytest.mark.parametrize(
    "tag", ["1", '"', '"one"', '"1', '"-1"', '""', '"1", "2"', '"' + "9" * 30 + '"']
)
def test_B20_a_malformed_tag_is_malformed(api, path, tag):
    response = api.patch(path, {"name": "x"}, If_Match=tag)

    assert_problem(response, 400, "malformed_request")


def test_C13_of_two_changes_with_one_revision_one_wins(api, path):
    first = api.patch(path, {"name": "First"}, If_Match='"1"')
    second = api.patch(path, {"name": "Second"}, If_Match='"1"')

    assert first.status_code == 200
    problem = assert_problem(second, 409, "conflict")
    assert (problem["expectedRevision"], problem["actualRevision"]) == (1, 2)
    assert api.get(path).json()["name"] == "First"


# --- DELETE


def test_a_deleted_workflow_is_not_found(api, path):
    response = api.delete(path)

    assert response.status_code == 204
    assert response.content == b""
    assert_problem(api.get(path), 404, "not_found")
    assert_problem(api.delete(path), 404, "not_found")
    assert api.get("/workflows").json()["items"] == []
