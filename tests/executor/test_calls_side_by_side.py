"""Nested runs under several workers at once: everything ends, nothing waits for nobody."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from executor.models import Execution, Task
from executor.runtime.perform import Performer
from executor.services.ageing import end_stray
from executor.services.attempts import Undertaking, begin_attempt
from executor.services.cancel import cancel_execution
from executor.services.claims import claim_task
from executor.services.transitions import lock_execution
from executor.types import LIVE_TASKS, OPEN_STATUSES
from tests.executor.nested import SHOUT, calling
from tests.executor.runs import accept, publish, ready_tasks
from tests.graphs import graph

WORKERS = 4
ELEMENTS = 6


def side_by_side(*work: Callable[[], None]) -> None:
    """Call functions in threads of their own; returns when all are through."""

    def closed(function: Callable[[], None]) -> None:
        try:
            function()
        finally:
            connection.close()

    threads = [threading.Thread(target=closed, args=(function,)) for function in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)


def mapped(workspace) -> str:
    """A workflow that runs one, which runs one, for each word of a list."""
    callee = publish(workspace, calling(publish(workspace, SHOUT)))
    document = graph(
        {
            "in": ("input.list", {"name": "words", "items": "text"}),
            "call": ("workflow.run", {"workflowId": callee}),
            "out": ("output", {"name": "loud"}),
        },
        ["in.value -> call.text", "call.loud -> out.value"],
    )
    return publish(workspace, document)


def work_until_idle(name: str) -> Callable[[], None]:
    """A worker that goes on until nothing is live, or two seconds brought it nothing."""

    def work() -> None:
        performer, idle = Performer(name), threading.Event()
        for _ in range(200):
            if not Task.objects.filter(state__in=LIVE_TASKS).exists():
                return
            performer.perform_next("runs")
            idle.wait(0.01)

    return work


@pytest.mark.django_db(transaction=True)
def test_several_workers_bring_nested_runs_to_their_end(workspace, caplog) -> None:
    words = [f"word{number}" for number in range(ELEMENTS)]
    accepted = accept(workspace, mapped(workspace), {"words": words})

    side_by_side(*(work_until_idle(f"worker{number}") for number in range(WORKERS)))

    root = Execution.objects.across_workspaces().get(pk=accepted.execution_id)
    assert root.status == "COMPLETED"
    assert Execution.objects.across_workspaces().count() == 1 + 2 * ELEMENTS
    assert "task not stored" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_C14_cancelling_nested_runs_under_several_workers_leaves_nothing_open(
    workspace, caplog
) -> None:
    workflow_id = mapped(workspace)
    words = [f"word{number}" for number in range(ELEMENTS)]
    runs = [accept(workspace, workflow_id, {"words": words}).execution_id for _ in range(2)]

    def cancel() -> None:
        for execution_id in runs:
            threading.Event().wait(0.15)
            cancel_execution(workspace_id=workspace.id, execution_id=execution_id)

    side_by_side(cancel, *(work_until_idle(f"worker{number}") for number in range(WORKERS)))
    end_stray()

    open_runs = Execution.objects.across_workspaces().filter(status__in=OPEN_STATUSES)
    assert not open_runs.exists()
    assert not Task.objects.filter(state__in=LIVE_TASKS).exists()
    assert "task not stored" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_run_below_stores_into_the_cache_when_it_has_locked_the_runs_above(workspace) -> None:
    workflow_id = publish(workspace, calling(publish(workspace, SHOUT)))
    parent = accept(workspace, workflow_id, {"text": "x"}).execution_id
    Performer("test").perform_next("runs")

    with CaptureQueriesContext(connection) as queries:
        Performer("test").perform_next("runs")

    texts = [query["sql"] for query in queries]
    above = [number for number, sql in enumerate(texts) if _reads_row_of(parent, sql)]
    stored = [number for number, sql in enumerate(texts) if 'INTO "executor_cacheentry"' in sql]
    assert len(stored) == 1
    assert above[-1] < stored[0]


def _reads_row_of(execution_id: str, sql: str) -> bool:
    return sql.startswith("SELECT") and f"WHERE \"id\" = '{execution_id}'" in sql


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_being_ended_keeps_nobody_from_writing_down_an_attempt(workspace) -> None:
    accepted = accept(workspace, publish(workspace, SHOUT), {"text": "x"})
    claimed = claim_task(task_id=ready_tasks()[0], owner="test")
    assert claimed is not None
    locked, written, came = threading.Event(), threading.Event(), []

    def end() -> None:
        with transaction.atomic():
            lock_execution(accepted.execution_id)
            locked.set()
            came.append(written.wait(5))  # whoever ends a run waits for its tasks next

    def begin() -> None:
        locked.wait(5)
        begin_attempt(
            claim=claimed[0], execution=claimed[1], about=Undertaking("n", "none", "none", "")
        )
        written.set()

    side_by_side(end, begin)

    assert came == [True]
