"""Leases that outlive their worker's attention, and what becomes of tasks that nobody survives."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import Error as DatabaseError
from django.db import OperationalError, connection, transaction

from common.clock import utc_now
from executor import conf
from executor.errors import LeaseLost
from executor.models import Execution, Task
from executor.runtime.control import take_over_leases
from executor.runtime.perform import Performer
from executor.runtime.worker import WorkerProcess
from executor.selectors.runs import list_events
from executor.services import claims
from executor.services.claims import claim_task, release_dead, renew_leases
from executor.services.results import TaskReport, Word, fail_poisonous, finish, tell_progress
from executor.services.transitions import lock_execution
from tests.executor.runs import accept, answer_of, publish, ready_tasks
from tests.graphs import chain

SHOUT = chain(1)


@pytest.fixture
def accepted(workspace):
    """A run of one task."""
    return accept(workspace, publish(workspace, SHOUT), {"text": "x"})


def claimed(owner: str) -> claims.Claim:
    """The oldest ready task, claimed."""
    found = claim_task(task_id=ready_tasks()[0], owner=owner)
    assert found is not None
    return found[0]


def poisoned() -> claims.Claim:
    """A task whose last claim is as many as a task may have."""
    for _ in range(conf.max_attempts() - 1):
        claimed("dying")
        assert release_dead(all_leases=True) == []
    return claimed("dying")


def test_C16_a_task_that_its_worker_has_let_go_of_is_not_renewed(accepted, workspace) -> None:
    let_go = claimed("worker")
    busy = claimed_of_another_run(workspace, "worker")
    Task.objects.update(lease_until=utc_now() - timedelta(hours=1))

    renewed = renew_leases(owner="worker", task_ids=[busy.task_id])

    assert renewed == 1
    release_dead()
    assert ready_tasks() == [let_go.task_id]


def claimed_of_another_run(workspace, owner: str) -> claims.Claim:
    """The task of one more run, claimed."""
    accept(workspace, publish(workspace, SHOUT), {"text": "y"})
    return claimed(owner)


def test_a_lease_that_somebody_else_took_over_is_not_renewed(accepted) -> None:
    claim = claimed("first")
    release_dead(all_leases=True)
    claimed("second")

    assert renew_leases(owner="first", task_ids=[claim.task_id]) == 0


def test_a_renewed_lease_lies_ahead(accepted) -> None:
    claim = claimed("worker")
    Task.objects.update(lease_until=utc_now() - timedelta(hours=1))

    renew_leases(owner="worker", task_ids=[claim.task_id])

    assert Task.objects.filter(pk=claim.task_id, lease_until__gt=utc_now()).exists()


def test_a_task_that_a_worker_still_holds_is_not_given_up(accepted, workspace) -> None:
    claim = poisoned()

    fail_poisonous(task_id=claim.task_id)

    finish(claim=claim, report=TaskReport())
    assert answer_of(workspace, accepted.execution_id)["status"] == "COMPLETED"


def test_a_worker_that_comes_back_late_cannot_store_for_a_poisonous_task(accepted) -> None:
    claim = poisoned()

    assert release_dead(all_leases=True) == [claim.task_id]

    assert renew_leases(owner="dying", task_ids=[claim.task_id]) == 0
    with pytest.raises(LeaseLost):
        finish(claim=claim, report=TaskReport())


def test_a_poisonous_task_is_named_until_somebody_ends_its_run(accepted, workspace) -> None:
    claim = poisoned()
    release_dead(all_leases=True)

    again = release_dead(all_leases=True)

    assert again == [claim.task_id]
    fail_poisonous(task_id=claim.task_id)
    fail_poisonous(task_id=claim.task_id)
    assert release_dead(all_leases=True) == []
    assert answer_of(workspace, accepted.execution_id)["status"] == "FAILED"


@pytest.mark.parametrize(
    "end_poison",
    [
        pytest.param(lambda: WorkerProcess(queues=("runs",)).sweep(), id="sweep"),
        pytest.param(take_over_leases, id="start"),
    ],
)
def test_a_poisonous_task_that_cannot_be_ended_does_not_keep_the_others(
    workspace, caplog, end_poison
) -> None:
    runs = [accept(workspace, publish(workspace, SHOUT), {"text": text}) for text in ("x", "y")]
    Task.objects.update(attempts=conf.max_attempts() - 1)
    for _ in runs:
        claimed("dying")
    Task.objects.update(lease_until=utc_now() - timedelta(hours=1))
    broken, other = (run.execution_id for run in runs)
    Execution.objects.across_workspaces().filter(pk=broken).update(state={})

    end_poison()

    assert answer_of(workspace, other)["status"] == "FAILED"
    assert "poison failed" in caplog.text


def test_telling_of_progress_does_not_make_a_task_less_poisonous(accepted) -> None:
    claim = poisoned()

    tell_progress(execution_id=claim.execution_id, words=[Word(claim, "n0", progress=0.5)])

    assert release_dead(all_leases=True) == [claim.task_id]


def test_progress_is_told_as_an_event(accepted) -> None:
    claim = claimed("worker")

    tell_progress(execution_id=claim.execution_id, words=[Word(claim, "n0", progress=0.25)])

    (event,) = list_events(accepted.execution_id, since=0)
    assert event["data"] == {"nodeId": "n0", "progress": 0.25}


@pytest.mark.django_db(transaction=True)
def test_C14_a_claim_that_waits_for_the_run_does_not_hold_its_task(accepted) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite locks whole transactions, so nothing can lock crosswise")
    (task_id,) = ready_tasks()

    def claim() -> None:
        claim_task(task_id=task_id, owner="worker")
        connection.close()

    with transaction.atomic():
        lock_execution(accepted.execution_id)
        claiming = threading.Thread(target=claim)
        claiming.start()
        until = time.monotonic() + 5
        while ready_tasks() and time.monotonic() < until:
            time.sleep(0.01)
        dropped = Task.objects.filter(pk=task_id, state="running").update(state="dropped")
    claiming.join()

    assert dropped == 1


def test_a_task_that_was_handed_back_costs_no_attempt(accepted) -> None:
    claim = claimed("stopping")

    claims.hand_back(claim=claim)

    assert ready_tasks() == [claim.task_id]
    assert Task.objects.get(pk=claim.task_id).attempts == 0


def test_a_performed_task_is_held_no_longer(accepted) -> None:
    performer = Performer("worker")

    performer.perform(ready_tasks()[0])

    assert performer.running.tasks() == []


@pytest.mark.parametrize("error", [DatabaseError("away"), RuntimeError("a bug")])
def test_a_loop_of_the_worker_goes_on_after_a_round_that_broke(error, caplog) -> None:
    worker = WorkerProcess()
    rounds = []

    def work() -> None:
        rounds.append(1)
        if len(rounds) == 1:
            raise error
        worker.stop()

    worker._repeat("sweep", work, 0.001)

    assert len(rounds) == 2
    assert "sweep failed" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_task_whose_store_the_database_refused_is_handed_back_once_it_answers(
    workspace, accepted
) -> None:
    def refuse(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "executor_noderesults"') and not refused:
            refused.append(sql)
            raise OperationalError("the server closed the connection")
        return execute(sql, params, many, context)

    refused: list[str] = []
    with connection.execute_wrapper(refuse):
        Performer("worker").perform(ready_tasks()[0])

    task = Task.objects.get(execution_id=accepted.execution_id)
    assert (task.state, task.lease_until, task.attempts) == ("ready", None, 0)
    Task.objects.update(wake_at=utc_now())
    Performer("other").perform(task.id)
    assert answer_of(workspace, accepted.execution_id)["status"] == "COMPLETED"
