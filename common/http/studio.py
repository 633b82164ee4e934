"""What the routers of the studio share: which workspace a request is about, and its answer."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

from common.errors import MalformedRequest
from common.http.rendering import render_json

NO_STORE: Mapping[str, str] = {"Cache-Control": "no-store"}


def queried_workspace(request: HttpRequest) -> str:
    """Return the workspace that a query names; never the one that was used last.

    Raises:
        MalformedRequest: it names none, or more than one.
    """
    named = request.GET.getlist("workspace")
    if len(named) != 1 or not named[0]:
        raise MalformedRequest("Name the workspace: ?workspace=ws_…")
    return queried_text(request, "workspace")


def queried_text(request: HttpRequest, name: str) -> str:
    """Return a text of a query, empty where there is none.

    Raises:
        MalformedRequest: it holds what no database takes.
    """
    text = str(request.GET.get(name, ""))
    if "\x00" in text:
        raise MalformedRequest(f"{name} may not contain NUL.")
    return text


def as_json(
    body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return an answer that nobody is to keep; bytes are JSON already."""
    return HttpResponse(
        body if isinstance(body, bytes) else render_json(body),
        status=status,
        content_type="application/json",
        headers={**NO_STORE, **(headers or {})},
    )
