"""Many workers on one line of tasks: every bell that is rung brings somebody a task."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections

from executor.models import Task
from executor.services.accept import accept_execution
from executor.services.claims import claim_next
from executor.types import ExecutionRequest, Trigger
from tests.executor.runs import publish
from tests.graphs import chain

WORKERS, TASKS = 8, 160


def at_once(*work: Callable[[], None]) -> None:
    """Call functions in threads that begin together."""
    start = threading.Barrier(len(work))

    def closed(function: Callable[[], None]) -> None:
        try:
            start.wait()
            function()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=closed, args=(function,)) for function in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)


@pytest.mark.django_db(transaction=True)
def test_no_bell_is_spent_on_nothing_while_tasks_of_one_workspace_wait(workspace) -> None:
    flow = publish(workspace, chain(1))
    for number in range(TASKS):
        request = ExecutionRequest(
            workspace_id=workspace.id, workflow_id=flow, version=None,
            inputs={"text": str(number)}, mode="live", trigger=Trigger.API, cache="off",
        )  # fmt: skip
        accept_execution(request)
    Task.objects.filter(state="held").update(state="ready")
    claimed: list[bool] = []

    def answer_bells() -> None:
        bells = range(TASKS // WORKERS)
        claimed.extend(claim_next(queue="runs", owner="w") is not None for _ in bells)

    at_once(*[answer_bells] * WORKERS)

    assert claimed.count(False) == 0
    assert not Task.objects.filter(state="ready").exists()
