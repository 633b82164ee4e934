"""`/usage`: what was run and what it cost, by day, workflow, key or model."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Literal

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import Field, WithJsonSchema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import Principal
from billing.api import UsageGroup, UsageQuery, Used
from common.clock import SYSTEM_CLOCK, Clock, utc_date
from common.errors import MalformedRequest
from common.http.drf import NO_STORE, ApiView
from common.http.openapi import KEY_PROBLEMS, problems
from common.http.schema import ApiModel
from executor.http.caller import caller_of
from executor.selectors.usage import UsageReport, report_usage

DEFAULT_DAYS = 30
MAX_DAYS = 366

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIELD = {
    UsageGroup.DAY: "day",
    UsageGroup.WORKFLOW: "workflowId",
    UsageGroup.KEY: "keyId",
    UsageGroup.MODEL: "model",
}

Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
Whole = Annotated[int, Field(ge=0)]

FROM = OpenApiParameter(
    "from", OpenApiTypes.DATE, description="The first day (UTC); 30 days up to `to` if left out."
)
TO = OpenApiParameter(
    "to", OpenApiTypes.DATE, description="The last day, inclusive; today if left out."
)
GROUP_BY = OpenApiParameter(
    "groupBy", str, enum=[str(group) for group in UsageGroup], description="`day` if left out."
)


class UsageItem(ApiModel):
    """One group: it has the one of the first four fields that was asked for.

    `keyId` is null for runs without a key. `model` is the node type of what has a price; its
    `executions` are the runs that were charged for it.
    """

    day: Day | None = None
    workflow_id: str | None = None
    key_id: str | None = None
    model: str | None = None
    executions: Whole
    credits: Whole


class UsageTotals(ApiModel):
    """The runs that ended in the period, and what they were charged."""

    executions: Whole
    credits: Whole


class Usage(ApiModel):
    """What was used from day to day; groups of nothing are left out."""

    from_: Annotated[Day, Field(alias="from")]
    to: Day
    group_by: Literal["day", "workflow", "key", "model"]
    items: list[UsageItem]
    next_cursor: None
    totals: UsageTotals


class UsageView(ApiView):
    """The workspace's usage."""

    scopes: ClassVar = {"GET": "usage"}

    @extend_schema(
        operation_id="getUsage",
        summary="Report usage",
        parameters=[FROM, TO, GROUP_BY],
        responses={200: Usage, **problems(400, *KEY_PROBLEMS)},
    )
    def get(self, request: Request) -> Response:
        """Return executions and credits of the key's mode, to the run that ended just now."""
        query = read_usage_query(request.query_params, caller_of(request), clock=SYSTEM_CLOCK)
        return Response(_usage_json(query, report_usage(query)), headers=NO_STORE)


def read_usage_query(query: Mapping[str, str], caller: Principal, *, clock: Clock) -> UsageQuery:
    """Read `from`, `to` and `groupBy`.

    Raises:
        MalformedRequest: no such day or group; `from` after `to`; more than 366 days.
    """
    group = query.get("groupBy", UsageGroup.DAY)
    if group not in set(UsageGroup):
        raise MalformedRequest(f"groupBy must be one of {', '.join(UsageGroup)}.")
    last = _read_day("to", query) or utc_date(clock.now())
    first = _read_day("from", query) or _days_before(last, DEFAULT_DAYS - 1)
    if first > last:
        raise MalformedRequest("from must not lie after to.")
    if (last - first).days >= MAX_DAYS:
        raise MalformedRequest(f"from and to may span {MAX_DAYS} days at most.")
    return UsageQuery(
        caller.workspace_id, caller.mode, first, last, UsageGroup(group), caller.workflows
    )


def _read_day(name: str, query: Mapping[str, str]) -> date | None:
    text = query.get(name)
    if text is None:
        return None
    problem = MalformedRequest(f"{name} must be a day such as 2026-01-31.")
    if not _DAY.fullmatch(text):
        raise problem
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise problem from error


def _days_before(day: date, days: int) -> date:
    """Return an earlier day, where the calendar has such a one."""
    return day - timedelta(days=min(days, (day - date.min).days))


def _usage_json(query: UsageQuery, report: UsageReport) -> dict[str, Any]:
    return {
        "from": query.first.isoformat(),
        "to": query.last.isoformat(),
        "groupBy": query.by,
        "items": [
            {_FIELD[query.by]: group or None, **_used_json(used)}
            for group, used in sorted(report.groups.items(), key=_order_of(query.by))
        ],
        "nextCursor": None,
        "totals": _used_json(report.total),
    }


def _order_of(group: UsageGroup) -> Any:
    """Return the order of items: days as they came, all others by what they cost, dearest first."""
    if group is UsageGroup.DAY:
        return lambda item: item[0]
    return lambda item: (-item[1].credits, -item[1].executions, item[0])


def _used_json(used: Used) -> dict[str, int]:
    return {"executions": used.executions, "credits": used.credits}
