"""Counting what has ended: each run goes into the counters of usage once, with a mark on its row.

Counters and marks are written in one transaction, so whoever is killed has counted all or nothing,
and runs that one process counts are passed over by the others.
"""

from collections.abc import Callable, Sequence

from django.db import transaction
from django.db.models import QuerySet

from billing.api import add_usage
from common import faults
from executor.models import Execution
from executor.selectors.usage import uncounted_runs, used_by

RUNS_AT_ONCE = 500
BATCHES_AT_ONCE = 200  # then other jobs have their turn; what is left comes with the next one


def count_usage(*, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Count the runs that have ended; returns how many there were."""
    counted = 0
    for _ in range(BATCHES_AT_ONCE):
        if should_stop() or not (some := _count_some()):
            break
        counted += some
    return counted


def count_before_removal(execution_ids: Sequence[str]) -> None:
    """Count those of some runs that are not counted yet; in the transaction that removes them."""
    runs = uncounted_runs().filter(pk__in=execution_ids).order_by("pk")
    _count(runs.select_for_update(no_key=True))


@transaction.atomic
def _count_some() -> int:
    runs = uncounted_runs().order_by("workspace_id", "finished_at")
    counted = _count(runs.select_for_update(skip_locked=True, no_key=True)[:RUNS_AT_ONCE])
    faults.point("usage.before_commit")
    return counted


def _count(locked: QuerySet[Execution]) -> int:
    runs = list(locked)
    if runs:
        add_usage(used_by(runs))
        faults.point("usage.before_mark")
        rows = Execution.objects.across_workspaces().filter(pk__in=[run.pk for run in runs])
        rows.update(is_counted=True)
    return len(runs)
