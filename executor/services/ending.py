"""Ending a run from outside, wherever it stands: by a person, by its age, for want of a plan."""

from common.clock import Clock
from executor.engine.state import RunState
from executor.engine.step import cancel_rest
from executor.engine.unplanned import NO_PLAN
from executor.models import Execution, NodeResults, Review, Task
from executor.selectors.planning import find_plan
from executor.selectors.records import presenter_without_plan, records_of
from executor.services.charges import Bill
from executor.services.places import leave_place_if_any
from executor.services.transitions import Transition
from executor.types import LIVE_TASKS, ExecutionStatus, ReviewState, RunError, TaskState


def end_open_run(
    execution: Execution, status: ExecutionStatus, error: RunError | None, *, clock: Clock
) -> None:
    """Give an open run its final status at once; its row is locked, inside a transaction.

    Workers in the middle of its nodes find their leases gone. What nodes have stored is kept and
    shown, also where the version's plan cannot be made any more.
    """
    now, bill = clock.now(), Bill(execution)
    plan, state = find_plan(execution.version_id), RunState.from_json(execution.state)
    stored = records_of(NodeResults.objects.filter(execution_id=execution.id))
    bill.release(now)  # before the place, as everywhere; whoever is accepted waits from here on
    leave_place_if_any(execution, now)
    live = Task.objects.filter(execution_id=execution.id, state__in=LIVE_TASKS)
    live.update(state=TaskState.DROPPED, lease_until=None)
    state.error = state.error or error
    cancel_rest(plan or NO_PLAN, state, {record.node_id: record.status for record in stored})
    change = Transition(execution, plan or NO_PLAN, state, now, has_place=False)
    change.bill = bill
    if plan is None:
        change.presenter = presenter_without_plan(execution, state)
        asked = Review.objects.of(execution.workspace_id).filter(execution_id=execution.id)
        asked.filter(state=ReviewState.OPEN).update(state=ReviewState.DROPPED)
    change.finish(status, error.as_json() if error else None)
    change.write()
