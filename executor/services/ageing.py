"""Runs that nothing else would bring to their end: too old, or of a run that is over."""

import logging

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef, QuerySet

from common.clock import SYSTEM_CLOCK, Clock
from executor import conf
from executor.models import Execution
from executor.services.cancel import cancel_children, cancel_execution
from executor.services.ending import end_open_run
from executor.services.retention import ShouldStop, never
from executor.services.transitions import lock_execution
from executor.types import ExecutionStatus, RunError

logger = logging.getLogger(__name__)

AT_ONCE = 500

_TOO_OLD = RunError("timed_out", "The run was not over within the time that a run may take.")


def end_overdue(*, clock: Clock = SYSTEM_CLOCK, should_stop: ShouldStop = never) -> int:
    """Fail runs that are open past the age limit, with the runs that they started; returns runs."""
    ended = 0
    while not should_stop() and (found := _overdue(clock)):
        ended_now = sum(_try_to_fail(execution_id, clock) for execution_id in found)
        ended += ended_now
        if len(found) < AT_ONCE or not ended_now:
            break
    return ended


def end_stray(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Cancel open runs that were started by a run that is over; returns how many.

    Whoever ends a run ends those that it started, unless it dies in between.
    """
    above = _open().filter(pk=OuterRef("parent_id"))
    stray = _open().filter(~Exists(above), parent_id__isnull=False)
    found = list(stray.values_list("workspace_id", "pk")[:AT_ONCE])
    for workspace_id, execution_id in found:
        cancel_execution(workspace_id=workspace_id, execution_id=execution_id, clock=clock)
    return len(found)


def _overdue(clock: Clock) -> list[str]:
    rows = _open().filter(parent_id=None, created_at__lt=clock.now() - conf.run_max_age())
    return list(rows.order_by("created_at").values_list("pk", flat=True)[:AT_ONCE])


def _open() -> QuerySet[Execution]:
    return Execution.objects.across_workspaces().filter(finished_at=None)


def _try_to_fail(execution_id: str, clock: Clock) -> bool:
    """Fail a run; one that cannot be ended is logged, and holds up none of those behind it."""
    try:
        return _fail(execution_id, clock)
    except (OperationalError, InterfaceError):  # the database is away, for all of them
        raise
    except Exception:
        logger.exception("%s cannot be ended", execution_id, extra={"action": "run_not_ended"})
        return False


def _fail(execution_id: str, clock: Clock) -> bool:
    with transaction.atomic():
        execution = lock_execution(execution_id)
        if execution is None or execution.status_is_final:
            return False
        end_open_run(execution, ExecutionStatus.FAILED, _TOO_OLD, clock=clock)
    cancel_children(execution, clock=clock)
    return True
