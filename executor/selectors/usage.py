"""What was run and what it cost: the counters of `billing`, and the runs that are not counted yet.

Runs that have ended are counted every half minute (`executor.services.usage`). Those that are not
are few, and in an index of their own, so a report is exact at any moment and reads no history.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

from django.db.models import QuerySet

from billing.api import UsageGroup, UsageQuery, UsageSlot, Used, sum_counted
from common.clock import utc_date
from common.sql import snapshot
from executor.models import Execution

_FIELDS = (
    "workspace_id",
    "workflow_id",
    "key_id",
    "mode",
    "parent_id",
    "charged_credits",
    "spent",
    "finished_at",
)


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Usage by group, and in all; `total` counts runs, also where the groups are models."""

    groups: Mapping[str, Used]
    total: Used


def report_usage(query: UsageQuery) -> UsageReport:
    """Return what a workspace has used."""
    with snapshot():
        uncounted = used_by(_ended(query))
        groups = _merged(query, uncounted)
        if query.by is not UsageGroup.MODEL:
            return UsageReport(groups, sum(groups.values(), Used()))
        runs = _merged(replace(query, by=UsageGroup.DAY), uncounted)
    return UsageReport(groups, sum(runs.values(), Used()))


def uncounted_runs() -> QuerySet[Execution]:
    """Return everybody's runs that have ended and are not in the counters, with what counts."""
    rows = Execution.objects.across_workspaces().only(*_FIELDS)
    return rows.filter(finished_at__isnull=False, is_counted=False)


def used_by(runs: Iterable[Execution]) -> dict[UsageSlot, Used]:
    """Return what runs add to the counters.

    A run that another run's node started is part of that one, which is charged for it: it adds to
    the counters of models alone.
    """
    used: defaultdict[UsageSlot, Used] = defaultdict(Used)
    for run in runs:
        if run.finished_at is None:
            raise ValueError(f"{run.pk} has not ended")
        slot = UsageSlot(
            workspace_id=run.workspace_id,
            day=utc_date(run.finished_at),
            mode=run.mode,
            workflow_id=run.workflow_id,
            key_id=run.key_id or "",
        )
        if run.parent_id is None:
            used[slot] += Used(1, run.charged_credits)
        for model, (times, cost) in (run.spent or {}).items():
            used[replace(slot, model=model)] += Used(times, cost)
    return dict(used)


def _ended(query: UsageQuery) -> QuerySet[Execution]:
    first = datetime.combine(query.first, time.min, UTC)
    last = datetime.combine(query.last, time.max, UTC)
    return uncounted_runs().filter(
        workspace_id=query.workspace_id,
        finished_at__range=(first, last),
        mode=query.mode,
    )


def _merged(query: UsageQuery, uncounted: Mapping[UsageSlot, Used]) -> dict[str, Used]:
    groups = sum_counted(query)
    for slot, used in uncounted.items():
        if query.takes(slot):
            group = slot.group(query.by)
            groups[group] = groups.get(group, Used()) + used
    return groups
