"""The gallery's address: what its query string asks for, and the addresses of other choices.

Nothing in it is ever an error: values that nobody knows are left out, as links grow old.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from templates_gallery.types import (
    CATEGORY_KEYS,
    MAX_TEXT,
    GalleryQuery,
    GallerySort,
)

MODALITIES: Mapping[str, tuple[str, str]] = {  # title, icon
    "image": ("Image", "image"),
    "video": ("Video", "film"),
    "audio": ("Audio", "audio-lines"),
    "text": ("Text", "text"),
    "3d": ("3D", "box"),
}
SORTS: Mapping[GallerySort, str] = {
    GallerySort.RECOMMENDED: "Recommended",
    GallerySort.TRENDING: "Trending",
    GallerySort.NEW: "Newest",
    GallerySort.FORKS: "Most forked",
    GallerySort.CHEAPEST: "Cheapest",
    GallerySort.FASTEST: "Fastest",
}
CREDITS = (0, 10, 50, 100, 500)
SECONDS = (5, 15, 60, 300)
MAX_VALUES = 20  # of one filter
MAX_WORD = 80
MAX_PAGE = 10_000

_LISTS = ("category", "tag", "modality", "model", "input")


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set: what it says, and the address without it."""

    title: str
    href: str


def read_query(given: QueryDict, *, category: str = "") -> GalleryQuery:
    """Read a query string; on a shelf's page `category` is fixed."""
    return GalleryQuery(
        text=_text(given.get("q", ""), MAX_TEXT),
        categories=(category,) if category else _known(given, "category", CATEGORY_KEYS),
        tags=_words(given, "tag"),
        modalities=_known(given, "modality", MODALITIES),
        models=_words(given, "model"),
        inputs=_words(given, "input"),
        max_credits=_whole(given.get("max_credits", "")),
        max_seconds=_whole(given.get("max_seconds", "")),
        local=given.get("local", "") in ("1", "on", "true"),
        sort=_sort(given.get("sort", "")),
        page=min(max(_whole(given.get("page", "")) or 1, 1), MAX_PAGE),
    )


def write_query(query: GalleryQuery, *, category: str = "") -> str:
    """Return the query string that asks for this, as short as it can be; with `?` if not empty."""
    pairs: list[tuple[str, Any]] = [("q", query.text)]
    for name, values in _values_of(query).items():
        if not (category and name == "category"):
            pairs += [(name, value) for value in values]
    pairs += [
        ("max_credits", "" if query.max_credits is None else query.max_credits),
        ("max_seconds", "" if query.max_seconds is None else query.max_seconds),
        ("local", 1 if query.local else ""),
        ("sort", "" if query.sort is GallerySort.RECOMMENDED else query.sort.value),
        ("page", "" if query.page == 1 else query.page),
    ]
    text = urlencode([pair for pair in pairs if pair[1] != ""])
    return f"?{text}" if text else ""


def is_plain(query: GalleryQuery, *, category: str = "") -> bool:
    """Say whether the address is the list itself, unfiltered and from its beginning."""
    return not write_query(query, category=category)


def count_filters(query: GalleryQuery, *, category: str = "") -> int:
    """Return how many filters are set; a search and an order are none."""
    lists = _values_of(query)
    count = sum(
        len(values) for name, values in lists.items() if not (category and name == "category")
    )
    bounds = (query.max_credits is not None, query.max_seconds is not None, query.local)
    return count + sum(bounds)


def chips_of(
    query: GalleryQuery, titles: Mapping[tuple[str, str], str], path: str, *, category: str = ""
) -> list[Chip]:
    """Return the set filters, each with the address that leaves it out.

    `titles` are those of values by `(filter, value)`.
    """

    def href(**changes: Any) -> str:
        return path + write_query(replace(query, page=1, **changes), category=category)

    chips = [Chip(f"“{query.text}”", href(text=""))] if query.text else []
    for name, values in _values_of(query).items():
        if category and name == "category":
            continue
        for value in values:
            rest = tuple(other for other in values if other != value)
            title = titles.get((name, value), value)
            chips.append(Chip(title, href(**{_FIELDS[name]: rest})))
    if query.max_credits is not None:
        chips.append(Chip(_credits_title(query.max_credits), href(max_credits=None)))
    if query.max_seconds is not None:
        chips.append(Chip(seconds_title(query.max_seconds), href(max_seconds=None)))
    if query.local:
        chips.append(Chip("Runs without a model", href(local=False)))
    return chips


def credits_options(chosen: int | None) -> list[tuple[str, str, bool]]:
    """Return the choices of the bound on credits as `(value, title, is chosen)`."""
    values = sorted({*CREDITS, *([] if chosen is None else [chosen])})
    return [
        ("", "Any", chosen is None),
        *((str(value), _credits_title(value), value == chosen) for value in values),
    ]


def seconds_options(chosen: int | None) -> list[tuple[str, str, bool]]:
    """Return the choices of the bound on time, as `credits_options`."""
    values = sorted({*SECONDS, *([] if chosen is None else [chosen])})
    return [
        ("", "Any", chosen is None),
        *((str(value), seconds_title(value), value == chosen) for value in values),
    ]


def seconds_title(seconds: int) -> str:
    """Return a bound on time in words."""
    if seconds >= 60 and seconds % 60 == 0:
        return f"Up to {seconds // 60} min"
    return f"Up to {seconds} s"


def _credits_title(credits_: int) -> str:
    return "Free" if credits_ == 0 else f"Up to {credits_:,} cr"


_FIELDS: Mapping[str, str] = {
    "category": "categories",
    "tag": "tags",
    "modality": "modalities",
    "model": "models",
    "input": "inputs",
}


def _values_of(query: GalleryQuery) -> dict[str, tuple[str, ...]]:
    return {name: getattr(query, _FIELDS[name]) for name in _LISTS}


def _text(text: str, length: int) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:length]


def _words(given: QueryDict, name: str) -> tuple[str, ...]:
    return _several(_text(value, MAX_WORD) for value in given.getlist(name)[:MAX_VALUES])


def _known(given: QueryDict, name: str, known: Iterable[str]) -> tuple[str, ...]:
    wanted: Sequence[str] = given.getlist(name)[:MAX_VALUES]
    return _several(value for value in wanted if value in known)


def _several(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _whole(text: str) -> int | None:
    """Return a number from 0 on of up to nine digits; None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _sort(text: str) -> GallerySort:
    return GallerySort(text) if text in SORTS else GallerySort.RECOMMENDED
