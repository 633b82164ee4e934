"""`POST /workflows/executions/{id}/retry`."""

import pytest

from executor.models import Execution
from tests.client import ApiClient
from tests.factories import (
    make_execution,
    make_finished_execution,
    make_key,
    make_published_workflow,
)
from tests.http.problem import assert_problem, items_of


@pytest.fixture
def workflow(workspace):
    return make_published_workflow(workspace)


@pytest.fixture
def execution(workflow):
    return make_finished_execution(workflow).execution_id


@pytest.fixture
def path(execution):
    return f"/workflows/executions/{execution}/retry"


@pytest.mark.parametrize("body", [None, {}, {"fromNode": None, "inputs": {}}])
def test_a_retry_answers_202_as_execute_does(api, workflow, execution, path, body):
    response = api.post(path, body)

    answer = response.json()
    assert response.status_code == 202
    assert response.headers["Location"] == answer["pollUrl"]
    assert answer["executionId"] != execution
    assert (answer["workflowId"], answer["version"]) == (workflow.id, 1)
    assert set(answer) == {
        "executionId",
        "status",
        "workflowId",
        "version",
        "estimatedCredits",
        "pollUrl",
        "createdAt",
    }


def test_what_had_completed_is_taken_over_and_says_so(api, path):
    polled = api.get(api.post(path).json()["pollUrl"].removeprefix("/api/v1")).json()

    assert (polled["status"], polled["outputs"]) == ("COMPLETED", {"text": "HELLO"})
    assert [node["cached"] for node in polled["nodes"]] == [False, True, False]
    assert polled["credits"]["charged"] == 0


def test_inputs_are_laid_over_the_old_ones(api, path):
    polled = api.post(path, {"inputs": {"text": "bye"}}).json()

    row = Execution.objects.across_workspaces().get(pk=polled["executionId"])
    assert row.inputs == {"text": {"v": "bye"}}
    assert row.status == "QUEUED"


def test_inputs_are_checked_as_those_of_execute(api, path):
    problem = assert_problem(
        api.post(path, {"inputs": {"text": 5, "hat": 1}}), 422, "invalid_inputs"
    )

    assert sorted(items_of(problem)) == [
        ("/inputs/hat", "unknown_input"),
        ("/inputs/text", "wrong_kind"),
    ]


def test_a_node_that_is_not_there_is_named(api, path):
    problem = assert_problem(api.post(path, {"fromNode": "ghost"}), 422, "invalid_graph")

    assert items_of(problem) == [("nodes/ghost", "not_found")]


def test_a_run_that_is_not_over_is_a_conflict(api, workflow):
    open_run = make_execution(workflow, inputs={"text": "other"}).execution_id

    assert_problem(api.post(f"/workflows/executions/{open_run}/retry"), 409, "conflict")


def test_a_run_of_the_other_mode_is_a_conflict(workspace, path):
    key = make_key(workspace, mode="test")

    assert_problem(ApiClient(key.secret).post(path), 409, "conflict")


def test_T1_a_foreign_run_reads_like_one_that_is_not_there(api, stranger_workspace):
    foreign = make_finished_execution(make_published_workflow(stranger_workspace)).execution_id

    details = [
        assert_problem(api.post(f"/workflows/executions/{id_}/retry"), 404, "not_found")["detail"]
        for id_ in (foreign, f"exec_{'0' * 26}")
    ]

    assert details[0] == details[1]


def test_a_run_of_a_deleted_workflow_is_not_found(api, workflow, path):
    assert api.delete(f"/workflows/{workflow.id}").status_code == 204

    assert_problem(api.post(path), 404, "not_found")


def test_a_key_without_the_scope_is_refused(workspace, path):
    key = make_key(workspace, scopes=["read", "write", "usage"])

    problem = assert_problem(ApiClient(key.secret).post(path), 403, "insufficient_scope")

    assert problem["requiredScope"] == "execute"


def test_B11_unknown_fields_are_refused(api, path):
    problem = assert_problem(api.post(path, {"node": "case"}), 422, "invalid_inputs")

    assert items_of(problem) == [("/node", "unknown_field")]


def test_B14_other_methods_are_refused(api, path):
    assert_problem(api.get(path), 405, "method_not_allowed")
