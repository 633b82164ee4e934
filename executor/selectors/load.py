"""How much work there is, as the database has it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, Min, OuterRef, Q

from executor.models import Execution, Task
from executor.types import LIVE_TASKS, ExecutionStatus, TaskState


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """The tasks of a queue in one state; `oldest` is when the longest ready might have begun."""

    queue: str
    state: TaskState
    tasks: int
    oldest: datetime | None


def list_queue_loads() -> Iterator[QueueLoad]:
    """Yield what is live: one query for each state, over the index that holds that state alone."""
    for state in LIVE_TASKS:
        groups = (
            Task.objects.filter(state=state)
            .values("queue")
            .annotate(tasks=Count("pk"), oldest=Min("wake_at"))
            .values_list("queue", "tasks", "oldest")
        )
        for queue, tasks, oldest in groups:
            yield QueueLoad(queue, state, tasks, oldest if state == TaskState.READY else None)


def count_places_taken() -> dict[str, int]:
    """Return how many runs have a place among each workspace's "running at once", by the runs.

    `executor.services.places` says which; workspaces without any are left out.
    """
    tasks = Task.objects.filter(execution_id=OuterRef("pk"))
    at_work = Exists(tasks.filter(state__in=(TaskState.READY, TaskState.RUNNING)))
    parked = Q(status=ExecutionStatus.PAUSED) & ~at_work
    roots = Execution.objects.across_workspaces().filter(
        ~Exists(tasks.filter(state=TaskState.HELD)),
        finished_at=None,
        parent_id=None,
    )
    counted = roots.exclude(parked).order_by().values("workspace_id").annotate(n=Count("pk"))
    return {row["workspace_id"]: row["n"] for row in counted}
