"""Problem documents from plain Django views, and Django's own error pages under `/api/`."""

import logging
import sys
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common.errors import Forbidden, MalformedRequest, NotFound, PixelFlowError
from common.http.outage import unavailable_of
from common.http.problem import CONTENT_TYPE, headers_of, problem_of
from common.http.rendering import render_json
from common.http.request_id import current_request_id

logger = logging.getLogger(__name__)


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


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's `handler500`, called while the exception is being handled; 503 for an outage."""
    return error_page(request, unavailable_of(sys.exc_info()[1]) or PixelFlowError())


def error_page(request: HttpRequest, error: PixelFlowError) -> HttpResponse:
    """Return the answer for one of our errors: a problem under `/api/`, a page anywhere else."""
    if request.path.startswith("/api/"):
        return problem_response(request, error)
    page = render(request, "common/error.html", {"problem": error}, status=error.status)
    for name, value in headers_of(error).items():
        page.headers[name] = value
    return page
