"""Request ids: one for each request, echoed to the client, on every log line and problem."""

import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse

from common.http.address import client_address
from common.http.origin import note_address
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


class RequestIdMiddleware:
    """Outermost middleware: gives the request its id and every answer the header.

    It also notes whose request it is, for the audit log.
    """

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Answer the request with its id set."""
        request_id = choose_request_id(request.headers.get(HEADER))
        _current.set(request_id)
        note_address(client_address(request))
        if self.is_async:
            return self._answer(request, request_id)
        return _marked(self.get_response(request), request_id)

    async def _answer(self, request: HttpRequest, request_id: str) -> HttpResponse:
        return _marked(await self.get_response(request), request_id)


def _marked(response: HttpResponse, request_id: str) -> HttpResponse:
    response.headers[HEADER] = request_id
    return response
