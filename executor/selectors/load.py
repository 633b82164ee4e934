"""How much work there is, as the database has it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from executor.models import Task
from executor.types import LIVE_TASKS, TaskState


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
