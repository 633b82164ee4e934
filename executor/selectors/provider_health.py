"""How providers and models have done of late, for staff: attempts, failures, times, spend, blocks.

Counts and sums are of all attempts that began within the span; what went wrong, and how long it took,
is of the newest ones, so that a page about a month costs no more than it should.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet, Sum

from common.clock import SYSTEM_CLOCK, Clock
from executor.models import Attempt, ProviderBlock
from executor.providers.cost import MICROS
from executor.types import OPEN_ATTEMPTS, AttemptState

SPANS: Mapping[str, timedelta] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "month": timedelta(days=30),
}
NEWEST = 10_000  # attempts whose times, and errors, are looked at one by one

_BAD = (AttemptState.FAILED, AttemptState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Health:
    """How one provider, or one model at one provider, has done. `model_key` is empty for all of it.

    `failures` are counts by code, `median_s` and `p95_s` from asking to the end of what went well,
    None where nothing did. `spent_usd` adds up what the provider told, which it did for `priced`
    attempts; `credits` is what customers were charged. `open_jobs` are those of this moment,
    `unknown` those of which nobody knows whether they are paid for.
    """

    provider: str
    model_key: str = ""
    attempts: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    unknown: int = 0
    open_jobs: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    median_s: float | None = None
    p95_s: float | None = None
    spent_usd: float = 0.0
    priced: int = 0
    credits: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """An account that a provider refuses; `account` is empty for the platform's."""

    provider: str
    account: str
    since: datetime
    until: datetime
    message: str


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Providers and models that were asked for within the span, by name; and what is refused now."""

    providers: Sequence[Health]
    models: Sequence[Health]
    blocks: Sequence[Block]


_Place = tuple[str, str]
_KeyOf = Callable[[str, str], _Place]


def get_health(span: str, *, clock: Clock = SYSTEM_CLOCK) -> HealthReport:
    """Return how everything has done within the last hour, day or month (`SPANS`).

    Raises:
        KeyError: there is no such span.
    """
    rows = Attempt.objects.filter(created_at__gte=clock.now() - SPANS[span])
    facts = _Facts(_counts(rows), _errors(rows), _times(rows))
    models = facts.gathered(lambda provider, model_key: (provider, model_key))
    return HealthReport(
        providers=_with_open_jobs(facts.gathered(lambda provider, _: (provider, ""))),
        models=[health for health in models if health.model_key],
        blocks=list_blocks(),
    )


def list_blocks() -> list[Block]:
    """Return the accounts that are refused, also those that are about to be tried again."""
    rows = ProviderBlock.objects.filter(closed_at=None).order_by("provider", "account")
    return [Block(row.provider, row.account, row.since, row.until, row.message) for row in rows]


def count_unknown(since: datetime) -> int:
    """Return of how many attempts since a time nobody knows whether they are paid for."""
    return Attempt.objects.filter(created_at__gte=since, state=AttemptState.UNKNOWN).count()


@dataclass(frozen=True, slots=True)
class _Facts:
    """Rows as they were read: counts, codes of failures, seconds; each begins with its place."""

    counts: Sequence[Mapping[str, Any]]
    errors: Sequence[tuple[str, str, str]]
    times: Sequence[tuple[str, str, float]]

    def gathered(self, key_of: _KeyOf) -> list[Health]:
        """Return the facts of each place that `key_of` names, sorted."""
        counts: defaultdict[_Place, list[Mapping[str, Any]]] = defaultdict(list)
        errors: defaultdict[_Place, Counter[str]] = defaultdict(Counter)
        times: defaultdict[_Place, list[float]] = defaultdict(list)
        for row in self.counts:
            counts[key_of(row["provider"], row["model_key"])].append(row)
        for provider, model_key, code in self.errors:
            errors[key_of(provider, model_key)][code] += 1
        for provider, model_key, seconds in self.times:
            times[key_of(provider, model_key)].append(seconds)
        return [
            _health(place, counts[place], errors[place], sorted(times[place]))
            for place in sorted(counts)
        ]


def _health(
    place: _Place,
    counts: Sequence[Mapping[str, Any]],
    errors: Counter[str],
    times: Sequence[float],
) -> Health:
    by_state: Counter[str] = Counter()
    for row in counts:
        by_state[row["state"]] += row["number"]
    return Health(
        provider=place[0],
        model_key=place[1],
        attempts=by_state.total(),
        done=by_state[AttemptState.DONE],
        failed=by_state[AttemptState.FAILED],
        cancelled=by_state[AttemptState.CANCELLED],
        unknown=by_state[AttemptState.UNKNOWN],
        open_jobs=sum(by_state[state] for state in OPEN_ATTEMPTS),
        failures=dict(errors.most_common()),
        median_s=_at(times, 0.5),
        p95_s=_at(times, 0.95),
        spent_usd=_total(row["cost"] for row in counts) / MICROS,
        priced=_total(row["priced"] for row in counts),
        credits=_total(row["charged"] for row in counts),
    )


def _with_open_jobs(providers: Iterable[Health]) -> list[Health]:
    """Return providers with the jobs that are open now, whenever they began."""
    rows = Attempt.objects.filter(state__in=OPEN_ATTEMPTS).values_list("provider")
    jobs = dict(rows.annotate(number=Count("pk")))
    found = {health.provider: health for health in providers}
    for provider in jobs.keys() - found.keys():
        found[provider] = Health(provider)
    return [replace(found[name], open_jobs=jobs.get(name, 0)) for name in sorted(found)]


def _counts(rows: QuerySet[Attempt]) -> list[Mapping[str, Any]]:
    grouped = rows.values("provider", "model_key", "state").order_by()
    counted = grouped.annotate(
        number=Count("pk"),
        cost=Sum("cost_micros"),
        priced=Count("cost_micros"),
        charged=Sum("credits"),
    )
    return [{**row} for row in counted]


def _errors(rows: QuerySet[Attempt]) -> list[tuple[str, str, str]]:
    bad = rows.filter(state__in=_BAD).order_by("-created_at")
    found = bad.values_list("provider", "model_key", "error")[:NEWEST]
    return [
        (provider, model_key, str((error or {}).get("code", "internal")))
        for provider, model_key, error in found
    ]


def _times(rows: QuerySet[Attempt]) -> list[tuple[str, str, float]]:
    good = rows.filter(state=AttemptState.DONE).order_by("-created_at")
    found = good.values_list("provider", "model_key", "submitted_at", "finished_at")[:NEWEST]
    return [
        (provider, model_key, max((ended - sent).total_seconds(), 0.0))
        for provider, model_key, sent, ended in found
        if sent is not None and ended is not None
    ]


def _at(times: Sequence[float], share: float) -> float | None:
    """Return the time that a share of all is not above; None for none."""
    if not times:
        return None
    return times[min(int(len(times) * share), len(times) - 1)]


def _total(numbers: Iterable[int | None]) -> int:
    return sum(number or 0 for number in numbers)
