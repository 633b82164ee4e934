"""Query strings of this app's endpoints: waits, filters of the list, and its pages."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from common.clock import Clock
from common.errors import MalformedRequest
from common.http.pages import PageRequest, read_page
from common.ids import is_id
from common.paging import ListScope
from executor.conf import cursor_secret
from executor.selectors.history import ExecutionFilter
from executor.types import ExecutionStatus

Query = Mapping[str, str]

MAX_WAIT_S = 30

_FILTERS = ("workflowId", "status", "since", "until")
_WAIT = re.compile(r"[0-9]{1,2}(\.[0-9]{1,9})?")
_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?"
    r"(Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)


def read_wait(query: Query) -> float:
    """Return for how many seconds a poll may be held; 0 if `wait` was left out.

    Raises:
        MalformedRequest: no number from 0 to 30.
    """
    text = query.get("wait", "0")
    if not _WAIT.fullmatch(text) or float(text) > MAX_WAIT_S:
        raise MalformedRequest(f"wait must be a number of seconds from 0 to {MAX_WAIT_S}.")
    return float(text)


def read_execution_page(
    query: Query, workspace_id: str, *, clock: Clock
) -> tuple[PageRequest, ExecutionFilter]:
    """Read `limit`, `cursor` and the filters of the list of runs.

    Raises:
        MalformedRequest: a value that means nothing; a cursor of another list, filter, workspace
            or month.
    """
    filters = {name: query[name] for name in _FILTERS if name in query}
    scope = ListScope("executions", workspace_id, filters)
    page = read_page(query, scope, secret=cursor_secret(), clock=clock)
    return page, _read_filter(filters)


def read_time(name: str, text: str) -> datetime:
    """Return a time in UTC.

    Raises:
        MalformedRequest: not RFC 3339 with upper-case `T` and `Z`, or no such moment.
    """
    match = _RFC3339.fullmatch(text)
    problem = MalformedRequest(f"{name} must be a time such as 2026-01-31T10:00:00Z.")
    if match is None:
        raise problem
    seconds, fraction, zone = match.groups()
    try:
        at = datetime.fromisoformat(f"{seconds}{(fraction or '.0')[:7]:0<7}{zone}")
        return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise problem from error


def _read_filter(filters: Query) -> ExecutionFilter:
    workflow_id = filters.get("workflowId")
    if workflow_id is not None and not is_id(workflow_id, "wf"):
        raise MalformedRequest("workflowId must be the id of a workflow.")
    status = filters.get("status")
    if status is not None and status not in ExecutionStatus.__members__:
        raise MalformedRequest(f"status must be one of {', '.join(ExecutionStatus)}.")
    since, until = (
        read_time(name, filters[name]) if name in filters else None for name in ("since", "until")
    )
    if since is not None and until is not None and since > until:
        raise MalformedRequest("since must not lie after until.")
    return ExecutionFilter(
        workflow_id, None if status is None else ExecutionStatus(status), since, until
    )
