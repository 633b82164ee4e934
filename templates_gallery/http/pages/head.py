"""What search engines and link previews read of the gallery's pages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from templates_gallery.conf import public_url
from templates_gallery.templatetags.gallery import alt_of
from templates_gallery.types import Category, ExampleMedia, TemplateCard, TemplateDetail
from workflows.api import Step

BRAND = "Pixelflow"
MAX_TITLE = 60
MAX_DESCRIPTION = 155
MAX_STEPS = 30
MADE_BY_MODEL = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
MADE_BY_RULES = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a page; addresses are absolute. `picture` is that of shared links."""

    title: str
    description: str
    canonical: str
    picture: str
    picture_alt: str
    is_indexed: bool = True
    structured: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


def head_of_list(
    *, category: Category | None, cards: Iterable[TemplateCard], count: int, is_plain: bool
) -> Head:
    """Return the head of the gallery or of a shelf; filtered lists are followed, not indexed."""
    base = public_url()
    path = f"/templates/c/{category.key}" if category else "/templates"
    picture = f"/og/collection/{category.key}.png" if category else "/og/page/templates.png"
    name = f"{category.title} templates" if category else "AI workflow templates"
    told = (
        category.summary if category else "Run one in the playground, fork it, call it as an API."
    )
    crumbs = [("Templates", "/templates"), *([(category.title, path)] if category else [])]
    return Head(
        title=cut_title(f"{name} | {BRAND}"),
        description=cut(
            f"{count} {'template' if count == 1 else 'templates'} with real results, price and time. "
            f"{told}",
            MAX_DESCRIPTION,
        ),
        canonical=base + path,
        picture=base + picture,
        picture_alt=f"{name} on {BRAND}",
        is_indexed=is_plain,
        structured=(_crumbs(base, crumbs), _item_list(base, name, cards)),
    )


def head_of_template(detail: TemplateDetail, steps: Sequence[Step], costs: str) -> Head:
    """Return the head of a template's page; `costs` are credits and time in words."""
    base, card = public_url(), detail.card
    canonical = f"{base}/templates/{card.slug}"
    crumbs = [
        ("Templates", "/templates"),
        (card.category_title, f"/templates/c/{card.category}"),
        (card.title, f"/templates/{card.slug}"),
    ]
    structured: list[Mapping[str, Any]] = [
        _crumbs(base, crumbs),
        _how_to(card, steps, canonical),
    ]
    if card.cover is not None and card.cover.kind in ("image", "mask"):
        structured.append(_image(base, card, card.cover))
    return Head(
        title=template_title(card.title),
        description=_with_end(card.description, costs, MAX_DESCRIPTION),
        canonical=canonical,
        picture=f"{base}/og/template/{card.slug}.png?v={card.version}",
        picture_alt=alt_of(card),
        is_indexed=detail.status == "listed",
        structured=tuple(structured),
    )


def template_title(title: str) -> str:
    """Return a page's title with as much of our name as fits."""
    for end in (f" – template | {BRAND}", f" | {BRAND}"):
        if len(title) + len(end) <= MAX_TITLE:
            return title + end
    return cut(title, MAX_TITLE)


def cut_title(title: str) -> str:
    """Return a title of at most 60 characters; our name goes first where it does not fit."""
    return title if len(title) <= MAX_TITLE else cut(title.rpartition(" | ")[0], MAX_TITLE)


def cut(text: str, length: int) -> str:
    """Return at most so many characters, cut at a word."""
    if len(text) <= length:
        return text
    return text[: length - 1].rsplit(" ", 1)[0].rstrip(" ,;.–-") + "…"


def _with_end(text: str, end: str, length: int) -> str:
    return f"{cut(text, length - len(end) - 1)} {end}" if end else cut(text, length)


def _crumbs(base: str, crumbs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": number, "name": name, "item": base + path}
            for number, (name, path) in enumerate(crumbs, 1)
        ],
    }


def _item_list(base: str, name: str, cards: Iterable[TemplateCard]) -> dict[str, Any]:
    return {
        "@type": "ItemList",
        "name": name,
        "itemListElement": [
            {
                "@type": "ListItem",
                "position": number,
                "name": card.title,
                "url": f"{base}/templates/{card.slug}",
            }
            for number, card in enumerate(cards, 1)
        ],
    }


def _how_to(card: TemplateCard, steps: Sequence[Step], url: str) -> dict[str, Any]:
    return {
        "@type": "HowTo",
        "name": card.title,
        "description": card.description,
        "url": url,
        "totalTime": f"PT{max(1, round(card.usual_ms / 1_000))}S",
        "step": [
            {
                "@type": "HowToStep",
                "position": number,
                "name": step.title,
                "text": ". ".join(part for part in (step.type, step.text) if part),
            }
            for number, step in enumerate(steps[:MAX_STEPS], 1)
        ],
    }


def _image(base: str, card: TemplateCard, media: ExampleMedia) -> dict[str, Any]:
    """Describe the result, and say whether a model made it or rules changed a picture."""
    url = media.url if "://" in media.url else base + media.url
    made: dict[str, Any] = {
        "@type": "ImageObject",
        "contentUrl": url,
        "name": card.title,
        "caption": alt_of(card),
        "creator": {"@type": "Organization", "name": card.author},
        "creditText": card.author,
        "digitalSourceType": MADE_BY_MODEL if card.model_keys else MADE_BY_RULES,
    }
    if card.licence in LICENCES:
        made |= {"license": LICENCES[card.licence], "acquireLicensePage": LICENCES[card.licence]}
    if media.width and media.height:
        made |= {"width": media.width, "height": media.height}
    return made


LICENCES: Mapping[str, str] = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "MIT": "https://opensource.org/license/mit",
    "Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
}
