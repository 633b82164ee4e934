"""Values written down as JSON, so that another process can go on with them.

Plain JSON is `{"v": …}`, a file `{"m": {…}}`, a list with files or holes in it `{"l": […]}` (a hole
is null), a value that was not kept `{"x": true}`. What a customer sent stays inside `v`, so no input can pose as a file.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from workflows.catalogue.values import MEDIA_CLASSES, Media


class Absent:
    """The type of `ABSENT`."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()  # where a branch was not taken, no value is: neither null nor false


class Unkept:
    """The type of `UNKEPT`."""

    def __repr__(self) -> str:
        return "UNKEPT"


UNKEPT: Final = Unkept()  # media between nodes, in a run that was asked to store outputs alone

_FIELDS = ("content_type", "file_id", "bytes", "width", "height", "duration_s", "draft", "quality")


def encode(value: Any) -> dict[str, Any]:
    """Return the JSON form of a value; every file in it must be stored."""
    if isinstance(value, Media):
        media = {name: getattr(value, name) for name in _FIELDS if getattr(value, name)}
        return {"m": {"kind": value.kind, **media}}
    if value is UNKEPT:
        return {"x": True}
    if isinstance(value, list) and not _is_plain(value):
        return {"l": [None if item is ABSENT else encode(item) for item in value]}
    return {"v": value}


def decode(form: Mapping[str, Any]) -> Any:
    """Return the value of a JSON form."""
    if "m" in form:
        fields = dict(form["m"])
        return MEDIA_CLASSES[fields["kind"]](**fields)
    if "l" in form:
        return [ABSENT if item is None else decode(item) for item in form["l"]]
    return UNKEPT if "x" in form else form["v"]


def render(form: Mapping[str, Any], media: Callable[[Mapping[str, Any]], Any]) -> Any:
    """Return a form as the API shows it: files by `media`, holes left out."""
    if "m" in form:
        return media(form["m"])
    if "l" in form:
        return [render(item, media) for item in form["l"] if item is not None]
    return form.get("v")


def join_chunks(forms: list[Mapping[str, Any]]) -> dict[str, Any]:
    """String the lists of a mapped node's chunks together, in their order."""
    joined: list[Any] = []
    is_plain = True
    for form in forms:
        if "l" in form:
            is_plain = False
    for form in forms:
        items = form["l"] if "l" in form else form["v"]
        joined.extend(items if is_plain or "l" in form else [{"v": item} for item in items])
    return {"v": joined} if is_plain else {"l": joined}


def is_list_form(form: Mapping[str, Any]) -> bool:
    """Say whether a form is of a list."""
    return "l" in form or isinstance(form.get("v"), list)


def length_of(form: Mapping[str, Any]) -> int:
    """Return the length of a list form."""
    return len(form["l"] if "l" in form else form["v"])


def is_kept(form: Mapping[str, Any]) -> bool:
    """Say whether a form holds its whole value."""
    if "l" in form:
        return all(item is None or is_kept(item) for item in form["l"])
    return "x" not in form


def _is_plain(items: list[Any]) -> bool:
    return all(
        item is not ABSENT
        and item is not UNKEPT
        and not isinstance(item, Media)
        and (not isinstance(item, list) or _is_plain(item))
        for item in items
    )
