"""django-ninja's share of the web edge: the same error tree as DRF, as problem documents."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic_core import ErrorDetails

from common.errors import (
    Forbidden,
    InvalidInputs,
    Issue,
    MalformedRequest,
    NotFound,
    PixelFlowError,
    Unauthenticated,
)
from common.http.body import issue_of
from common.http.outage import unavailable_of
from common.http.plain import problem_response


def add_error_handlers(api: NinjaAPI) -> None:
    """Make every error of a ninja API a problem document."""
    api.add_exception_handler(PixelFlowError, _ours)
    api.add_exception_handler(ValidationError, _validation)
    api.add_exception_handler(AuthenticationError, _authentication)
    api.add_exception_handler(HttpError, _http)
    api.add_exception_handler(Exception, _other)


def _ours(request: HttpRequest, error: Any) -> HttpResponse:
    return problem_response(request, error)


def _validation(request: HttpRequest, error: Any) -> HttpResponse:
    items: list[ErrorDetails] = error.errors
    if any(item["loc"][:1] in (("query",), ("path",)) for item in items):
        return problem_response(request, MalformedRequest(items[0]["msg"]))
    issues = [_without_source(issue_of(item)) for item in items]
    return problem_response(request, InvalidInputs(issues))


def _without_source(issue: Issue) -> Issue:
    """Cut ninja's `/body/<argument>` off a pointer, so that it points into the body itself."""
    parts = issue.path.split("/")
    rest = "".join(f"/{part}" for part in parts[3:])
    return Issue(rest, issue.code, issue.message)


def _authentication(request: HttpRequest, error: Any) -> HttpResponse:
    return problem_response(request, Unauthenticated("Sign in first."))


def _other(request: HttpRequest, error: Any) -> HttpResponse:
    outage = unavailable_of(error)
    if outage is None:
        raise error
    return problem_response(request, outage)


def _http(request: HttpRequest, error: Any) -> HttpResponse:
    match error.status_code:
        case 404:
            known: PixelFlowError = NotFound()
        case 403:  # a request from another page, or without that page's token
            known = Forbidden(str(error))
        case _:
            known = MalformedRequest(str(error))
    return problem_response(request, known)
