"""The remote loop in a worker process: bells, cancelling, handing back."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from executor.dispatch import get_broker
from executor.models import Attempt, Execution, Task
from executor.runtime.worker import WorkerProcess
from executor.services.cancel import cancel_execution
from tests.durability.processes import wait_until
from tests.executor.runs import accept, publish
from tests.provider.course import asking

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def running_worker() -> Iterator[WorkerProcess]:
    worker = WorkerProcess(queues=("remote",), threads=1)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(grace_s=2.0)
        get_broker().flush_all()


def status_of(execution_id: str) -> str:
    return Execution.objects.across_workspaces().get(pk=execution_id).status


def test_a_worker_follows_many_jobs_at_once(workspace, provider) -> None:
    provider.script(duration_s=0.5)
    flow = publish(workspace, asking("b"))

    with running_worker():
        ids = [accept(workspace, flow, {"prompt": "tea"}).execution_id for _ in range(2)]
        began = time.monotonic()
        wait_until(lambda: {status_of(id_) for id_ in ids} == {"COMPLETED"}, timeout_s=20)
        took_s = time.monotonic() - began

    assert took_s < 10
    assert provider.paid == [1, 1]


def test_a_cancelled_run_lets_go_of_its_job_within_a_second(workspace, provider) -> None:
    provider.script(duration_s=60)

    with running_worker():
        made = accept(workspace, publish(workspace, asking("b")), {"prompt": "tea"})
        wait_until(lambda: Attempt.objects.filter(state="submitted").exists(), timeout_s=20)
        cancel_execution(workspace_id=workspace.id, execution_id=made.execution_id)
        began = time.monotonic()
        wait_until(
            lambda: Attempt.objects.filter(state="cancelled").exists(), timeout_s=10, every_s=0.05
        )
        took_s = time.monotonic() - began

    assert took_s < 3  # a second on a quiet machine
    assert provider.count()["cancelled"] == ["b-1"]


def test_a_worker_that_stops_hands_its_jobs_back_and_cancels_none(workspace, provider) -> None:
    provider.script(duration_s=60)
    made = accept(workspace, publish(workspace, asking("b")), {"prompt": "tea"})

    with running_worker():
        wait_until(lambda: Attempt.objects.filter(state="submitted").exists(), timeout_s=20)

    task = Task.objects.get(queue="remote")
    assert (task.state, task.lease_until) == ("ready", None)
    assert Attempt.objects.get().state == "submitted"
    assert provider.count()["cancelled"] == []
    assert status_of(made.execution_id) == "RUNNING"
