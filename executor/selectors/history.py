"""The list of a workspace's runs: any page of any filter is one short range of one index.

Runs are listed by id, newest first; ids are ordered by time. A time in a filter is therefore a bound
of the id, with room for clocks that were set in between, and `created_at` decides exactly.
Each set of equal filters has an index that ends in the id (`Execution.Meta`). Runs that runs started
are not listed, and those indexes leave them out.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from common.clock import rfc3339
from common.ids import lowest_id
from executor.models import Execution
from executor.selectors.runs import shown_inputs
from executor.types import DRAFT, ExecutionStatus

# How far the time in an id may be from `created_at`: a clock was set while a process was running.
CLOCK_ROOM = timedelta(minutes=5)

_LIST_FIELDS = (
    "id",
    "workspace_id",
    "workflow_id",
    "version_number",
    "status",
    "trigger",
    "mode",
    "estimated_credits",
    "charged_credits",
    "error",
    "created_at",
    "started_at",
    "finished_at",
)


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """What a list of runs is narrowed to; None leaves a part open."""

    workflow_id: str | None = None
    status: ExecutionStatus | None = None
    since: datetime | None = None
    until: datetime | None = None
    workflows: frozenset[str] = frozenset()  # a key's own list; empty: all


def list_executions(
    workspace_id: str, wanted: ExecutionFilter, *, before: str | None, limit: int
) -> list[dict[str, Any]]:
    """Return up to `limit` runs, newest first, that come after the id `before`."""
    rows = page_of_executions(workspace_id, wanted, before=before)
    return [_summary(row) for row in rows.only(*_LIST_FIELDS)[:limit]]


def list_runs_with_values(
    workspace_id: str, workflows: Collection[str], *, limit: int
) -> list[dict[str, Any]]:
    """Return the newest runs of these workflows with `inputs` and `outputs` as the poll shows them.

    Outputs are there once a run is over. None of no workflow.
    """
    wanted = ExecutionFilter(workflows=frozenset(workflows))
    if not wanted.workflows:
        return []
    rows = page_of_executions(workspace_id, wanted, before=None)[:limit]
    return [
        {**_summary(row), "inputs": shown_inputs(row), "outputs": _outputs(row)} for row in rows
    ]


def _outputs(row: Execution) -> Mapping[str, Any]:
    outputs: Mapping[str, Any] = json.loads(row.final_payload or "{}").get("outputs", {})
    return outputs


def page_of_executions(
    workspace_id: str, wanted: ExecutionFilter, *, before: str | None
) -> QuerySet[Execution]:
    """Return the query of a page, for whoever wants to see how a database goes about it."""
    rows = Execution.objects.of(workspace_id).filter(parent_id=None)
    if wanted.workflow_id is not None:
        rows = rows.filter(workflow_id=wanted.workflow_id)
    if wanted.workflows:
        rows = rows.filter(workflow_id__in=sorted(wanted.workflows))
    if wanted.status is not None:
        rows = rows.filter(status=wanted.status)
    if wanted.since is not None:
        lowest = lowest_id("exec", _moved(wanted.since, -CLOCK_ROOM))
        rows = rows.filter(pk__gte=lowest, created_at__gte=wanted.since)
    # One bound from above: with two of them SQLite takes the bounds to be worth more than a filter.
    above = [before] if before is not None else []
    if wanted.until is not None:
        above.append(lowest_id("exec", _moved(wanted.until, CLOCK_ROOM)))
        rows = rows.filter(created_at__lt=wanted.until)
    if above:
        rows = rows.filter(pk__lt=min(above))
    return rows.order_by("-pk")


def _moved(at: datetime, by: timedelta) -> datetime:
    """Return a moment moved, where the calendar has such a one."""
    try:
        return at + by
    except OverflowError:
        return at


def _summary(row: Execution) -> dict[str, Any]:
    return {
        "executionId": row.id,
        "status": row.status,
        "workflowId": row.workflow_id,
        "version": row.version_number or DRAFT,
        "trigger": row.trigger,
        "mode": row.mode,
        "credits": {"estimated": row.estimated_credits, "charged": row.charged_credits},
        "error": row.error,
        "createdAt": rfc3339(row.created_at),
        "startedAt": rfc3339(row.started_at),
        "finishedAt": rfc3339(row.finished_at),
    }
