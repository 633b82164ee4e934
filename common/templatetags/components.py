"""Tags and filters behind the components: icons, states, initials, numbers, page links."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.core.paginator import Page
from django.template.context import Context
from django_vite.core.asset_loader import DjangoViteAssetLoader

register = template.Library()

SPRITE = "src/site/icons.svg"
TONE_ICONS = {
    "ok": "circle-check",
    "warn": "triangle-alert",
    "err": "circle-x",
    "info": "info",
    "accent": "info",
}


@dataclass(frozen=True, slots=True)
class Look:
    """How a state of a run or node is shown: never by colour alone."""

    state: str
    label: str
    icon: str = ""
    motion: str = ""


LOOKS = {
    look.state: look
    for look in (
        Look("idle", "Not run"),
        Look("queued", "Queued", "clock"),
        Look("running", "Running", "loader-circle", "spin"),
        Look("waiting", "Waiting for review", "hand"),
        Look("cached", "Cached", "zap"),
        Look("succeeded", "Succeeded", "circle-check"),
        Look("failed", "Failed", "circle-x"),
        Look("skipped", "Skipped", "circle-slash"),
        Look("cancelled", "Cancelled", "square"),
        Look("stale", "Changed since the last run", "history"),
        Look("pinned", "Pinned", "pin"),
    )
}
# The API's words for what this page calls by another.
OTHER_WORDS = {
    "pending": "queued",
    "completed": "succeeded",
    "canceled": "cancelled",
    "timed_out": "failed",
    "awaiting_review": "waiting",
}


@dataclass(frozen=True, slots=True)
class PortLook:
    """Which shape and colour a port has; `is_list` draws its outline twice."""

    type: str
    is_list: bool


PORT_TYPES = frozenset({"image", "mask", "video", "audio", "text", "number", "boolean", "json"})


@register.filter
def port_look(kind: str) -> PortLook:
    """Return the look of a port's kind, such as `image` or `list[text]`."""
    inner = str(kind).removeprefix("list[").rstrip("]").replace("list[", "")
    name = "number" if inner == "integer" else inner
    return PortLook(name if name in PORT_TYPES else "any", str(kind).startswith("list["))


@register.simple_tag
def icon_url(name: str) -> str:
    """Return the address of one icon in the sprite that the front end's build made."""
    address = DjangoViteAssetLoader.instance().generate_vite_asset_url(SPRITE)
    return f"{address}#{name}"


@register.filter
def status_look(state: str) -> Look:
    """Return how a state is shown; a word that is not known stands for itself."""
    word = str(state).lower()
    word = OTHER_WORDS.get(word, word)
    return LOOKS.get(word) or Look("idle", word.replace("_", " ").capitalize())


@register.filter
def tone_icon(tone: str) -> str:
    """Return the icon of an alert's tone."""
    return TONE_ICONS.get(tone, "info")


@register.filter
def initials(name: str) -> str:
    """Return up to two letters that stand for a name."""
    words = [word for word in str(name).replace("@", " ").replace(".", " ").split() if word]
    return "".join(word[0] for word in words[:2]) or "?"


@register.filter
def thin(number: Any) -> str:
    """Write a whole number with no-break spaces between thousands."""
    try:
        return f"{int(number):,}".replace(",", "\u00a0")
    except (TypeError, ValueError):
        return str(number)


@register.filter
def page_numbers(page: Page[Any]) -> list[int | None]:
    """Return the numbers to link: the ends, the neighbours; None where some are left out."""
    last = page.paginator.num_pages
    near = {1, last, *range(max(1, page.number - 1), min(last, page.number + 1) + 1)}
    shown: list[int | None] = []
    for number in sorted(near):
        previous = shown[-1] if shown else None
        if previous is not None and number - previous > 1:
            shown.append(None)
        shown.append(number)
    return shown


@register.simple_tag(takes_context=True)
def page_address(context: Context, number: int) -> str:
    """Return the query of the same page of a list at another number."""
    query = context["request"].GET.copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"
