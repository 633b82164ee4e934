"""Runs that have ended, made without running anything, and the reports that they come up in."""

from datetime import date, datetime
from typing import Any

from accounts.api import WorkspaceRef
from billing.api import UsageGroup, UsageQuery
from billing.models import UsageDay
from common.clock import utc_now
from common.ids import new_id
from executor.models import Execution
from executor.selectors.usage import UsageReport, report_usage


def ended(workspace: WorkspaceRef, **fields: Any) -> str:
    """A run that is over; returns its id."""
    row = {
        "id": new_id("exec"),
        "workspace_id": workspace.id,
        "workflow_id": "wf_one",
        "version_id": "ver_one",
        "status": "COMPLETED",
        "mode": "live",
        "trigger": "api",
        "inputs": {},
        "options": {},
        "created_at": utc_now(),
        "finished_at": utc_now(),
        **fields,
    }
    return Execution.objects.insert(**row).pk


def report(
    workspace: WorkspaceRef,
    by: UsageGroup = UsageGroup.DAY,
    *,
    mode: str = "live",
    first: date | None = None,
    last: date | None = None,
) -> UsageReport:
    """What a workspace used, today unless told otherwise."""
    today = utc_now().date()
    return report_usage(UsageQuery(workspace.id, mode, first or today, last or today, by))


def total(workspace: WorkspaceRef, **period: Any) -> tuple[int, int]:
    """Executions and credits in all."""
    found = report(workspace, **period).total
    return found.executions, found.credits


def counters(workspace: WorkspaceRef) -> list[tuple[Any, ...]]:
    """The stored counters of a workspace."""
    rows = UsageDay.objects.of(workspace.id).order_by("day", "workflow_id", "key_id", "model")
    return list(rows.values_list("workflow_id", "key_id", "model", "executions", "credits"))


def uncounted(workspace: WorkspaceRef) -> int:
    """How many runs that ended are in no counter."""
    return Execution.objects.of(workspace.id).filter(is_counted=False).count()


def at(day: date, hour: int = 12) -> datetime:
    """A time of a day."""
    return utc_now().replace(
        year=day.year, month=day.month, day=day.day, hour=hour, minute=0, second=0, microsecond=0
    )
