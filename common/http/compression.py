"""Pages go out compressed: on a slow line that is what their first sight waits for.

Answers of the API are left as they are: they are small, and their time is the server's. What is
static is compressed when it is built (`frontend/vite.config.ts`).
"""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class PageCompressionMiddleware(GZipMiddleware):
    """Django's, with its random bytes against guessing by size, for HTML alone."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress a page if the browser takes it."""
        if response.streaming or not response.headers.get("Content-Type", "").startswith(
            "text/html"
        ):
            return response
        return super().process_response(request, response)
