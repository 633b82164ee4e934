"""The Permissions-Policy header, which Django lacks."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

from common import conf

HEADER = "Permissions-Policy"


class PermissionsPolicyMiddleware:
    """Says on every page which powers of the browser it may use: `conf.permissions_policy`."""

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
        response.headers.setdefault(HEADER, conf.permissions_policy())
    return response
