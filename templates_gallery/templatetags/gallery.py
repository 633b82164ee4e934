"""Figures in words, Markdown, and structured data, for the gallery's pages and those of workflows."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from common.prose import prose_parser
from templates_gallery.types import CATEGORIES, ExampleView, TemplateCard
from workflows.api import shape_of

register = template.Library()

KIND_ICONS: Mapping[str, str] = {
    "image": "image",
    "mask": "scan",
    "video": "film",
    "audio": "audio-lines",
    "text": "text",
    "choice": "list",
    "number": "hash",
    "integer": "hash",
    "boolean": "toggle-left",
    "json": "braces",
    "model3d": "box",
    "list": "list",
}

_MARKDOWN = prose_parser()


@register.filter
def compact(number: int) -> str:
    """Write a count in at most four characters: 950, 3.1k, 12k, 4.5M."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            part = number / size
            return f"{part:.1f}".removesuffix(".0") + unit if part < 10 else f"{part:.0f}{unit}"
    return str(number)


@register.filter
def duration(milliseconds: int | None) -> str:
    """Write how long something takes: under 1 s, 9 s, 1 min 20 s, 2 h."""
    if milliseconds is None:
        return ""
    seconds = round(milliseconds / 1_000)
    if seconds < 1:
        return "under 1 s"
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


@register.filter
def kind_icon(kind: str) -> str:
    """Return the icon of a kind of value; that of its elements for a list."""
    return KIND_ICONS.get(kind.removeprefix("list[").rstrip("]"), "circle")


@register.filter
def category_icon(key: str) -> str:
    """Return the icon of a shelf."""
    return next((category.icon for category in CATEGORIES if category.key == key), "workflow")


@register.filter
def run_path(card: TemplateCard) -> str:
    """Return the address of a template's playground."""
    return f"/templates/{card.slug}/run"


@register.filter
def alt_of(card: TemplateCard) -> str:
    """Return what stands for a template's result where it is not seen."""
    return f"Example result of {card.title}"


@register.filter
def is_new(card: TemplateCard, since: datetime | None) -> bool:
    """Say whether a template was listed after a moment; without one, no."""
    return bool(since and card.listed_at and card.listed_at > since)


@register.filter
def percent(share: float | None) -> str:
    """Write a share of 0 to 1 in percent."""
    return "" if share is None else f"{share * 100:.0f} %"


@register.filter
def as_json(value: Any) -> str:
    """Write a value as JSON that people read."""
    return json.dumps(value, ensure_ascii=False, indent=2)


@register.filter
def is_structured(value: Any) -> bool:
    """Say whether a value is a list or an object."""
    return isinstance(value, list | dict)


@register.filter
def has_media_inputs(example: ExampleView) -> bool:
    """Say whether an example was made from files, which are looked at and not read."""
    return any(value.media for value in example.inputs)


@register.filter
def port_class(kind: str) -> str:
    """Return the colour by which a kind of value goes: that of its elements for a list."""
    return shape_of(kind)[0]


@register.simple_tag
def port_shape(kind: str) -> SafeString:
    """Draw the shape by which a kind of value goes, around 0,0 and 12 wide."""
    return SafeString(shape_of(kind)[1])


@register.filter
def in_words(value: Any) -> str:
    """Write a text as it is, any other value as JSON."""
    return value if isinstance(value, str) else str(as_json(value))


@register.filter
def markdown(text: str) -> SafeString:
    """Render Markdown without any markup of its own; headings begin below the page's."""
    return mark_safe(_rendered(text))  # noqa: S308 - html is off, so all that is not ours is escaped


@lru_cache(maxsize=256)
def _rendered(text: str) -> str:
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("rel", "nofollow ugc noopener")
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))
