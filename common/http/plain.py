"""Problem documents from plain Django views, and Django's own error pages under `/api/`."""

import logging
import sys
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common.errors import Forbidden, MalformedRequest, NotFound, PixelFlowError
from common.http.outage import unavailable_of
from common.http.problem import CONTENT_TYPE, headers_of, problem_of
from common.http.rendering import render_json
from common.http.request_id import current_request_id

logger = logging.getLogger(__name__)

# What a page says of a status: what is the matter, and what to do. Errors may say more themselves.
WORDS = {
    400: ("This request could not be read", "Go back, reload the page, and send it again."),
    403: ("You may not open this", "Sign in with another account, or ask whoever sent the link."),
    404: (
        "There is no such page",
        "It may have moved, or the address has a typing error. Search, or go on from here.",
    ),
    410: (
        "This page is gone",
        "What stood here was taken down. Something like it may still exist.",
    ),
    429: ("Too many requests", "Wait a little, then try again."),
    500: (
        "Something failed on our side",
        "The failure was recorded. Try again; if it stays, quote the request below.",
    ),
    503: ("Pixelflow cannot answer just now", "This mostly passes within a minute. Try again."),
}
FORM_EXPIRED = (
    "This form has expired",
    "Go back, reload the page, and send the form again. Cookies must be allowed.",
)


def problem_response(request: HttpRequest, error: PixelFlowError) -> HttpResponse:
    """Return the answer for one of our errors."""
    document = problem_of(error, instance=request.path, request_id=current_request_id())
    return HttpResponse(
        render_json(document),
        status=error.status,
        content_type=CONTENT_TYPE,
        headers=headers_of(error),
    )


def api_not_found(request: HttpRequest, **_: Any) -> HttpResponse:
    """Answer a path under `/api/` that matches nothing."""
    return problem_response(request, NotFound("There is no such path in this API."))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's `handler400`: a host, query or form that Django itself refused."""
    return error_page(request, MalformedRequest("The request could not be read."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's `handler403`."""
    return error_page(request, Forbidden())


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's `handler404`."""
    return error_page(request, NotFound())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's `CSRF_FAILURE_VIEW`."""
    return error_page(request, Forbidden(), words=FORM_EXPIRED)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's `handler500`, called while the exception is being handled; 503 for an outage."""
    return error_page(request, unavailable_of(sys.exc_info()[1]) or PixelFlowError())


def error_page(
    request: HttpRequest, error: PixelFlowError, *, words: tuple[str, str] | None = None
) -> HttpResponse:
    """Return the answer for one of our errors: a problem under `/api/`, a page anywhere else.

    `words` are the page's title and advice, where the status alone says too little.
    """
    if request.path.startswith("/api/"):
        return problem_response(request, error)
    page = render(request, "common/error.html", _shown(request, error, words), status=error.status)
    for name, value in headers_of(error).items():
        page.headers[name] = value
    return page


def _shown(
    request: HttpRequest, error: PixelFlowError, words: tuple[str, str] | None
) -> dict[str, Any]:
    title, advice = words or WORDS.get(error.status) or ("This did not work", error.detail)
    retry_after = headers_of(error).get("Retry-After")
    if retry_after:
        advice = f"Try again in {retry_after} second{'' if retry_after == '1' else 's'}."
    shown: dict[str, Any] = {
        "problem": error,
        "title": title,
        "advice": advice,
        "request_id": current_request_id(),
    }
    if error.status >= 500:  # the frame must not ask the database that may be what failed
        request.user = AnonymousUser()
        shown |= {"quiet": True, "messages": ()}
    return shown
