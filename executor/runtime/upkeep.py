"""The scheduler's part of a worker process: any process may have it, and any number of them."""

import logging
from collections.abc import Sequence
from datetime import datetime

from common.clock import SYSTEM_CLOCK, Clock
from executor.services.retention import ShouldStop, never
from executor.services.upkeep import Job, all_jobs, begin_occurrence, end_occurrence

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0


class Upkeep:
    """Does the regular jobs that are due and that no other process has taken.

    It remembers which due times it has seen taken, so that a look costs nothing until the next.
    """

    def __init__(
        self, owner: str, *, jobs: Sequence[Job] | None = None, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._owner = owner[:80]
        self._jobs = all_jobs() if jobs is None else tuple(jobs)
        self._clock = clock
        self._seen: dict[str, datetime] = {}

    def look(self, should_stop: ShouldStop = never) -> list[str]:
        """Do what is due; returns the names of the jobs that were done here."""
        return [job.name for job in self._jobs if not should_stop() and self._do(job, should_stop)]

    def keep(self, should_stop: ShouldStop) -> None:
        """Do as `look`, for a loop."""
        self.look(should_stop)

    def _do(self, job: Job, should_stop: ShouldStop) -> bool:
        now = self._clock.now()
        due_at = job.due_at(now)
        if self._seen.get(job.name) == due_at:
            return False
        number = begin_occurrence(job=job, due_at=due_at, owner=self._owner, now=now)
        self._seen[job.name] = due_at
        if number is None:
            return False
        try:
            figures = job.work(self._clock, should_stop)
        except Exception:  # the edge of a loop: one job that fails must not keep the others waiting
            logger.exception("%s failed", job.name, extra={"action": f"{job.name}_failed"})
            return True
        end_occurrence(number=number, now=self._clock.now())
        if any(figures.values()):
            logger.info("%s: %s", job.name, figures, extra={"action": job.name})
        return True
