"""Calls of the public API that stay open for long and hold no thread: the steps around them.

The router of `pixelflow_site` sends such calls to async functions; whoever asks sees the same
answers as from the DRF view of the path, which does all but the waiting.
"""

from typing import Any, cast

from django.http import HttpRequest, HttpResponseBase
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api import Principal


class ThreadlessCall:
    """One request, put through the steps of a DRF view one by one."""

    def __init__(self, view: APIView, request: HttpRequest, execution_id: str) -> None:
        self.execution_id = execution_id
        self.view = view
        view.setup(request, execution_id=execution_id)
        view.headers = view.default_response_headers
        self.request: Request = view.initialize_request(request, execution_id=execution_id)
        view.request = self.request

    def admit(self) -> Principal:
        """Check method, negotiation, key and scope as for any other view; queries the database."""
        self.view.initial(self.request, execution_id=self.execution_id)
        if self.request.method not in ("GET", "HEAD"):
            self.view.http_method_not_allowed(self.request)
        return cast(Principal, self.request.auth)

    def refuse(self, error: Exception, *, retry_after_s: int | None) -> Any:
        """Return the answer for an error, as DRF's handler makes (and logs) it."""
        response = self.view.handle_exception(error)
        if retry_after_s is not None:
            response.headers["Retry-After"] = str(retry_after_s)
        return response

    def finish(self, response: Any) -> HttpResponseBase:
        """Return the answer as it is sent; one of DRF's is rendered."""
        final: Any = self.view.finalize_response(self.request, response)
        return cast(HttpResponseBase, final.render() if hasattr(final, "render") else final)
