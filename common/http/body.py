"""Reading a request body within its limit, and through the strict gate."""

import re
from io import BytesIO
from typing import TypeVar

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import UnreadablePostError
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from common import strict_json
from common.errors import (
    InvalidInputs,
    Issue,
    MalformedRequest,
    TooLarge,
    UnsupportedMediaType,
)
from common.strict_json import JsonValue

MAX_JSON_BYTES = 1024 * 1024

Body = TypeVar("Body", bound=BaseModel)

_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]*)', re.IGNORECASE)
_ITEM_CODES = {
    "extra_forbidden": "unknown_field",
    "missing": "missing",
    "literal_error": "not_allowed",
    "enum": "not_allowed",
    "string_pattern_mismatch": "not_allowed",
    "value_error": "not_allowed",
    "url_parsing": "url_not_allowed",
}
_RANGE_WORDS = (
    "greater_than",
    "less_than",
    "too_long",
    "too_short",
    "multiple_of",
    "finite_number",
)


def read_json(request: HttpRequest, *, limit: int = MAX_JSON_BYTES) -> JsonValue:
    """Return the request's JSON; an empty body is read as `{}`.

    Raises:
        UnsupportedMediaType: another content type or charset, or an encoded body.
        TooLarge: over `limit` bytes.
        MalformedRequest: not acceptable JSON.
    """
    check_encoding(request)
    raw = read_bytes(request, limit=limit)
    if not raw.strip():
        return {}
    _check_json_type(request)
    return strict_json.parse(raw)


def media_type(request: HttpRequest) -> str:
    """Return the body's content type without parameters, lower case; empty when none was sent.

    Read from the header itself: `content_type` has the parameters on DRF's requests only.
    """
    return str(request.META.get("CONTENT_TYPE") or "").partition(";")[0].strip().lower()


def _check_json_type(request: HttpRequest) -> None:
    """Take JSON, and what says nothing; JSON is UTF-8, so another charset is a mistake."""
    charset = _CHARSET.search(str(request.META.get("CONTENT_TYPE") or ""))
    if media_type(request) not in ("application/json", "") or (
        charset is not None and charset.group(1).lower() not in ("utf-8", "utf8")
    ):
        raise UnsupportedMediaType("Send application/json in UTF-8.")


def check_encoding(request: HttpRequest) -> None:
    """Refuse compressed bodies: a small one can unpack to any size.

    Raises:
        UnsupportedMediaType: for any `Content-Encoding` but identity.
    """
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedMediaType("Compressed request bodies are not taken.")


def read_bytes(request: HttpRequest, *, limit: int) -> bytes:
    """Return the whole body without ever reading past `limit` bytes.

    Raises:
        TooLarge: over `limit`, by its header or by what arrives.
        MalformedRequest: the client broke off.
    """
    try:
        declared = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError as error:
        raise MalformedRequest("Content-Length is not a number.") from error
    if declared > limit:
        raise _too_large(limit)
    try:
        raw = request.read(limit + 1)
    except RequestDataTooBig as error:
        raise _too_large(limit) from error
    except (UnreadablePostError, OSError) as error:
        raise MalformedRequest("The body broke off.") from error
    if len(raw) > limit:
        raise _too_large(limit)
    return bytes(raw)


def peek_bytes(request: HttpRequest, *, limit: int) -> bytes:
    """Return the whole body as `read_bytes` does, and leave it there to be read once more.

    Raises:
        TooLarge, MalformedRequest: as `read_bytes`.
    """
    raw = read_bytes(request, limit=limit)
    request._stream = BytesIO(raw)  # noqa: SLF001 - as Django does when `body` was read
    return raw


def parse_body(model: type[Body], value: JsonValue) -> Body:
    """Return a JSON value as a typed body; unknown fields and coerced types are refused.

    Raises:
        InvalidInputs: with one issue for each thing that is wrong.
    """
    if not isinstance(value, dict):
        raise InvalidInputs([Issue("", "wrong_kind", "The body must be a JSON object.")])
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidInputs([issue_of(item) for item in error.errors()]) from error


def pointer(location: tuple[int | str, ...]) -> str:
    """Return a JSON pointer (RFC 6901) to a place in the body."""
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in location)
    return "".join(f"/{part}" for part in parts)


def issue_of(item: ErrorDetails) -> Issue:
    """Return one of pydantic's error items as an issue with a pointer and one of our codes."""
    return Issue(pointer(item["loc"]), _code_of(item["type"]), item["msg"])


def _code_of(type_: str) -> str:
    if type_ in _ITEM_CODES:
        return _ITEM_CODES[type_]
    if any(word in type_ for word in _RANGE_WORDS):
        return "out_of_range"
    return "wrong_kind"


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is over {limit} bytes.", limitBytes=limit)
