"""One page of a list: what the query asks for, and the answer with the cursor of the next page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from rest_framework.request import Request

from common.clock import Clock
from common.errors import MalformedRequest
from common.paging import ListScope, make_cursor, read_cursor, read_limit
from workflows.conf import cursor_secret
from workflows.http.caller import caller_of

# Long enough for any walk through a list; a cursor that is kept for longer is somebody's mistake.
MAX_CURSOR_AGE = timedelta(days=30)
MAX_QUERY = 200  # characters of a search; SQLite refuses patterns over 50,000 bytes

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What is asked for: up to `limit` items after the position `after` (None: from the start)."""

    scope: ListScope
    limit: int
    after: str | None
    asked_at: int  # Unix seconds


def read_page(
    request: Request, name: str, *, filters: Mapping[str, Any], clock: Clock
) -> PageRequest:
    """Read `limit` and `cursor` for the list `name` of the caller's workspace.

    Raises:
        MalformedRequest: a bad limit; an order; a cursor that this list did not give out within 30
            days.
    """
    if "sort" in request.query_params:
        raise MalformedRequest("This list has one order, newest first; sort is not taken.")
    now = int(clock.now().timestamp())
    scope = ListScope(name, caller_of(request).workspace_id, filters)
    limit = read_limit(request.query_params.get("limit") or None)
    cursor = request.query_params.get("cursor")
    if not cursor:
        return PageRequest(scope, limit, None, now)
    after, given_at = read_cursor(cursor, scope, secret=cursor_secret())
    if now - int(given_at) > MAX_CURSOR_AGE.total_seconds():
        raise MalformedRequest("cursor is too old; start the list again.")
    return PageRequest(scope, limit, after, now)


def read_search(request: Request) -> str:
    """Return the text that `q` looks for; empty for none.

    Raises:
        MalformedRequest: too long, or with NUL in it.
    """
    text: str = request.query_params.get("q", "").strip()
    if len(text) > MAX_QUERY or "\x00" in text:
        raise MalformedRequest(f"q must be a text of at most {MAX_QUERY} characters.")
    return text


def page_of(
    page: PageRequest,
    found: Sequence[Item],
    *,
    position: Callable[[Item], object],
    render: Callable[[Item], dict[str, Any]],
) -> dict[str, Any]:
    """Return the answer for `found`, of which one beyond the limit shows that more follow."""
    shown = found[: page.limit]
    cursor = None
    if len(found) > page.limit:
        last = [str(position(shown[-1])), str(page.asked_at)]
        cursor = make_cursor(page.scope, last, secret=cursor_secret())
    return {"items": [render(item) for item in shown], "nextCursor": cursor}
