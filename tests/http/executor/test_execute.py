"""`POST /workflows/{id}/execute`."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.api import SYSTEM_ACTOR
from executor.models import Execution, Task
from tests.client import ApiClient
from tests.factories import (
    make_edge,
    make_file,
    make_key,
    make_published_workflow,
    make_version,
    make_workflow,
    run_all,
)
from tests.http.problem import assert_problem, items_of
from workflows.api import WorkflowChanges, change_workflow

MAX_STATEMENTS = 9


@pytest.fixture
def workflow(workspace):
    return make_published_workflow(workspace)


@pytest.fixture
def path(workflow):
    return f"/workflows/{workflow.id}/execute"


def statements(captured):
    """The statements without those that begin and end transactions."""
    words = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    return [q["sql"] for q in captured.captured_queries if not q["sql"].startswith(words)]


def test_executing_answers_202_with_the_contracts_body(api, workflow, path):
    response = api.post(path, {"inputs": {"text": "hello"}})

    row = Execution.objects.across_workspaces().get()
    created_at = response.json()["createdAt"]
    poll_url = f"/api/v1/workflows/executions/{row.id}/poll"
    assert response.status_code == 202
    assert response.headers["Location"] == poll_url
    assert response.json() == {
        "executionId": row.id,
        "status": "QUEUED",
        "workflowId": workflow.id,
        "version": 1,
        "estimatedCredits": 0,
        "pollUrl": poll_url,
        "createdAt": created_at,
    }
    assert len(created_at) == len("2026-01-31T10:00:00.000Z")
    assert created_at.endswith("Z")


def test_what_was_asked_for_is_kept_with_the_run(workspace, workflow, path):
    key = make_key(workspace, mode="test")

    ApiClient(key.secret).post(
        path,
        {
            "inputs": {"text": "hello"},
            "callbackUrl": "https://example.com/done",
            "maxCredits": 5,
            "cache": "off",
            "keep": "outputs",
            "metadata": {"order": "4711"},
        },
    )

    row = Execution.objects.across_workspaces().get()
    assert (row.mode, row.trigger, row.key_id) == ("test", "api", key.id)
    assert row.callback_url == "https://example.com/done"
    assert row.options == {"cache": "off", "keep": "outputs", "maxCredits": 5}
    assert row.metadata == {"order": "4711"}


def test_a_run_gives_what_its_graph_computes(api, path):
    poll_url = api.post(path, {"inputs": {"text": "hello"}}).json()["pollUrl"]
    run_all()

    answer = api.get(poll_url.removeprefix("/api/v1")).json()

    assert answer["status"] == "COMPLETED"
    assert answer["outputs"] == {"text": "HELLO"}


def test_an_older_version_and_the_draft_can_be_run(api, workspace, workflow, path):
    graph = {**workflow.graph, "nodes": [dict(node) for node in workflow.graph["nodes"]]}
    graph["nodes"][1]["params"] = {"case": "lower"}
    change_workflow(
        actor=SYSTEM_ACTOR,
        workspace_id=workspace.id,
        workflow_id=workflow.id,
        changes=WorkflowChanges(graph=graph),
        expected_revision=None,
    )

    draft = api.post(path, {"inputs": {"text": "Hi"}, "version": "draft"}).json()
    old = api.post(path, {"inputs": {"text": "Hi"}, "version": 1}).json()
    run_all()

    outputs = [
        api.get(f"/workflows/executions/{answer['executionId']}/poll").json()["outputs"]["text"]
        for answer in (draft, old)
    ]
    assert [draft["version"], old["version"]] == ["draft", 1]
    assert outputs == ["hi", "HI"]


def test_executing_costs_nine_statements_at_most(api, path):
    api.post(path, {"inputs": {"text": "warm the key and the plan"}})

    with CaptureQueriesContext(connection) as captured:
        response = api.post(path, {"inputs": {"text": "hello"}})

    assert response.status_code == 202
    assert len(statements(captured)) <= MAX_STATEMENTS, statements(captured)


@pytest.mark.parametrize(
    ("body", "items"),
    [
        ({"inputs": {}}, [("/inputs/text", "missing")]),
        ({}, [("/inputs/text", "missing")]),
        ({"inputs": {"text": "x", "hat": 1}}, [("/inputs/hat", "unknown_input")]),
        ({"inputs": {"text": 5}}, [("/inputs/text", "wrong_kind")]),
        ({"inputs": []}, [("/inputs", "wrong_kind")]),
        ({"inputs": None}, [("/inputs", "wrong_kind")]),
        ({"input": {"text": "x"}}, [("/input", "unknown_field")]),
        ({"inputs": {}, "workspaceId": "ws_x"}, [("/workspaceId", "unknown_field")]),
        ({"inputs": {}, "status": "COMPLETED"}, [("/status", "unknown_field")]),
        ({"inputs": {}, "max_credits": 5}, [("/max_credits", "unknown_field")]),
        ({"inputs": {}, "version": 0}, [("/version", "out_of_range")]),
        ({"inputs": {}, "version": -1}, [("/version", "out_of_range")]),
        ({"inputs": {}, "version": 1.5}, [("/version", "wrong_kind")]),
        ({"inputs": {}, "version": True}, [("/version", "wrong_kind")]),
        ({"inputs": {}, "version": "1"}, [("/version", "not_allowed")]),
        ({"inputs": {}, "version": "Draft"}, [("/version", "not_allowed")]),
        ({"inputs": {}, "maxCredits": -1}, [("/maxCredits", "out_of_range")]),
        ({"inputs": {}, "maxCredits": 1.5}, [("/maxCredits", "wrong_kind")]),
        ({"inputs": {}, "maxCredits": "5"}, [("/maxCredits", "wrong_kind")]),
        ({"inputs": {}, "maxCredits": True}, [("/maxCredits", "wrong_kind")]),
        ({"inputs": {}, "cache": "no"}, [("/cache", "not_allowed")]),
        ({"inputs": {}, "keep": "none"}, [("/keep", "not_allowed")]),
        ({"inputs": {}, "metadata": []}, [("/metadata", "wrong_kind")]),
        ({"inputs": {}, "metadata": {"a": "x" * 16_384}}, [("/metadata", "out_of_range")]),
        ({"inputs": {}, "callbackUrl": 5}, [("/callbackUrl", "wrong_kind")]),
        ({"inputs": {}, "callbackUrl": ""}, [("/callbackUrl", "url_not_allowed")]),
        ({"inputs": {}, "callbackUrl": "http://127.0.0.1/"}, [("/callbackUrl", "url_not_allowed")]),
        (
            {"inputs": {}, "callbackUrl": "file:///etc/passwd"},
            [("/callbackUrl", "url_not_allowed")],
        ),
        ([], [("", "wrong_kind")]),
        ("text", [("", "wrong_kind")]),
    ],
)
def test_B11_a_body_that_does_not_fit_is_refused_item_by_item(api, path, body, items):
    problem = assert_problem(api.post(path, body), 422, "invalid_inputs")

    assert items_of(problem) == items
    assert not Execution.objects.across_workspaces().exists()


def test_metadata_just_within_its_limit_is_taken(api, path):
    body = {"inputs": {"text": "x"}, "metadata": {"a": "x" * (16_384 - len('{"a":""}'))}}

    assert api.post(path, body).status_code == 202


@pytest.mark.parametrize(
    "raw", [b"{", b'{"inputs": {"text": "\\ud800"}}', b'{"a": 1, "a": 2}', b'{"inputs": NaN}']
)
def test_B_bad_json_is_a_400_and_starts_nothing(api, path, raw):
    assert_problem(api.post(path, raw), 400, "malformed_request")

    assert not Task.objects.exists()


def test_B9_a_body_over_a_mebibyte_is_a_413(api, path):
    response = api.post(path, {"inputs": {"text": "x" * 1024 * 1024}})

    assert assert_problem(response, 413, "too_large")["limitBytes"] == 1024 * 1024


def test_G19_what_was_never_published_cannot_be_run(api, workspace):
    workflow = make_workflow(workspace)

    response = api.post(f"/workflows/{workflow.id}/execute", {"inputs": {"text": "x"}})

    assert_problem(response, 409, "not_published")


def test_a_version_that_does_not_exist_is_a_404(api, path):
    for number in (2, 2**53):
        response = api.post(path, {"inputs": {"text": "x"}, "version": number})

        assert_problem(response, 404, "not_found")


def test_G_a_draft_with_problems_cannot_be_run(api, workspace):
    graph = {"schema": 1, "nodes": [{"id": "out", "type": "output", "params": {"name": "x"}}],
             "edges": []}  # fmt: skip
    workflow = make_workflow(workspace, graph=graph)

    response = api.post(f"/workflows/{workflow.id}/execute", {"inputs": {}, "version": "draft"})

    assert_problem(response, 422, "invalid_graph")


def test_G12_a_file_of_another_workspace_reads_like_one_that_is_not_there(
    api, workspace, stranger_workspace
):
    graph = {
        "schema": 1,
        "nodes": [
            {"id": "in", "type": "input.image", "params": {"name": "photo"}},
            {"id": "out", "type": "output", "params": {"name": "photo"}},
        ],
        "edges": [make_edge("in.value", "out.value")],
    }
    workflow = make_published_workflow(workspace, graph=graph)
    foreign = make_file(stranger_workspace).id
    unknown = f"file_{'0' * 26}"

    answers = [
        assert_problem(
            api.post(f"/workflows/{workflow.id}/execute", {"inputs": {"photo": {"fileId": id_}}}),
            422,
            "invalid_inputs",
        )["errors"]
        for id_ in (foreign, unknown)
    ]

    assert answers[0] == answers[1]
    assert answers[0][0]["code"] == "not_found"


def test_T1_a_foreign_workflow_reads_like_one_that_is_not_there(api, stranger_workspace):
    foreign = make_published_workflow(stranger_workspace)
    body = {"inputs": {"text": "x"}}

    of_foreign = api.post(f"/workflows/{foreign.id}/execute", body)
    of_unknown = api.post(f"/workflows/wf_{'0' * 26}/execute", body)

    assert_problem(of_foreign, 404, "not_found")
    assert_problem(of_unknown, 404, "not_found")
    assert of_foreign.json()["detail"] == of_unknown.json()["detail"]
    assert not Execution.objects.across_workspaces().exists()


def test_a_key_without_the_scope_is_refused(workspace, path):
    key = make_key(workspace, scopes=["read", "write", "usage"])

    response = ApiClient(key.secret).post(path, {"inputs": {"text": "x"}})

    assert assert_problem(response, 403, "insufficient_scope")["requiredScope"] == "execute"


def test_K1_without_a_key_nothing_runs(path):
    assert_problem(ApiClient(None).post(path, {"inputs": {"text": "x"}}), 401, "unauthenticated")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_B14_other_methods_are_refused(api, path, method):
    response = api.send(method, path)

    assert_problem(response, 405, "method_not_allowed")
    assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize("bad", ["x", "wf_1", "exec_" + "0" * 26, "wf_" + "O" * 26])
def test_an_id_of_the_wrong_shape_matches_nothing(api, bad):
    assert_problem(api.post(f"/workflows/{bad}/execute", {}), 404, "not_found")


def test_a_second_version_is_what_runs_once_it_is_published(api, workflow, path):
    make_version(workflow)

    assert api.post(path, {"inputs": {"text": "x"}}).json()["version"] == 2
