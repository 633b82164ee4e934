"""Request ids: one for each request, echoed to the client, on every log line and problem."""

import re
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

from common.ids import new_id

HEADER = "X-Request-Id"

_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,128}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """Return the id of the request being answered; empty outside of one."""
    return _current.get()


def choose_request_id(sent: str | None) -> str:
    """Return the client's id where it is well-formed, else a new one."""
    if sent and _ACCEPTED.fullmatch(sent):
        return sent
    return new_id("req")


def set_request_id(request_id: str) -> None:
    """Make an id the current one for this thread or task."""
    _current.set(request_id)


class RequestIdMiddleware:
    """Outermost middleware: gives the request its id and every answer the header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request with its id set."""
        request_id = choose_request_id(request.headers.get(HEADER))
        _current.set(request_id)
        response = self.get_response(request)
        response.headers[HEADER] = request_id
        return response
