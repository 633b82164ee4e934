"""Clocks that are set while runs are under way, or stood still while the host slept."""

from datetime import timedelta

import pytest

from common.clock import FixedClock, utc_now
from executor.models import Execution, Task
from executor.runtime.perform import Performer
from executor.runtime.worker import WorkerProcess
from executor.services.claims import claim_task
from executor.services.results import TaskReport, finish
from tests.executor.runs import accept, answer_of, publish, ready_tasks
from tests.graphs import chain

HOUR_S = 3_600.0


@pytest.fixture
def accepted(workspace):
    """A run of one task."""
    return accept(workspace, publish(workspace, chain(1)), {"text": "x"})


@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S])
def test_C18_a_worker_keeps_what_it_is_busy_with_when_the_clock_jumps(accepted, jump_s) -> None:
    clock = FixedClock(utc_now())
    worker = WorkerProcess(clock=clock)
    found = claim_task(task_id=ready_tasks()[0], owner=worker.performer.owner, clock=clock)
    assert found is not None
    worker.performer.running.add(found[0], accepted.execution_id)
    clock.advance(jump_s)

    worker.sweep()

    task = Task.objects.get(pk=found[0].task_id)
    assert (task.state, task.fence) == ("running", found[0].fence)


def test_C18_no_run_and_no_node_ends_before_it_began(accepted, workspace) -> None:
    clock = FixedClock(utc_now() + timedelta(seconds=1))
    found = claim_task(task_id=ready_tasks()[0], owner="worker", clock=clock)
    assert found is not None
    clock.advance(-HOUR_S)

    finish(claim=found[0], report=TaskReport(), clock=clock)

    row = Execution.objects.across_workspaces().get(pk=accepted.execution_id)
    assert row.started_at is not None
    assert row.finished_at is not None
    assert row.started_at <= row.finished_at


class BackwardsClock:
    """Goes back by a minute each time that it is asked."""

    def __init__(self) -> None:
        self._at = utc_now() + timedelta(hours=1)

    def now(self):
        """The time, a minute before the last."""
        self._at -= timedelta(minutes=1)
        return self._at


def test_C18_no_duration_is_negative_while_the_clock_goes_back(accepted, workspace) -> None:
    Task.objects.update(wake_at=utc_now() - timedelta(hours=2))

    Performer("worker", clock=BackwardsClock()).perform(ready_tasks()[0])

    answer = answer_of(workspace, accepted.execution_id)
    assert answer["status"] == "COMPLETED"
    ran = [node for node in answer["nodes"] if node["startedAt"] and node["finishedAt"]]
    assert ran
    assert all(node["startedAt"] <= node["finishedAt"] for node in ran)
    assert answer["startedAt"] <= answer["finishedAt"]
