"""`/terms`, `/privacy`, `/content-policy`: texts that staff edit in the admin, as pages of prose."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.api import POLICIES, get_policy
from common.prose import prose_parser

_MARKDOWN = prose_parser()


@dataclass(frozen=True, slots=True)
class Prose:
    """A text as HTML, and its headings with their anchors."""

    html: str
    headings: tuple[tuple[str, str], ...]


@require_safe
def policy_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a policy with its version and date."""
    policy = get_policy(slug)
    shown: dict[str, Any] = {
        "policy": policy,
        "prose": render_prose(policy.body),
        "others": [(other, title) for other, title in POLICIES.items() if other != slug],
    }
    return render(request, "pixelflow_site/policy.html", shown)


@lru_cache(maxsize=16)
def render_prose(text: str) -> Prose:
    """Return Markdown as HTML whose headings of the second rank have anchors.

    A heading of the first rank becomes one of the second: a page has its own.
    """
    tokens = _MARKDOWN.parse(text)
    headings: dict[str, str] = {}
    for number, token in enumerate(tokens):
        if token.type in ("heading_open", "heading_close") and token.tag == "h1":
            token.tag = "h2"
        if token.type == "heading_open" and token.tag == "h2":
            title = _plain(tokens[number + 1].children or [])
            anchor = _anchor(title, headings)
            headings[anchor] = title
            token.attrSet("id", anchor)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return Prose(str(html), tuple(headings.items()))


def _plain(tokens: list[Any]) -> str:
    return "".join(token.content for token in tokens)


def _anchor(title: str, taken: dict[str, str]) -> str:
    """Return a heading's anchor, one that no heading before it has."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "part"
    anchor, number = words, 1
    while anchor in taken:
        number += 1
        anchor = f"{words}-{number}"
    return anchor
