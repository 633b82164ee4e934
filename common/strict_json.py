"""The strict JSON gate (TRUST.md 3.6): what passes here can be stored, listed and sent anywhere.

Refused: bytes that are no UTF-8, duplicate keys, NaN and Infinity, numbers that a browser would
read differently, more than 64 levels, NUL and lone surrogates, more than 100,000 values.
"""

import json
import math
import re
from typing import Any, Never

from common.canonical import canonical_json
from common.errors import MalformedRequest

JsonValue = dict[str, Any] | list[Any] | str | int | float | bool | None

MAX_DEPTH = 64
MAX_VALUES = 100_000
MAX_INTEGER = 2**53  # what JSON carries exactly, whoever reads it
MAX_NUMBER_LENGTH = 32  # more digits than any double or safe integer needs

_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse(raw: bytes) -> JsonValue:
    """Parse one JSON document.

    Raises:
        MalformedRequest: for anything that the module's docstring lists, or no JSON at all.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        _refuse("The body is not UTF-8.")
    if text.startswith("\ufeff"):
        _refuse("The body starts with a byte order mark.")
    _check_structure(text)
    value: JsonValue = _loads(text)
    # Raw control characters and surrogates cannot pass the decoder; only escapes can bring them.
    if "\\u" in text:
        check_text(value)
    return value


def canonical(raw: bytes) -> bytes:
    """Return one spelling of a JSON document.

    Order and spaces do not count; numbers do as they are written, so `1.0` is not `1`.

    Raises:
        MalformedRequest: as `parse`.
    """
    parse(raw)
    return canonical_json(_EXACT_DECODER.decode(raw.decode("utf-8")))


def check_text(value: object) -> None:
    """Refuse NUL and lone surrogates in any string of a JSON value, keys included.

    Raises:
        MalformedRequest: when there is one.
    """
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            _check_string(item)
        elif isinstance(item, dict):
            stack.extend(item.keys())
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def _check_string(text: str) -> None:
    if "\x00" in text:
        _refuse("A string contains NUL.")
    if _SURROGATE.search(text):
        _refuse("A string contains a lone surrogate.")


def _check_structure(text: str) -> None:
    """Count levels and values before parsing, so that a deep document costs no stack."""
    brackets = text.count("[") + text.count("{")
    if brackets <= MAX_DEPTH and brackets + text.count(",") < MAX_VALUES:
        return
    depth = values = 0
    for match in _STRUCTURE.finditer(text):
        mark = match.group()
        if mark in "[{":
            depth += 1
            values += 1
            if depth > MAX_DEPTH:
                _refuse(f"The body is nested deeper than {MAX_DEPTH} levels.")
        elif mark in "]}":
            depth -= 1
        elif mark == ",":
            values += 1
    if values > MAX_VALUES:
        _refuse(f"The body holds more than {MAX_VALUES} values.")


def _loads(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except MalformedRequest:
        raise
    except (ValueError, RecursionError) as error:
        _refuse(f"The body is not valid JSON: {error}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        _refuse("An object has the same key twice.")
    return result


def _as_written(text: str) -> dict[str, str]:
    return {"\x00": text}  # no document has such a key


def _integer(text: str) -> int:
    if len(text) > MAX_NUMBER_LENGTH or text == "-0" or abs(int(text)) > MAX_INTEGER:
        _refuse("An integer is outside ±2^53.")
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _refuse("A number is out of range.")
    return value


def _constant(name: str) -> Never:
    _refuse(f"{name} is not JSON.")


def _refuse(detail: str) -> Never:
    raise MalformedRequest(detail)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_number,
    parse_constant=_constant,
)
_EXACT_DECODER = json.JSONDecoder(parse_int=_as_written, parse_float=_as_written)
