"""Cancelling a run: final at once, whatever its workers are in the middle of."""

from collections.abc import Callable

from django.db import transaction

from common import faults
from common.clock import SYSTEM_CLOCK, Clock
from executor.errors import ExecutionNotFound
from executor.models import Execution
from executor.selectors.children import list_open_children
from executor.services.ending import end_open_run
from executor.services.transitions import lock_execution
from executor.types import ExecutionStatus

OnStore = Callable[[ExecutionStatus, bool], None]


def cancel_execution(
    *,
    workspace_id: str,
    execution_id: str,
    on_store: OnStore = lambda _status, _is_new: None,
    clock: Clock = SYSTEM_CLOCK,
) -> tuple[ExecutionStatus, bool]:
    """Cancel a run; returns its status and whether this call is what ended it.

    `on_store` hears of both before that, inside the transaction; what it raises undoes it.

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
            on_store(ExecutionStatus(execution.status), False)
            return ExecutionStatus(execution.status), False
        on_store(ExecutionStatus.CANCELLED, True)
        end_open_run(execution, ExecutionStatus.CANCELLED, None, clock=clock)
        faults.point("cancel.before_commit")
    faults.point("cancel.after_commit")
    cancel_children(execution, clock=clock)
    return ExecutionStatus.CANCELLED, True


def cancel_children(execution: Execution, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Cancel what a run's nodes have started and is still under way, and so on down the tree.

    After the run's own transaction, and each in one of its own: `executor.services.calls` says why.
    What a crash in between leaves is found by `executor.services.ageing`.
    """
    for child_id in list_open_children(execution.id):
        cancel_execution(workspace_id=execution.workspace_id, execution_id=child_id, clock=clock)
