"""Query strings of the lists of this app: pages and searches."""

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request

from common.clock import SYSTEM_CLOCK
from common.errors import MalformedRequest
from common.http import pages
from common.http.pages import PageRequest
from common.paging import ListScope
from workflows.conf import cursor_secret
from workflows.http.caller import caller_of

MAX_QUERY = 200  # characters of a search; SQLite refuses patterns over 50,000 bytes


def read_page(request: Request, name: str, *, filters: Mapping[str, Any]) -> PageRequest:
    """Read `limit` and `cursor` for the list `name` of the caller's workspace.

    Raises:
        MalformedRequest: a bad limit; an order; a cursor that this list did not give out within 30
            days.
    """
    scope = ListScope(name, caller_of(request).workspace_id, filters)
    return pages.read_page(request.query_params, scope, secret=cursor_secret(), clock=SYSTEM_CLOCK)


def read_search(request: Request) -> str:
    """Return the text that `q` looks for; empty for none.

    Raises:
        MalformedRequest: too long, or with NUL in it.
    """
    text: str = request.query_params.get("q", "").strip()
    if len(text) > MAX_QUERY or "\x00" in text:
        raise MalformedRequest(f"q must be a text of at most {MAX_QUERY} characters.")
    return text
