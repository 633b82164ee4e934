"""Reading what providers answer: untrusted JSON, of which any part may lack or be of another kind.

A place is named by keys and indices: `get_str(answer, "data", 0, "url")`. `get_…` gives None (or
nothing of its kind) where there is no such thing, `need_…` raises.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from executor.providers.base import ResultFile
from executor.providers.errors import Unanswered

MAX_TEXT = 200_000  # characters of a text that is passed on (TRUST.md P7)
MAX_WORDS = 300  # characters of a provider's own words in an error message
MAX_LEVELS = 48  # of JSON that is passed on; `common.strict_json` stores 64, with what is around it
MAX_INTEGER = 2**53

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_HOST = r"\b(?:[\w-]+\.)+(?:com|net|org|io|ai|dev|run|app|cloud|local)\b(?:[:/]\S*)?"
_ADDRESS = re.compile(rf"\b[a-z][a-z0-9+.-]*://\S+|{_HOST}", re.IGNORECASE)
_SECRET = re.compile(r"\b(?=[\w-]*\d)[\w*-]{20,}")

_FENCE = "```"

Place = str | int


def get_any(value: Any, *place: Place) -> Any:
    """Return what stands at a place; None where nothing does."""
    for step in place:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def get_str(value: Any, *place: Place) -> str | None:
    """Return the text at a place, without what cannot be stored; None for none or an empty one."""
    found = get_any(value, *place)
    return (clean_text(found) or None) if isinstance(found, str) else None


def get_number(value: Any, *place: Place) -> int | float | None:
    """Return the finite number at a place; `true` is none."""
    found = get_any(value, *place)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return found if abs(found) <= MAX_INTEGER else None  # false of NaN, too


def get_list(value: Any, *place: Place) -> list[Any]:
    """Return the list at a place, empty where there is none."""
    found = get_any(value, *place)
    return found if isinstance(found, list) else []


def get_dict(value: Any, *place: Place) -> dict[str, Any]:
    """Return the object at a place, empty where there is none."""
    found = get_any(value, *place)
    return found if isinstance(found, dict) else {}


def need_str(value: Any, *place: Place) -> str:
    """Return the text at a place.

    Raises:
        Unanswered: there is none.
    """
    found = get_str(value, *place)
    if found is None:
        raise _lacks("text", place)
    return found


def need_number(value: Any, *place: Place) -> int | float:
    """Return the number at a place.

    Raises:
        Unanswered: there is none.
    """
    found = get_number(value, *place)
    if found is None:
        raise _lacks("number", place)
    return found


def need_list(value: Any, *place: Place) -> list[Any]:
    """Return the list at a place, which has something in it.

    Raises:
        Unanswered: there is none, or an empty one.
    """
    found = get_list(value, *place)
    if not found:
        raise _lacks("list", place)
    return found


def need_dict(value: Any, *place: Place) -> dict[str, Any]:
    """Return the object at a place.

    Raises:
        Unanswered: there is none.
    """
    found = get_any(value, *place)
    if not isinstance(found, dict):
        raise _lacks("object", place)
    return found


def need_numbers(value: Any, *place: Place) -> list[float]:
    """Return the numbers of the list at a place, of which there is one at least.

    Raises:
        Unanswered: there is none, or something in it is no number.
    """
    listed = need_list(value, *place)
    numbers = [number for number in map(get_number, listed) if number is not None]
    if len(numbers) != len(listed):
        raise _lacks("list of numbers", place)
    return numbers


def need_bytes(value: Any, *place: Place) -> bytes:
    """Return the bytes that stand at a place as base64, with or without a data URI's head.

    Raises:
        Unanswered: there are none.
    """
    found = get_any(value, *place)
    if not isinstance(found, str) or not found:
        raise _lacks("base64", place)
    head, mark, tail = found.partition(";base64,") if found.startswith("data:") else ("", "", found)
    try:
        content = base64.b64decode(tail if mark else head + tail, validate=True)
    except (binascii.Error, ValueError):
        raise _lacks("base64", place) from None
    return content


def file_in(value: Any, *place: Place, kind: str) -> ResultFile:
    """Return the file that stands at a place as base64.

    Raises:
        Unanswered: there is none.
    """
    return ResultFile(kind, data=need_bytes(value, *place))


def file_at(value: Any, *place: Place, kind: str, needs_key: bool = False) -> ResultFile:
    """Return the file whose URL stands at a place.

    Raises:
        Unanswered: there is none.
    """
    return ResultFile(kind, url=need_str(value, *place), needs_key=needs_key)


def image_in(item: Any) -> ResultFile:
    """Return a picture as OpenAI's API has it, and others: in base64 at `b64_json`, or by `url`.

    Raises:
        Unanswered: there is none.
    """
    if get_any(item, "b64_json"):
        return file_in(item, "b64_json", kind="image")
    return file_at(item, "url", kind="image")


def json_in(text: str) -> Any:
    """Return the JSON that a model wrote, in a fence or bare; None where it wrote none."""
    try:
        return clean_json(json.loads(_unfenced(text)))
    except (ValueError, RecursionError):
        return None


def words(text: str, usage: Mapping[str, Any], *, wants_json: bool = False) -> dict[str, Any]:
    """Return the data of an answer in words; JSON that was wanted is `json`, and bare in `text`."""
    text = clean_text(text)
    data = {"text": text, "usage": known(usage)}
    made = json_in(text) if wants_json else None
    return data if made is None else {**data, "text": _unfenced(text), "json": made}


def _unfenced(text: str) -> str:
    """Return what stands in the first fence of JSON, or all; in one pass, for texts of any making."""
    for inside in text.split(_FENCE)[1:-1:2]:
        head, line, rest = inside.partition("\n")
        if line and head.strip() in ("", "json"):
            return rest.strip()
    return text


def known(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of some facts that are not None, as for `usage`."""
    return {name: value for name, value in facts.items() if value is not None}


def clean_text(text: str, most: int = MAX_TEXT) -> str:
    """Return a text that can be stored: no NUL, no lone surrogate, `most` characters."""
    return _UNSTORABLE.sub("", text[:most])


def clean_json(value: Any, levels: int = MAX_LEVELS) -> Any:
    """Return JSON that can be stored: texts are clean, numbers finite and exact, depth is bounded."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return get_number(value)
    if levels == 0:
        return None
    if isinstance(value, list):
        return [clean_json(item, levels - 1) for item in value]
    if isinstance(value, dict):
        return {clean_text(str(key)): clean_json(item, levels - 1) for key, item in value.items()}
    return None


def provider_words(said: Any, otherwise: str = "The provider refused these inputs.") -> str:
    """Return a provider's own words for customers: a short line without addresses and keys."""
    if not isinstance(said, str):
        return otherwise
    text = _CONTROL.sub(" ", clean_text(said, 4 * MAX_WORDS))
    text = _SECRET.sub("…", _ADDRESS.sub("…", text))
    text = " ".join(text.split())
    return (text if len(text) <= MAX_WORDS else text[: MAX_WORDS - 1] + "…") or otherwise


def _lacks(what: str, place: tuple[Place, ...]) -> Unanswered:
    return Unanswered(f"the answer has no {what} at {'.'.join(map(str, place))}")
