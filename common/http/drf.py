"""DRF's share of the web edge: the base view, and errors as problem documents."""

import logging
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar, cast

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest
from pydantic import BaseModel
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import APIView

from common.errors import Forbidden, MalformedRequest, NotFound, PixelFlowError
from common.http import body as bodies
from common.http.outage import unavailable_of
from common.http.problem import CONTENT_TYPE, headers_of, problem_document, problem_of
from common.http.request_id import current_request_id

logger = logging.getLogger(__name__)

Body = TypeVar("Body", bound=BaseModel)

NO_STORE: Mapping[str, str] = {
    "Cache-Control": "no-store"
}  # answers that change, or let somebody in

_CODE_BY_STATUS: Mapping[int, str] = {
    status.HTTP_400_BAD_REQUEST: "malformed_request",
    status.HTTP_401_UNAUTHORIZED: "unauthenticated",
    status.HTTP_403_FORBIDDEN: "forbidden",
    status.HTTP_404_NOT_FOUND: "not_found",
    status.HTTP_405_METHOD_NOT_ALLOWED: "method_not_allowed",
    status.HTTP_406_NOT_ACCEPTABLE: "not_acceptable",
    status.HTTP_415_UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
}


class ApiView(APIView):
    """Base of the public API's views.

    `scopes` names the scope that each method needs; a method that is not in it needs a key alone.
    """

    scopes: ClassVar[Mapping[str, str]] = {}

    def read_body(self, model: type[Body]) -> Body:
        """Return the request's body as `model`.

        Raises:
            PixelFlowError: 400, 413, 415 or 422, as the gate finds it.
        """
        request = cast(HttpRequest, self.request)
        return bodies.parse_body(model, bodies.read_json(request))


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """Turn whatever a view raised into a problem document; DRF's `EXCEPTION_HANDLER`."""
    request = context["request"]
    instance, request_id = request.path, current_request_id()
    ours = _as_ours(error)
    if ours is not None:
        document = problem_of(ours, instance=instance, request_id=request_id)
        return _respond(document, headers_of(ours))
    if isinstance(error, exceptions.APIException):
        return _respond(_document_of_drf(error, instance, request_id), _headers_of_drf(error))
    logger.error("request failed", exc_info=error, extra={"action": "request_failed"})
    document = problem_of(PixelFlowError(), instance=instance, request_id=request_id)
    return _respond(document, {})


def _as_ours(error: Exception) -> PixelFlowError | None:
    if isinstance(error, PixelFlowError):
        return error
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, PermissionDenied):
        return Forbidden()
    if isinstance(error, SuspiciousOperation):
        return MalformedRequest(str(error))
    return unavailable_of(error)


def _document_of_drf(
    error: exceptions.APIException, instance: str, request_id: str
) -> dict[str, Any]:
    return problem_document(
        status=error.status_code,
        code=_CODE_BY_STATUS.get(error.status_code, "malformed_request"),
        detail=str(error.detail),
        instance=instance,
        request_id=request_id,
    )


def _headers_of_drf(error: exceptions.APIException) -> dict[str, str]:
    header = getattr(error, "auth_header", None)
    return {"WWW-Authenticate": header} if header else {}


def _respond(document: dict[str, Any], headers: Mapping[str, str]) -> Response:
    return Response(
        document, status=document["status"], headers=dict(headers), content_type=CONTENT_TYPE
    )
