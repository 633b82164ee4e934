"""`POST /workflows/executions/{id}/cancel`."""

import pytest

from executor.models import Task
from executor.runtime.perform import Performer
from executor.services.claims import claim_task
from executor.types import TaskState
from tests.client import ApiClient
from tests.factories import make_execution, make_key, make_published_workflow, run_all
from tests.http.problem import assert_problem, items_of


@pytest.fixture
def execution(workspace):
    return make_execution(make_published_workflow(workspace))


@pytest.fixture
def path(execution):
    return f"/workflows/executions/{execution.execution_id}"


def test_C14_cancelling_before_the_start_ends_the_run_for_good(api, execution, path):
    response = api.post(f"{path}/cancel")

    assert response.status_code == 200
    assert response.json() == {
        "executionId": execution.execution_id,
        "status": "CANCELLED",
        "cancelled": True,
    }
    run_all()
    polled = api.get(f"{path}/poll").json()
    assert polled["status"] == "CANCELLED"
    assert polled["credits"]["charged"] == 0


def test_C14_cancelling_twice_says_that_the_second_did_nothing(api, path):
    api.post(f"{path}/cancel")
    before = api.get(f"{path}/poll").content

    response = api.post(f"{path}/cancel")

    assert response.status_code == 200
    assert (response.json()["status"], response.json()["cancelled"]) == ("CANCELLED", False)
    assert api.get(f"{path}/poll").content == before


def test_C14_cancelling_too_late_leaves_the_run_as_it_ended(api, path):
    run_all()
    before = api.get(f"{path}/poll").content

    response = api.post(f"{path}/cancel")

    assert (response.json()["status"], response.json()["cancelled"]) == ("COMPLETED", False)
    assert api.get(f"{path}/poll").content == before


def test_C14_a_worker_in_the_middle_of_it_changes_nothing_any_more(api, path):
    task_id = Task.objects.get(state=TaskState.READY).pk
    claim_task(task_id=task_id, owner="somebody")
    api.post(f"{path}/cancel")
    before = api.get(f"{path}/poll").content

    Performer("somebody").perform(task_id)

    assert api.get(f"{path}/poll").content == before


def test_T1_a_foreign_run_is_not_there_and_goes_on(api, stranger_workspace, stranger_key):
    foreign = make_execution(make_published_workflow(stranger_workspace)).execution_id

    details = [
        assert_problem(api.post(f"/workflows/executions/{id_}/cancel"), 404, "not_found")["detail"]
        for id_ in (foreign, f"exec_{'0' * 26}")
    ]

    polled = api.with_key(stranger_key).get(f"/workflows/executions/{foreign}/poll")
    assert details[0] == details[1]
    assert polled.json()["status"] == "QUEUED"


def test_a_key_without_the_scope_is_refused(workspace, path):
    key = make_key(workspace, scopes=["read", "write", "usage"])

    response = ApiClient(key.secret).post(f"{path}/cancel")

    assert assert_problem(response, 403, "insufficient_scope")["requiredScope"] == "execute"


def test_B11_cancelling_takes_no_fields(api, path):
    problem = assert_problem(api.post(f"{path}/cancel", {"reason": "x"}), 422, "invalid_inputs")

    assert items_of(problem) == [("/reason", "unknown_field")]
    assert api.get(f"{path}/poll").json()["status"] == "QUEUED"


def test_B14_other_methods_are_refused(api, path):
    assert_problem(api.get(f"{path}/cancel"), 405, "method_not_allowed")


def test_a_bad_id_matches_nothing(api):
    assert_problem(api.post("/workflows/executions/exec_1/cancel"), 404, "not_found")
