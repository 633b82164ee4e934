"""Regular jobs: which are due, and who does each occurrence.

Every worker process asks, and the unique pair of job and due time lets one of them begin. A due time
is a multiple of the job's period, so all processes name the same ones: hours in which nobody ran
are caught up by the one occurrence that is due now, and a clock that is set back meets due times
that are taken.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.api import anchor_audit, deliver_due_mail, purge_idempotency, purge_sessions
from billing.api import (
    catch_up_events,
    compare_subscriptions,
    count_imbalances,
    expire_all_due,
    forget_events,
    renew_due,
)
from common import metrics
from common.clock import SYSTEM_CLOCK, Clock
from executor.models import Occurrence
from executor.selectors.provider_health import count_unknown
from executor.services.ageing import end_overdue, end_stray
from executor.services.cache import purge_cache
from executor.services.collection import collect_deleted, enter_orphans
from executor.services.places import correct_loads
from executor.services.retention import ShouldStop, end_deleted, purge_expired
from executor.services.usage import count_usage

logger = logging.getLogger(__name__)

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


def _count(_clock: Clock, should_stop: ShouldStop) -> Mapping[str, int]:
    return {"counted": count_usage(should_stop=should_stop)}


def _purge(clock: Clock, should_stop: ShouldStop) -> Mapping[str, int]:
    purged = purge_expired(clock=clock, should_stop=should_stop)
    return {"runs": purged.runs, "files": purged.files}


def _forget_cache(clock: Clock, should_stop: ShouldStop) -> Mapping[str, int]:
    forgotten = 0
    while not should_stop() and (some := purge_cache(clock=clock)):
        forgotten += some
    return {"cached": forgotten}


def _forget_answers(clock: Clock, should_stop: ShouldStop) -> Mapping[str, int]:
    return {"answers": purge_idempotency(clock=clock, should_stop=should_stop)}


def _forget_sessions(clock: Clock, should_stop: ShouldStop) -> Mapping[str, int]:
    return {"sessions": purge_sessions(clock=clock, should_stop=should_stop)}


def _anchor(clock: Clock, _should_stop: ShouldStop) -> Mapping[str, int]:
    return {"anchors": anchor_audit(now=clock.now())}


def _send_mail(clock: Clock, should_stop: ShouldStop) -> Mapping[str, int]:
    return {"mails": deliver_due_mail(clock=clock, should_stop=should_stop)}


def _collect(clock: Clock, should_stop: ShouldStop) -> Mapping[str, int]:
    return {"objects": collect_deleted(clock=clock, should_stop=should_stop)}


def _orphans(clock: Clock, should_stop: ShouldStop) -> Mapping[str, int]:
    return {"orphans": enter_orphans(clock=clock, should_stop=should_stop)}


def _correct(clock: Clock, _should_stop: ShouldStop) -> Mapping[str, int]:
    return {"loads": correct_loads(clock=clock)}


def _catch_up(clock: Clock, should_stop: ShouldStop) -> Mapping[str, int]:
    return {"stripe_missed": catch_up_events(clock=clock, should_stop=should_stop)}


def _compare(clock: Clock, should_stop: ShouldStop) -> Mapping[str, int]:
    forgotten = forget_events(clock=clock)
    differed = compare_subscriptions(clock=clock, should_stop=should_stop)
    return {"stripe_forgotten": forgotten, "stripe_differed": differed}


def _keep_credits(clock: Clock, should_stop: ShouldStop) -> Mapping[str, int]:
    now = clock.now()
    return {
        "expired": expire_all_due(now=now, should_stop=should_stop),
        "renewed": renew_due(now=now, should_stop=should_stop),
    }


def _check_ledger(_clock: Clock, _should_stop: ShouldStop) -> Mapping[str, int]:
    imbalances = count_imbalances()
    metrics.ledger_checked(imbalances)
    return {"imbalances": imbalances}


def _tell_unknown(clock: Clock, _should_stop: ShouldStop) -> Mapping[str, int]:
    """Say how many jobs of the last day may be paid for without anybody having their results."""
    unknown = count_unknown(clock.now() - DAY)
    if unknown:
        logger.warning(
            "%d provider jobs of unknown outcome", unknown, extra={"action": "provider_unknown"}
        )
    return {"provider_unknown": unknown}


def _forget_occurrences(clock: Clock, _should_stop: ShouldStop) -> Mapping[str, int]:
    forgotten, _ = Occurrence.objects.filter(due_at__lt=clock.now() - KEPT).delete()
    return {"occurrences": forgotten}


JOBS: tuple[Job, ...] = (
    Job("usage", timedelta(seconds=30), _count),
    Job("ageing", MINUTE, _end_open),
    Job("credits", MINUTE, _keep_credits),
    Job("mail", MINUTE, _send_mail),
    Job("purge", HOUR, _purge),
    Job("cache", HOUR, _forget_cache),
    Job("idempotency", HOUR, _forget_answers),
    Job("sessions", HOUR, _forget_sessions),
    Job("places", timedelta(minutes=10), _correct),
    Job("collection", timedelta(minutes=10), _collect),
    Job("orphans", DAY, _orphans),
    Job("anchors", DAY, _anchor),
    Job("ledger", DAY, _check_ledger),
    Job("stripe_events", HOUR, _catch_up),
    Job("stripe_subscriptions", DAY, _compare),
    Job("providers", DAY, _tell_unknown),
    Job("occurrences", DAY, _forget_occurrences),
)


_OF_OTHERS: list[Job] = []


def register_job(job: Job) -> None:
    """Have workers do a regular job of an app above this one, too; again under its name: in its place.

    For `AppConfig.ready`, before any worker begins.
    """
    _OF_OTHERS[:] = [*(known for known in _OF_OTHERS if known.name != job.name), job]


def all_jobs() -> tuple[Job, ...]:
    """Return the regular jobs of this app and of those above."""
    return (*JOBS, *_OF_OTHERS)


def do_by_hand(
    *, clock: Clock = SYSTEM_CLOCK, should_stop: ShouldStop = lambda: False
) -> dict[str, int]:
    """Do every job once, whenever they are due; returns their figures together."""
    return {
        name: figure for job in all_jobs() for name, figure in job.work(clock, should_stop).items()
    }
