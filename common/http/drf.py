"""DRF's share of the web edge: the base view, and errors as problem documents."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Literal, Protocol, TypeVar, cast

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest
from pydantic import BaseModel
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import conf
from common.errors import Forbidden, MalformedRequest, NotFound, PixelFlowError
from common.http import body as bodies
from common.http.drf_json import JsonRenderer
from common.http.outage import unavailable_of
from common.http.problem import CONTENT_TYPE, headers_of, problem_document, problem_of
from common.http.rendering import render_json
from common.http.request_id import current_request_id
from common.once import Once

logger = logging.getLogger(__name__)

Body = TypeVar("Body", bound=BaseModel)

NO_STORE: Mapping[str, str] = {
    "Cache-Control": "no-store"
}  # answers that change, or let somebody in

_KEPT_HEADERS = ("Location", "ETag", "Cache-Control")

_CODE_BY_STATUS: Mapping[int, str] = {
    status.HTTP_400_BAD_REQUEST: "malformed_request",
    status.HTTP_401_UNAUTHORIZED: "unauthenticated",
    status.HTTP_403_FORBIDDEN: "forbidden",
    status.HTTP_404_NOT_FOUND: "not_found",
    status.HTTP_405_METHOD_NOT_ALLOWED: "method_not_allowed",
    status.HTTP_406_NOT_ACCEPTABLE: "not_acceptable",
    status.HTTP_415_UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
}


class Gate(Protocol):
    """What every POST of the public API goes through once its caller is known."""

    def __call__(
        self,
        view: "ApiView",
        post: Callable[..., Response],
        request: Request,
        /,
        *args: Any,
        **kwargs: Any,
    ) -> Response:
        """Answer by `post(request, ...)`, or by what it answered before."""
        ...


class ApiView(APIView):
    """Base of the public API's views.

    `scopes` names the scope that each method needs; a method that is not in it needs a key alone.

    `idempotency` says how a POST with an `Idempotency-Key` is done once:
    `whole`     all of `post` is one transaction, opened around it; for whatever takes no time
    `own`       `post` has its service store the answer by `once` in the service's own transaction
    `streamed`  as `own`; and `post` reads the body itself and tells `once` what it was
    `max_bytes` is as far as a body is read to tell it from another.
    """

    scopes: ClassVar[Mapping[str, str]] = {}
    idempotency: ClassVar[Literal["whole", "own", "streamed"]] = "whole"
    max_bytes: ClassVar[int] = bodies.MAX_JSON_BYTES

    once: Once | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the caller, as DRF does; a POST goes through the gate from then on."""
        super().initial(request, *args, **kwargs)
        post = getattr(self, "post", None)
        if request.method == "POST" and post is not None:
            gate: Gate = conf.post_gate()
            vars(self)["post"] = partial(gate, self, post)  # a view is one request's

    def keep(self, answer: Response) -> None:
        """Store an answer for whoever sends the request again; for views that are not `whole`.

        Called back by the service, inside the transaction that does what the answer tells of.

        Raises:
            AlreadyAnswered, IdempotencyInProgress: as `Once.store`; to be let through.
        """
        if self.once is not None:
            status, body, headers = stored_form(answer)
            self.once.store(status=status, body=body, headers=headers)

    def read_body(self, model: type[Body]) -> Body:
        """Return the request's body as `model`.

        Raises:
            PixelFlowError: 400, 413, 415 or 422, as the gate finds it.
        """
        request = cast(HttpRequest, self.request)
        return bodies.parse_body(model, bodies.read_json(request))


def stored_form(answer: Response) -> tuple[int, bytes, dict[str, str]]:
    """Return status, body and headers of an answer as they are kept to be given again.

    Of the headers only those that it would not be the same without.
    """
    headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    headers["Content-Type"] = answer.content_type or JsonRenderer.media_type
    return answer.status_code, render_json(answer.data), headers


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
