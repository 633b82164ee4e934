"""Figures of templates, counted from the runs of their playgrounds.

Only live runs count, and of those the ones that completed or failed: a run in test mode says nothing
of cost, time or success, and that somebody pressed Stop says nothing of the template.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

from django.db import transaction
from django.db.models import F, QuerySet

from common.clock import Clock
from executor.api import ExecutionStatus, Outcome, list_outcomes
from templates_gallery.models import Template, TemplateRun

AT_ONCE = 500
LAST_RUNS = 200  # that the medians are of
RECENT = timedelta(days=30)
KEPT = timedelta(days=90)  # as long as a run is remembered
GONE = "GONE"  # a run that was deleted before anybody looked

_COUNTED = (ExecutionStatus.COMPLETED, ExecutionStatus.FAILED)


def count_runs(clock: Clock, should_stop: Callable[[], bool]) -> Mapping[str, int]:
    """Note how runs ended, and bring the figures of their templates up to date; an upkeep job."""
    ended, after = 0, 0
    while not should_stop():
        rows = TemplateRun.objects.across_workspaces().filter(status="", pk__gt=after)
        ids = list(rows.order_by("pk").values_list("pk", "execution_id")[:AT_ONCE])
        if not ids:
            break
        after = ids[-1][0]
        ended += _note_ends([pk for pk, _ in ids], clock.now())
    return {"template_runs": ended}


def age_runs(clock: Clock, should_stop: Callable[[], bool]) -> Mapping[str, int]:
    """Let runs of more than a month ago count no longer as recent, and forget old ones; an upkeep job."""
    now = clock.now()
    for template_id in (
        Template.objects.across_workspaces().filter(runs_30d__gt=0).values_list("pk", flat=True)
    ):
        if should_stop():
            break
        Template.objects.across_workspaces().filter(pk=template_id).update(
            runs_30d=_recent(template_id, now)
        )
    old = TemplateRun.objects.across_workspaces().filter(created_at__lt=now - KEPT)
    forgotten, _ = old.exclude(status="").delete()
    return {"template_runs_forgotten": forgotten}


@transaction.atomic
def _note_ends(pks: Sequence[int], now: datetime) -> int:
    open_rows = TemplateRun.objects.across_workspaces().filter(pk__in=pks, status="")
    rows = list(open_rows.select_for_update())
    outcomes = list_outcomes([row.execution_id for row in rows])
    ended = [row for row in rows if _end(row, outcomes)]
    TemplateRun.objects.across_workspaces().bulk_update(ended, ["status", "credits", "duration_ms"])
    counted = [row for row in ended if row.mode == "live" and row.status in _COUNTED]
    runs = Counter(row.template_id for row in counted)
    succeeded = Counter(
        row.template_id for row in counted if row.status == ExecutionStatus.COMPLETED
    )
    for template_id in sorted(runs):  # in one order, so that no two wait for each other
        credits_, milliseconds = _medians(template_id)
        Template.objects.across_workspaces().filter(pk=template_id).update(
            runs=F("runs") + runs[template_id],
            succeeded=F("succeeded") + succeeded[template_id],
            runs_30d=_recent(template_id, now),
            median_credits=credits_,
            median_ms=milliseconds,
        )
    return len(ended)


def _end(row: TemplateRun, outcomes: Mapping[str, Outcome | None]) -> bool:
    """Write a run's end into its row; False while it is under way."""
    if row.execution_id not in outcomes:
        row.status = GONE
        return True
    outcome = outcomes[row.execution_id]
    if outcome is None:
        return False
    row.status, row.credits, row.duration_ms = outcome.status, outcome.credits, outcome.duration_ms
    return True


def _recent(template_id: str, now: datetime) -> int:
    rows = _live_runs(template_id, _COUNTED)
    return rows.filter(created_at__gt=now - RECENT).count()


def _medians(template_id: str) -> tuple[int | None, int | None]:
    """Return the usual credits and milliseconds of the last completed runs; None before the first."""
    rows = _live_runs(template_id, [ExecutionStatus.COMPLETED]).order_by("-pk")
    last = list(rows.values_list("credits", "duration_ms")[:LAST_RUNS])
    if not last:
        return None, None
    usual_credits = median(credits_ or 0 for credits_, _ in last)
    usual_ms = median(milliseconds or 0 for _, milliseconds in last)
    return round(usual_credits), round(usual_ms)


def _live_runs(template_id: str, statuses: Collection[str]) -> QuerySet[TemplateRun]:
    rows = TemplateRun.objects.across_workspaces().filter(template_id=template_id)
    return rows.filter(mode="live", status__in=statuses)
