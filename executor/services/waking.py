"""Letting a task that waits for something go on."""

from datetime import datetime
from typing import Any

from django.db import transaction

from common.clock import SYSTEM_CLOCK, Clock
from common.sql import SharedNow, select_row, update_rows
from executor import dispatch
from executor.models import Execution, Task
from executor.services.places import regain_place
from executor.services.timing import shared_now
from executor.types import ExecutionStatus, TaskState

SWEEP_LIMIT = 500


def waiting_for(seconds: float, now: datetime) -> dict[str, Any]:
    """Return the changes by which a task waits without a worker: until it is woken, or so long."""
    return {
        "state": TaskState.WAITING,
        "lease_until": None,
        "attempts": 0,
        "wake_at": SharedNow(now, plus_s=seconds),
    }


def wake_task(execution: Execution, task_id: str, now: datetime) -> bool:
    """Make a waiting task ready, and ring for it on commit; False when it does not wait.

    A paused run needs a place again, and is held where there is none; of one that another run
    started, that other one. Inside the caller's transaction, which has locked the execution.
    """
    queue, state = Task.objects.filter(pk=task_id).values_list("queue", "state").get()
    if state != TaskState.WAITING:
        return False
    if execution.status == ExecutionStatus.PAUSED and execution.parent_id is not None:
        wake_parent(execution, now)
    is_paused = execution.status == ExecutionStatus.PAUSED and execution.parent_id is None
    has_place = not is_paused or regain_place(execution)
    changes = {
        "state": TaskState.READY if has_place else TaskState.HELD,
        "wake_at": SharedNow(now),
        "rung_at": now,
    }
    if not update_rows(Task, changes, {"pk": task_id, "state": TaskState.WAITING}):
        return False
    if has_place:
        dispatch.ring_on_commit(task_id, queue)
    return True


def wake_parent(execution: Execution, now: datetime, *, locked: Execution | None = None) -> None:
    """Let the task that waits for a run look at it: it is over, paused, or goes on again.

    Inside a transaction that holds the run's row; locks go up the tree, never down. `locked` is the
    parent's row where the transaction holds it already.
    """
    parent = locked or select_row(Execution, {"pk": execution.parent_id}, lock=True)
    if parent is not None and not parent.status_is_final:
        wake_task(parent, str(execution.parent_task_id), now)


def wake_due(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Let tasks go on whose hour has come; returns how many. Part of the sweep."""
    now = clock.now()
    due = Task.objects.filter(state=TaskState.WAITING, wake_at__lte=shared_now(now))
    found = list(due.order_by("wake_at").values_list("pk", "execution_id")[:SWEEP_LIMIT])
    return sum(_wake_one(execution_id, task_id, now) for task_id, execution_id in found)


def _wake_one(execution_id: str, task_id: str, now: datetime) -> bool:
    with transaction.atomic():
        execution = select_row(Execution, {"pk": execution_id}, lock=True)
        if execution is None or execution.status_is_final:
            return False
        return wake_task(execution, task_id, now)
