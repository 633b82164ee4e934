"""One page of a list: what the query asks for, and the answer with the cursor of the next page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from common.clock import Clock
from common.errors import MalformedRequest
from common.paging import ListScope, make_cursor, read_cursor, read_limit

# Long enough for any walk through a list; a cursor that is kept for longer is somebody's mistake.
MAX_CURSOR_AGE = timedelta(days=30)

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What is asked for: up to `limit` items after the position `after` (None: from the start).

    `secret` signs the cursors of the app whose list it is.
    """

    scope: ListScope
    limit: int
    after: str | None
    asked_at: int  # Unix seconds
    secret: bytes = field(repr=False)


def read_page(
    query: Mapping[str, str], scope: ListScope, *, secret: bytes, clock: Clock
) -> PageRequest:
    """Read `limit` and `cursor` for a list.

    Raises:
        MalformedRequest: a bad limit; an order; a cursor that this list did not give out within 30
            days.
    """
    if "sort" in query:
        raise MalformedRequest("This list has one order, newest first; sort is not taken.")
    now = int(clock.now().timestamp())
    limit = read_limit(query.get("limit") or None)
    cursor = query.get("cursor")
    if not cursor:
        return PageRequest(scope, limit, None, now, secret)
    after, given_at = read_cursor(cursor, scope, secret=secret)
    if now - int(given_at) > MAX_CURSOR_AGE.total_seconds():
        raise MalformedRequest("cursor is too old; start the list again.")
    return PageRequest(scope, limit, after, now, secret)


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
        cursor = make_cursor(page.scope, last, secret=page.secret)
    return {"items": [render(item) for item in shown], "nextCursor": cursor}
