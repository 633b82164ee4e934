"""Regular jobs: which are due, and who does each occurrence.

Every worker process asks, and the unique pair of job and due time lets one of them begin. A due time
is a multiple of the job's period, so all processes name the same ones: hours in which nobody ran
are caught up by the one occurrence that is due now, and a clock that is set back meets due times
that are taken.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, transaction

from common.clock import SYSTEM_CLOCK, Clock
from executor.models import Occurrence
from executor.services.ageing import end_overdue, end_stray
from executor.services.cache import purge_cache
from executor.services.collection import collect_deleted, enter_orphans
from executor.services.places import correct_loads
from executor.services.retention import ShouldStop, end_deleted, purge_expired

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
KEPT = timedelta(days=7)  # how long it is known what was done; longer than any period

Work = Callable[[Clock, ShouldStop], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Job:
    """A regular job; `work` returns what it did in figures, and leaves off when told to stop."""

    name: str
    every: timedelta
    work: Work

    def due_at(self, now: datetime) -> datetime:
        """Return the newest time at which it was due."""
        periods = int(now.timestamp() // self.every.total_seconds())
        return datetime.fromtimestamp(periods * self.every.total_seconds(), UTC)


def begin_occurrence(*, job: Job, due_at: datetime, owner: str, now: datetime) -> int | None:
    """Take an occurrence; returns its number, None when somebody has it."""
    known = Occurrence.objects.filter(schedule=job.name, due_at=due_at)
    if known.exists():
        return None
    try:
        with transaction.atomic():
            made = Occurrence.objects.create(
                schedule=job.name, due_at=due_at, owner=owner, started_at=now
            )
    except IntegrityError:
        return None
    return made.pk


def end_occurrence(*, number: int, now: datetime) -> None:
    """Note that an occurrence was done. One that never is was broken off; the next goes on."""
    Occurrence.objects.filter(pk=number).update(finished_at=now)


def _end_open(clock: Clock, should_stop: ShouldStop) -> Mapping[str, int]:
    return {
        "overdue": end_overdue(clock=clock, should_stop=should_stop),
        "stray": end_stray(clock=clock),
        "deleted": end_deleted(clock=clock),
    }


def _purge(clock: Clock, should_stop: ShouldStop) -> Mapping[str, int]:
    purged = purge_expired(clock=clock, should_stop=should_stop)
    return {"runs": purged.runs, "files": purged.files}


def _forget_cache(clock: Clock, should_stop: ShouldStop) -> Mapping[str, int]:
    forgotten = 0
    while not should_stop() and (some := purge_cache(clock=clock)):
        forgotten += some
    return {"cached": forgotten}


def _collect(clock: Clock, should_stop: ShouldStop) -> Mapping[str, int]:
    return {"objects": collect_deleted(clock=clock, should_stop=should_stop)}


def _orphans(clock: Clock, should_stop: ShouldStop) -> Mapping[str, int]:
    return {"orphans": enter_orphans(clock=clock, should_stop=should_stop)}


def _correct(clock: Clock, _should_stop: ShouldStop) -> Mapping[str, int]:
    return {"loads": correct_loads(clock=clock)}


def _forget_occurrences(clock: Clock, _should_stop: ShouldStop) -> Mapping[str, int]:
    forgotten, _ = Occurrence.objects.filter(due_at__lt=clock.now() - KEPT).delete()
    return {"occurrences": forgotten}


JOBS: tuple[Job, ...] = (
    Job("ageing", MINUTE, _end_open),
    Job("purge", HOUR, _purge),
    Job("cache", HOUR, _forget_cache),
    Job("places", timedelta(minutes=10), _correct),
    Job("collection", timedelta(minutes=10), _collect),
    Job("orphans", DAY, _orphans),
    Job("occurrences", DAY, _forget_occurrences),
)


def do_by_hand(
    *, clock: Clock = SYSTEM_CLOCK, should_stop: ShouldStop = lambda: False
) -> dict[str, int]:
    """Do every job once, whenever they are due; returns their figures together."""
    return {name: figure for job in JOBS for name, figure in job.work(clock, should_stop).items()}
