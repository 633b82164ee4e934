"""Cancelling a run: final at once, whatever its workers are in the middle of."""

from django.db import transaction

from common.clock import SYSTEM_CLOCK, Clock
from executor.engine.state import RunState
from executor.engine.step import cancel_rest
from executor.errors import ExecutionNotFound
from executor.models import Execution, NodeResults, Task
from executor.selectors.planning import plan_of
from executor.selectors.records import records_of
from executor.services.places import leave_place_if_any
from executor.services.transitions import Transition, lock_execution
from executor.types import LIVE_TASKS, ExecutionStatus, TaskState


def cancel_execution(
    *, workspace_id: str, execution_id: str, clock: Clock = SYSTEM_CLOCK
) -> tuple[ExecutionStatus, bool]:
    """Cancel a run; returns its status and whether this call is what ended it.

    The status is final with this transaction: a worker in the middle of a node finds its lease
    gone when it comes to store, and hears of it before that by the watch of its process.

    Raises:
        ExecutionNotFound: no such run here.
    """
    with transaction.atomic():
        execution = lock_execution(execution_id)
        if execution is None or execution.workspace_id != workspace_id:
            raise ExecutionNotFound
        if execution.status_is_final:
            return ExecutionStatus(execution.status), False
        _cancel(execution, clock)
    return ExecutionStatus.CANCELLED, True


def _cancel(execution: Execution, clock: Clock) -> None:
    leave_place_if_any(execution, clock.now())
    live = Task.objects.filter(execution_id=execution.id, state__in=LIVE_TASKS)
    live.update(state=TaskState.DROPPED, lease_until=None)
    plan, state = plan_of(execution.version_id), RunState.from_json(execution.state)
    stored = records_of(NodeResults.objects.filter(execution_id=execution.id))
    cancel_rest(plan, state, {record.node_id: record.status for record in stored})
    change = Transition(execution, plan, state, clock.now(), has_place=False)
    change.finish(ExecutionStatus.CANCELLED, None)
    change.write()
