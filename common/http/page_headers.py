"""Headers that every page bears: which powers of the browser it may use, and who may keep it."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

from common import conf


class PageHeadersMiddleware:
    """Gives pages the headers that Django has no middleware for; what a view says goes first.

    `Permissions-Policy` is `conf.permissions_policy`. `Cache-Control` is private: each page bears
    who is signed in, and a nonce and a token that are good for one visitor alone.
    """

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Answer the request; a page gets the headers."""
        if self.is_async:
            return self._answer(request)
        return _marked(self.get_response(request))

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        return _marked(await self.get_response(request))


def _marked(response: HttpResponseBase) -> HttpResponseBase:
    if response.headers.get("Content-Type", "").startswith("text/html"):
        response.headers.setdefault("Permissions-Policy", conf.permissions_policy())
        response.headers.setdefault("Cache-Control", "private, max-age=0")
    return response
