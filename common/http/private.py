"""Pages are nobody else's to keep: what says nothing of caches may not be shared by them."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

HEADER = "Cache-Control"
PRIVATE = "private, max-age=0"


class PrivatePagesMiddleware:
    """Marks pages as private unless their view says how they may be kept.

    Each bears who is signed in, and a nonce and a token that are good for one visitor alone.
    """

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Answer the request; a page gets the header."""
        if self.is_async:
            return self._answer(request)
        return _marked(self.get_response(request))

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        return _marked(await self.get_response(request))


def _marked(response: HttpResponseBase) -> HttpResponseBase:
    if response.headers.get("Content-Type", "").startswith("text/html"):
        response.headers.setdefault(HEADER, PRIVATE)
    return response
