"""Places among a workspace's "running at once": taking one, leaving it, and whose turn it is then.

A run that finds no place is stored with its tasks `held`; who leaves a place gives it to the next
held run in the same transaction. `WorkspaceLoad` keeps the count. A run has a place while it is
open and none of its tasks is held, unless it is paused and no task of it could go on. Runs that
other runs started have none of their own.

Locks, in this order: the run's own row, its workspace's load, tasks. Whoever hands a place on
holds the load, so no two hand on the same.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.db import connection, transaction

from billing.api import get_limits
from common.clock import SYSTEM_CLOCK, Clock
from common.sql import select_row
from executor import conf, dispatch
from executor.models import Execution, Task, WorkspaceLoad
from executor.selectors.load import count_places_taken
from executor.types import ExecutionStatus, TaskState

logger = logging.getLogger(__name__)

_AT_WORK = (TaskState.READY, TaskState.RUNNING)


@dataclass(frozen=True, slots=True)
class Promoted:
    """A task that may be claimed now."""

    task_id: str
    queue: str


def take_place(workspace_id: str) -> bool:
    """Take a place if there is one; inside the transaction that stores or resumes a run."""
    with connection.cursor() as cursor:
        cursor.execute(_take_sql(), (workspace_id, get_limits(workspace_id).running_at_once))
        return bool(cursor.rowcount)


def regain_place(execution: Execution) -> bool:
    """Say whether a task of a paused run may go on: its run has a place by now, or gets one.

    Another of its tasks may be at work again before the run counts as running, or wait for a place;
    then this one goes with it, or the run would have two. Its row is locked.
    """
    states = _states_of(execution)
    return bool(states.intersection(_AT_WORK)) or (
        TaskState.HELD not in states and take_place(execution.workspace_id)
    )


def leave_place(execution: Execution, now: datetime) -> None:
    """Give up a run's place, and give it to the next held run of the workspace.

    The tasks that can go on then are rung on commit.
    """
    if execution.parent_id is None:
        with connection.cursor() as cursor:
            cursor.execute(_leave_sql(), (execution.workspace_id,))
        _promote_one(execution.workspace_id, now)  # one was left, so there is room for one


def leave_place_if_any(execution: Execution, now: datetime) -> None:
    """Do as `leave_place` for a run that may be held or paused, before its tasks are dropped."""
    if execution.parent_id is None and _has_place(execution):
        leave_place(execution, now)


def promote_held(workspace_id: str, now: datetime) -> int:
    """Let held runs go on while there are places; returns how many. The load must be locked."""
    promoted = 0
    while _promote_one(workspace_id, now):
        promoted += 1
    return promoted


def _promote_one(workspace_id: str, now: datetime) -> bool:
    held = _next_held(workspace_id)
    if held is None or not take_place(workspace_id):
        return False
    for task in _release(held, now):
        dispatch.ring_on_commit(task.task_id, task.queue)
    return True


def correct_loads(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Set right the counts that are not what the runs say; returns how many. None should be wrong.

    A place that nobody gives back would be lost to its workspace for ever.
    """
    taken = count_places_taken()
    counts = dict(WorkspaceLoad.objects.values_list("pk", "running"))
    suspects = [id_ for id_, running in counts.items() if running != taken.get(id_, 0)]
    return sum(_correct_load(workspace_id, clock.now()) for workspace_id in suspects)


def _correct_load(workspace_id: str, now: datetime) -> bool:
    with transaction.atomic():
        lock_load(workspace_id)  # who takes or leaves a place has either done so, or comes after
        taken = count_places_taken().get(workspace_id, 0)
        load = WorkspaceLoad.objects.filter(pk=workspace_id)
        if not load.exclude(running=taken).update(running=taken):
            return False
        promote_held(workspace_id, now)
    logger.error(
        "places of %s were counted wrong", workspace_id, extra={"action": "load_corrected"}
    )
    return True


def list_workspaces_with_held() -> list[str]:
    """Return the workspaces that have held runs, for the sweep."""
    held = Task.objects.filter(state=TaskState.HELD)
    return list(held.values_list("workspace_id", flat=True).distinct()[:1_000])


def lock_load(workspace_id: str) -> None:
    """Hold a workspace's load until the transaction ends."""
    select_row(WorkspaceLoad, {"pk": workspace_id}, lock=True)


def _has_place(execution: Execution) -> bool:
    states = _states_of(execution)
    if TaskState.HELD in states:
        return False
    return execution.status != ExecutionStatus.PAUSED or bool(states.intersection(_AT_WORK))


def _states_of(execution: Execution) -> set[str]:
    """Return the states that tasks of a run are in, and hold its workspace's load."""
    lock_load(execution.workspace_id)  # after this nobody else moves the run's held tasks
    return set(Task.objects.filter(execution_id=execution.id).values_list("state", flat=True))


def _next_held(workspace_id: str) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(_next_sql(), (workspace_id,))
        found = cursor.fetchone()
    return None if found is None else str(found[0])


def _release(execution_id: str, now: datetime) -> list[Promoted]:
    moment = "STATEMENT_TIMESTAMP()" if conf.is_postgres() else "%(now)s"
    given = {"run": execution_id, "now": connection.ops.adapt_datetimefield_value(now)}
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE executor_task SET state = '{TaskState.READY}', wake_at = {moment}, "  # noqa: S608
            f"rung_at = %(now)s WHERE execution_id = %(run)s AND state = '{TaskState.HELD}' "
            "RETURNING id, queue",
            given,
        )
        return [Promoted(*values) for values in cursor.fetchall()]


def _table() -> str:
    return connection.ops.quote_name(WorkspaceLoad._meta.db_table)  # noqa: SLF001 - public API


@cache
def _leave_sql() -> str:
    return f"UPDATE {_table()} SET running = running - 1 WHERE workspace_id = %s AND running > 0"  # noqa: S608


@cache
def _next_sql() -> str:
    """Return the question that every run asks at its end, by the index `task_held`."""
    return (
        f"SELECT execution_id FROM executor_task WHERE workspace_id = %s "  # noqa: S608
        f"AND state = '{TaskState.HELD}' ORDER BY priority, id LIMIT 1"
    )


@cache
def _take_sql() -> str:
    table = _table()
    return (
        f"INSERT INTO {table} (workspace_id, running) VALUES (%s, 1) "  # noqa: S608
        f"ON CONFLICT (workspace_id) DO UPDATE SET running = {table}.running + 1 "
        f"WHERE {table}.running < %s"
    )
