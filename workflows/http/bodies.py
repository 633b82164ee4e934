"""Reading bodies that hold a graph."""

from typing import TypeVar

from django.http import HttpRequest
from pydantic import BaseModel

from common.canonical import canonical_json
from common.errors import TooLarge
from common.http.body import MAX_JSON_BYTES, parse_body, read_json
from workflows.graphs.document import check_size

Body = TypeVar("Body", bound=BaseModel)

# Read this far to tell a graph over its limit (422) from a body over the limit of bodies (413).
TELL_APART_BYTES = 2 * MAX_JSON_BYTES
_AROUND_BYTES = MAX_JSON_BYTES // 4  # name, description, and the spaces of a JSON writer


def read_graph_body(request: HttpRequest, model: type[Body]) -> Body:
    """Return a body whose `graph` may be the one thing in it that is too large.

    A graph may fill the limit of bodies alone, so there is some room beside it.

    Raises:
        InvalidGraph: the graph is over 1 MiB.
        PixelFlowError: 400, 413, 415 or 422, as for any body.
    """
    length = _declared_length(request)
    if not MAX_JSON_BYTES < length <= TELL_APART_BYTES:
        return parse_body(model, read_json(request))
    value = read_json(request, limit=TELL_APART_BYTES)
    graph = value.get("graph") if isinstance(value, dict) else None
    check_size(graph)
    if length - len(canonical_json(graph)) > _AROUND_BYTES:
        raise TooLarge(f"The body is over {MAX_JSON_BYTES} bytes.", limitBytes=MAX_JSON_BYTES)
    return parse_body(model, value)


def _declared_length(request: HttpRequest) -> int:
    declared = str(request.META.get("CONTENT_LENGTH") or "")
    return int(declared[:12]) if declared.isdecimal() else 0
