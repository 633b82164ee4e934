"""The OpenAPI document: what is true of every operation is written here, once for all of them.

drf-spectacular calls `complete` with the document that it has made of the views.
"""

from collections.abc import Iterator
from typing import Any

from common.http.problem import CONTENT_TYPE

Json = dict[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")
_TEXT: Json = {"type": "string"}
_COUNT: Json = {"type": "integer", "minimum": 0}

# The edge answers these whatever the operation is.
_OF_ALL = {
    "401": "The key that was sent is no good.",
    "406": "The client takes no JSON.",
    "429": "Too many requests, or too many at once.",
    "503": "A part that this depends on is out; try again.",
}
_OF_KEYS = {"403": "The key lacks the scope, or its plan or allow lists forbid this."}
_OF_BODIES = {
    "400": "The request could not be read.",
    "413": "The body is too large.",
    "415": "The body is of another type than is taken.",
    "422": "The body can be read, and is wrong; `errors` says where.",
}

_HEADERS: dict[str, tuple[str, Json]] = {
    "X-Request-Id": (
        "The client's own, or one that was made.",
        {**_TEXT, "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    ),
    "X-RateLimit-Limit": ("Requests that the tightest window holds.", _COUNT),
    "X-RateLimit-Remaining": ("Requests that are left in it.", _COUNT),
    "X-RateLimit-Reset": ("When there is room again, in Unix seconds.", _COUNT),
    "RateLimit-Policy": ("The windows that apply, in the IETF draft's form.", _TEXT),
    "RateLimit": ("What is left in them, in the IETF draft's form.", _TEXT),
}
_RETRY_AFTER = ("Seconds to wait before the next try.", _COUNT)
_LATER = ("429", "503")


def complete(result: Json, **_: Any) -> Json:
    """Write into the document what holds for every operation."""
    for method, operation in _operations(result):
        _complete_body(operation, result["components"]["schemas"])
        _complete_path(operation)
        for status, description in _edge_answers(method, operation):
            operation["responses"].setdefault(status, _problem(description))
        _complete_headers(operation)
    return result


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for item in document["paths"].values():
        yield from ((method, item[method]) for method in _METHODS if method in item)


def _complete_body(operation: Json, schemas: Json) -> None:
    """Say whether the body may be left out; one of JSON that is empty is read as `{}`."""
    body = operation.get("requestBody")
    if body is None:
        return
    for media_type in body["content"].values():
        schema = media_type.get("schema", {})
        named = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
        body["required"] = bool(named.get("required"))


def _complete_path(operation: Json) -> None:
    """Say that numbers in paths count from 1; their converters say no more than that they are whole."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["schema"].get("type") == "integer":
            parameter["schema"].setdefault("minimum", 1)


def _edge_answers(method: str, operation: Json) -> Iterator[tuple[str, str]]:
    yield from _OF_ALL.items()
    if operation.get("security"):
        yield from _OF_KEYS.items()
    if method in ("post", "patch", "put"):
        yield from _OF_BODIES.items()


def _complete_headers(operation: Json) -> None:
    for status, response in operation["responses"].items():
        headers = response.setdefault("headers", {})
        shown = {**_HEADERS, "Retry-After": _RETRY_AFTER} if status in _LATER else _HEADERS
        for name, (description, schema) in shown.items():
            headers.setdefault(
                name, {"description": description, "schema": schema, "required": True}
            )


def _problem(description: str) -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {CONTENT_TYPE: {"schema": schema}}}
