"""Values written down as JSON, so that another process can go on with them.

Plain JSON is `{"v": …}`, a file `{"m": {…}}`, a list with files or holes in it `{"l": […]}` (a hole
is null), a value that was not kept `{"x": true}`. What a customer sent stays inside `v`, so no input can pose as a file.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from workflows.catalogue.values import MEDIA_CLASSES, Media
from workflows.graphs.shapes import Shape, nest


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

_FIELDS = (
    "content_type",
    "file_id",
    "bytes",
    "width",
    "height",
    "duration_s",
    "draft",
    "quality",
    "sha256",
)


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
    """Return a form as the API shows it: files by `media`, holes left out.

    A list inside another all of whose elements are holes is one itself.
    """
    if "m" in form:
        return media(form["m"])
    if "l" in form:
        return [render(item, media) for item in form["l"] if not _is_hole(item)]
    return form.get("v")


def without_holes(value: Any, levels: int) -> Any:
    """Return a list without the holes in its outer `levels` levels; `ABSENT` if nothing is left.

    A list that was empty from the start stays.
    """
    if levels == 0 or value is ABSENT or not value:
        return value
    found = [without_holes(item, levels - 1) for item in value]
    return [item for item in found if item is not ABSENT] or ABSENT


def chunk_length(form: Mapping[str, Any]) -> int:
    """Return how many elements a list form has."""
    return len(form["l"] if "l" in form else form["v"])


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


def nest_form(form: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """Return a mapped node's list in the lists that its elements belong to."""
    items = form["l"] if "l" in form else [{"v": item} for item in form["v"]]
    return _nested_form(nest(items, shape))


def _nested_form(items: list[Any]) -> dict[str, Any]:
    # What is no list is an element, or a hole.
    inner = [_nested_form(item) if isinstance(item, list) else item for item in items]
    if all(item is not None and "v" in item for item in inner):
        return {"v": [item["v"] for item in inner]}
    return {"l": inner}


def is_kept(form: Mapping[str, Any]) -> bool:
    """Say whether a form holds its whole value."""
    if "l" in form:
        return all(item is None or is_kept(item) for item in form["l"])
    return "x" not in form


def _is_hole(form: Mapping[str, Any] | None) -> bool:
    if form is None:
        return True
    return bool(form.get("l")) and all(_is_hole(item) for item in form["l"])


def _is_plain(items: list[Any]) -> bool:
    return all(
        item is not ABSENT
        and item is not UNKEPT
        and not isinstance(item, Media)
        and (not isinstance(item, list) or _is_plain(item))
        for item in items
    )
