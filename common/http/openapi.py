"""Parts of the OpenAPI document that the views of all apps share.

Named by a setting and imported by DRF with its views: nothing here may import `common.http.drf`.
"""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from common.http.problem import CONTENT_TYPE
from common.http.schema import Problem
from common.ids import ALPHABET, BODY_LENGTH

CURSOR = OpenApiParameter("cursor", str, description="`nextCursor` of the page before.")
LIMIT = OpenApiParameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": 100},
    description="Items on a page; 25 if left out.",
)

KEY_PROBLEMS = (401, 403)


def id_schema(prefix: str) -> dict[str, str]:
    """Return the schema of an id with this prefix."""
    return {"type": "string", "pattern": f"^{prefix}_[{ALPHABET}]{{{BODY_LENGTH}}}$"}


def problems(*statuses: int) -> dict[tuple[int, str], type[Problem]]:
    """Return the error answers of an operation, each a problem document."""
    return {(status, CONTENT_TYPE): Problem for status in statuses}


IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "1 to 255 printable ASCII characters, bare or as a quoted string. The first "
    "answer of 2xx is kept for 24 hours; the same request under the same key gets it again, byte "
    "for byte and with `Idempotent-Replayed: true`, and nothing is done twice.",
    "schema": {
        "type": "string",
        "pattern": r'^("([ !#-\[\]-~]|\\["\\]){1,255}"|[!#-~]([ -~]{0,253}[!-~])?)$',
    },
}

_REPLAYED: dict[str, Any] = {
    "description": "The answer was given before, under the same `Idempotency-Key`.",
    "schema": {"type": "string", "enum": ["true"]},
}
_ADDED = {
    "400": "`malformed_request`",
    "409": "`idempotency_in_progress`: a request with this `Idempotency-Key` is being carried out; "
    "try again after `Retry-After`.",
    "422": "`idempotency_key_reused`: the `Idempotency-Key` is that of another request.",
}


class ApiSchema(AutoSchema):
    """Describes a view; every POST that takes a key takes an `Idempotency-Key` as well."""

    def map_parsers(self) -> list[Any]:
        """Return the types of bodies: `common.http.body` reads them, and knows JSON alone."""
        return ["application/json"]

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Return the operation object, None for one that is left out."""
        operation = super().get_operation(*args, **kwargs)
        if operation and self.method == "POST" and not getattr(self.view, "public", False):
            _add_idempotency(operation)
        return operation


def _add_idempotency(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    answers = operation["responses"]
    for status, answer in answers.items():
        if status.startswith("2"):
            answer.setdefault("headers", {})["Idempotent-Replayed"] = _REPLAYED
    for status, description in _ADDED.items():
        answer = answers.setdefault(status, {"content": {CONTENT_TYPE: {"schema": _PROBLEM}}})
        told = answer.get("description", "")
        answer["description"] = f"{told}\n\n{description}".strip()


_PROBLEM = {"$ref": f"#/components/schemas/{Problem.__name__}"}
