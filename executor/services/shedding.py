"""Refusing new runs while too many wait: first those of batches, then of the API, then watched ones.

What waits in the database is the measure, looked at every two seconds at most by each process. The
seconds that a refused client is told are those in which the line gets short enough at the pace at
which it moves now: the age of its oldest task is the time that its whole length takes.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Count, Min

from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Unavailable
from executor import conf
from executor.models import Task
from executor.types import Priority, TaskState

LOOK_EVERY_S = 2.0
SHARE: dict[Priority, float] = {  # of the longest line, up to which each is let in
    Priority.PLAYGROUND: 1.0,
    Priority.API: 0.8,
    Priority.BATCH: 0.5,
}
LONGEST_WAIT_S = 300


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many tasks wait for a worker or a place, and for how long the oldest has been ready."""

    waiting: int
    age_s: float


class Shedder:
    """Decides for one process; `look` reads the backlog."""

    def __init__(
        self,
        look: Callable[[], Backlog],
        *,
        longest: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._longest = longest
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._seen = Backlog(0, 0.0)
        self._look_at = 0.0

    def check(self, priority: Priority) -> None:
        """Let a run in.

        Raises:
            Unavailable: too many wait already; says when to come back.
        """
        room = self._longest() * SHARE[priority]
        seen = self._backlog()
        if seen.waiting >= room:
            raise Unavailable("Too many runs are waiting.", retry_after_s=_seconds(seen, room))

    def _backlog(self) -> Backlog:
        now = self._monotonic()
        with self._lock:
            is_due = now >= self._look_at
            if is_due:  # others go by what was seen last
                self._look_at = now + LOOK_EVERY_S
        if is_due:
            self._seen = self._look()
        return self._seen


def _seconds(seen: Backlog, room: float) -> int:
    """Return in how many seconds a tenth of the room will be free at the present pace."""
    surplus = (seen.waiting - 0.9 * room) / max(seen.waiting, 1)
    return max(1, min(LONGEST_WAIT_S, math.ceil(surplus * seen.age_s)))


def look_at_backlog(clock: Clock = SYSTEM_CLOCK) -> Backlog:
    """Read the backlog: two counts, each over the partial index that has the counted column.

    A count of rows, or of both states at once, would walk an index of all tasks ever.
    """
    ready = Task.objects.filter(state=TaskState.READY)
    found = ready.aggregate(count=Count("wake_at"), oldest=Min("wake_at"))
    held = Task.objects.filter(state=TaskState.HELD).aggregate(count=Count("workspace_id"))
    age_s = (clock.now() - found["oldest"]).total_seconds() if found["oldest"] else 0.0
    return Backlog(found["count"] + held["count"], max(age_s, 0.0))


shedder = Shedder(look_at_backlog, longest=conf.max_waiting_tasks)
