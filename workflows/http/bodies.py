"""Reading bodies that hold a graph."""

from typing import TypeVar, cast

from django.http import HttpRequest
from pydantic import BaseModel
from rest_framework.request import Request

from common.errors import TooLarge
from common.http.body import MAX_JSON_BYTES, parse_body, read_json
from workflows.graphs.document import check_size

Body = TypeVar("Body", bound=BaseModel)

# Read this far to tell a graph over its limit (422) from a body over the limit of bodies (413).
_TELL_APART_BYTES = 2 * MAX_JSON_BYTES


def read_graph_body(request: Request, model: type[Body]) -> Body:
    """Return a body whose `graph` may be the one thing in it that is too large.

    Raises:
        InvalidGraph: the graph is over 1 MiB.
        PixelFlowError: 400, 413, 415 or 422, as for any body.
    """
    plain = cast(HttpRequest, request)
    if not _is_slightly_large(plain):
        return parse_body(model, read_json(plain))
    value = read_json(plain, limit=_TELL_APART_BYTES)
    if isinstance(value, dict):
        check_size(value.get("graph"))
    raise TooLarge(f"The body is over {MAX_JSON_BYTES} bytes.", limitBytes=MAX_JSON_BYTES)


def _is_slightly_large(request: HttpRequest) -> bool:
    declared = str(request.META.get("CONTENT_LENGTH") or "")
    return declared.isdecimal() and MAX_JSON_BYTES < int(declared[:12]) <= _TELL_APART_BYTES
