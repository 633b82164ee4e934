"""`GET /workflows/executions/{id}/poll`, answered at once."""

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from executor.models import Execution
from tests.client import ApiClient
from tests.factories import make_execution, make_key, make_published_workflow, run_all
from tests.http.problem import assert_problem


@pytest.fixture
def execution(workspace):
    return make_execution(make_published_workflow(workspace))


@pytest.fixture
def path(execution):
    return f"/workflows/executions/{execution.execution_id}/poll"


def test_a_queued_run_says_so_and_when_to_ask_again(api, execution, path):
    response = api.get(path)

    answer = response.json()
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Retry-After"] == "1"
    assert response.headers["Cache-Control"] == "no-store"
    assert answer["executionId"] == execution.execution_id
    assert (answer["status"], answer["outputs"]) == ("QUEUED", {})
    assert 0 <= answer["progress"] < 1
    assert answer["startedAt"] is answer["finishedAt"] is answer["error"] is None


def test_a_finished_run_has_the_contracts_fields_and_no_retry_after(api, execution, path):
    run_all()

    response = api.get(path)

    answer = response.json()
    assert "Retry-After" not in response.headers
    assert set(answer) == {
        "executionId", "status", "progress", "outputs", "nodes", "credits", "error",
        "startedAt", "finishedAt",
    }  # fmt: skip
    assert (answer["status"], answer["progress"]) == ("COMPLETED", 1.0)
    assert answer["outputs"] == {"text": "HELLO"}
    assert answer["credits"] == {"estimated": 0, "charged": 0}
    node = next(node for node in answer["nodes"] if node["nodeId"] == "case")
    assert (node["type"], node["status"], node["cached"]) == ("text.case", "COMPLETED", False)
    assert node["outputs"] == {"text": "HELLO"}


def test_the_final_answer_is_the_stored_one_byte_for_byte(api, execution, path):
    run_all()

    stored = Execution.objects.across_workspaces().get(pk=execution.execution_id).final_payload

    assert [api.get(path).content.decode() for _ in range(2)] == [stored, stored]


def test_polling_a_finished_run_is_one_statement(api, path):
    run_all()
    api.get(path)

    with CaptureQueriesContext(connection) as captured:
        api.get(path)

    assert len(captured) == 1, captured.captured_queries


def test_polling_a_run_under_way_is_two_statements_at_most(api, path):
    api.get(path)

    with CaptureQueriesContext(connection) as captured:
        api.get(path)

    assert len(captured) <= 2, captured.captured_queries


@pytest.mark.parametrize("wait", ["0", "1", "30", "0.5", "30.0", "2.25"])
def test_a_wait_in_range_is_taken(api, path, wait):
    assert api.get(path, {"wait": wait}).status_code == 200


@pytest.mark.parametrize(
    "wait",
    ["", "-1", "31", "30.1", "1e1", "inf", "nan", "abc", " 1", "1 ", "+1", "1,5", "0x1", "\u0661",
     "1.", ".5", "9" * 400, "1;2", "None"],
)  # fmt: skip
def test_a_wait_out_of_range_is_a_400(api, path, wait):
    assert_problem(api.get(path, {"wait": wait}), 400, "malformed_request")


def test_T1_a_foreign_run_reads_like_one_that_is_not_there(api, stranger_workspace):
    foreign = make_execution(make_published_workflow(stranger_workspace))

    details = [
        assert_problem(api.get(f"/workflows/executions/{id_}/poll"), 404, "not_found")["detail"]
        for id_ in (foreign.execution_id, f"exec_{'0' * 26}")
    ]

    assert details[0] == details[1]


@pytest.mark.parametrize("bad", ["x", "exec_1", "wf_" + "0" * 26, "exec_" + "0" * 27, "%00"])
def test_an_id_of_the_wrong_shape_matches_nothing(api, bad):
    assert_problem(api.get(f"/workflows/executions/{bad}/poll"), 404, "not_found")


def test_a_key_without_the_scope_is_refused(workspace, path):
    key = make_key(workspace, scopes=["execute", "write", "usage"])

    problem = assert_problem(ApiClient(key.secret).get(path), 403, "insufficient_scope")

    assert problem["requiredScope"] == "read"


@pytest.mark.parametrize("name", ["key", "api_key", "access_token", "ticket", "Authorization"])
def test_K6_a_key_anywhere_but_in_the_header_opens_nothing(key, path, name):
    client = Client()
    client.cookies[name] = key
    url = f"/api/v1{path}"

    statuses = {
        client.get(url, {name: key}).status_code,
        client.get(url, {name: f"Bearer {key}"}).status_code,
        client.generic("GET", url, json.dumps({name: key}), "application/json").status_code,
    }

    assert statuses == {401}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_B14_other_methods_are_refused(api, path, method):
    response = api.send(method, path)

    assert_problem(response, 405, "method_not_allowed")
    assert "GET" in response.headers["Allow"]


def test_head_answers_like_get_without_a_body(api, path):
    response = api.send("HEAD", path)

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Retry-After"] == "1"
