"""When a run is paused: nothing of it can go on until a person decides."""

from django.db.models import Exists, OuterRef

from executor.engine.plan import Plan
from executor.models import Execution, Task
from executor.types import LIVE_TASKS, ExecutionStatus, TaskState

AT_WORK = (TaskState.HELD, TaskState.READY, TaskState.RUNNING)


def is_idle(execution: Execution, plan: Plan) -> bool:
    """Say whether all that is left of a run under way waits for a person, in it or in runs below.

    Asked with the execution locked, after the transaction's changes to its tasks.
    """
    if not (plan.reviews or plan.calls) or execution.status != ExecutionStatus.RUNNING:
        return False
    live = Task.objects.filter(execution_id=execution.id, state__in=LIVE_TASKS)
    places = list(live.values_list("pk", "state", "segment"))
    if not places or any(state != TaskState.WAITING for _, state, _ in places):
        return False
    others = {task_id for task_id, _, segment in places if segment not in plan.reviews}
    return not others or others <= _resting_calls(execution.id)


def is_at_rest(execution: Execution) -> bool:
    """Say whether a run is paused, and nobody has decided yet."""
    at_work = Task.objects.filter(execution_id=execution.id, state__in=AT_WORK)
    return execution.status == ExecutionStatus.PAUSED and not at_work.exists()


def _resting_calls(execution_id: str) -> set[str]:
    """Return the tasks of a run that wait for runs which are at rest themselves."""
    at_work = Task.objects.filter(execution_id=OuterRef("pk"), state__in=AT_WORK)
    resting = Execution.objects.across_workspaces().filter(
        ~Exists(at_work), parent_id=execution_id, status=ExecutionStatus.PAUSED
    )
    return {str(task_id) for task_id in resting.values_list("parent_task_id", flat=True)}
