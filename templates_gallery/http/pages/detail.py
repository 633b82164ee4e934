"""`/templates/<slug>`: a template with its results, graph, examples, API and versions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from common.clock import SYSTEM_CLOCK
from common.errors import Gone, NotFound
from templates_gallery.api import TemplateDetail, get_template, related
from templates_gallery.conf import public_url
from templates_gallery.http.pages.head import LICENCES, head_of_template
from templates_gallery.http.pages.visitor import viewer_of
from templates_gallery.templatetags.gallery import duration
from templates_gallery.types import (
    NEW_FOR,
    ExampleMedia,
    ExampleValue,
    ExampleView,
    ReportReason,
    TemplateCard,
)
from workflows.api import (
    Catalogue,
    Drawing,
    call_snippets,
    draw_graph,
    get_catalogue,
    response_sample,
    sample_inputs,
)

DRAWINGS_KEPT = 256
RELATED = 6
PLACEHOLDER = "YOUR_WORKFLOW_ID"

REASONS: Mapping[str, str] = {
    ReportReason.BROKEN: "It does not work",
    ReportReason.MISLEADING: "The result is not what the page promises",
    ReportReason.RIGHTS: "It infringes somebody's rights",
    ReportReason.UNSAFE: "It is harmful or unsafe",
    ReportReason.SPAM: "It is spam",
    ReportReason.OTHER: "Something else",
}


@dataclass(frozen=True, slots=True)
class Field:
    """An input or output as the table of the interface shows it."""

    name: str
    title: str
    kind: str
    is_required: bool
    default: str
    help: str
    bounds: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture and the one that it was made from, for comparing."""

    before: ExampleMedia
    after: ExampleMedia


@require_safe
def template_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a template; 410 for one that was removed."""
    try:
        detail = get_template(slug, viewer=viewer_of(request), pending="preview" in request.GET)
    except NotFound as error:
        raise Http404 from error
    except Gone:
        return gone_page(request, slug)
    response = render(request, "templates_gallery/detail.html", _shown(detail))
    patch_cache_control(response, private=True, max_age=0)
    return response


def gone_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Say that a template was removed, and what is there instead."""
    shown = {"related": related(slug, 3)}
    return render(request, "templates_gallery/gone.html", shown, status=410)


def _shown(detail: TemplateDetail) -> dict[str, Any]:
    card, version = detail.card, detail.version
    drawing = draw(version.graph, card.title)
    example = version.examples[0] if version.examples else None
    inputs = sample_inputs(version.input_schema, _plain_inputs(example))
    return {
        "detail": detail,
        "card": card,
        "drawing": drawing,
        "example": example,
        "pair": pair_of(example),
        "inputs": fields_of(version.input_schema),
        "outputs": fields_of(version.output_schema),
        "snippets": call_snippets(public_url(), PLACEHOLDER, inputs),
        "response": json.dumps(
            response_sample(version.output_schema), ensure_ascii=False, indent=2
        ),
        "endpoint": f"{public_url()}/api/v1/workflows/{PLACEHOLDER}/execute",
        "placeholder": PLACEHOLDER,
        "related": related(card.slug, RELATED),
        "reasons": REASONS.items(),
        "licence_url": LICENCES.get(card.licence, ""),
        "stars": range(1, 6),
        "new_since": SYSTEM_CLOCK.now() - NEW_FOR,
        "head": head_of_template(detail, drawing.steps, costs_of(card)),
    }


def draw(graph: Mapping[str, Any], title: str) -> Drawing:
    """Return a graph's drawing; those drawn last are kept."""
    return _drawn(json.dumps(graph, sort_keys=True), title, get_catalogue())


@lru_cache(maxsize=DRAWINGS_KEPT)
def _drawn(graph: str, title: str, catalogue: Catalogue) -> Drawing:
    return draw_graph(json.loads(graph), catalogue, title=f"Graph of {title}")


def costs_of(card: TemplateCard) -> str:
    """Return what a run costs and how long it takes, in words."""
    price = f"~{card.usual_credits:,} credits" if card.usual_credits else "Free to run"
    return f"{price}, {'~' if card.usual_ms >= 500 else ''}{duration(card.usual_ms)}."


def pair_of(example: ExampleView | None) -> Pair | None:
    """Return the one picture that went in and the first that came out, where it is so simple."""
    if example is None:
        return None
    given = [value.media[0] for value in example.inputs if _is_one_picture(value)]
    made = [value.media[0] for value in example.outputs if _is_one_picture(value)]
    if len(given) != 1 or not made:
        return None
    before, after = given[0], made[0]
    if not (before.width and before.height and after.width and after.height):
        return None
    ratio = (before.width / before.height) / (after.width / after.height)
    return Pair(before, after) if 0.95 < ratio < 1.05 else None


def _is_one_picture(value: ExampleValue) -> bool:
    return len(value.media) == 1 and value.media[0].kind == "image"


def _plain_inputs(example: ExampleView | None) -> Mapping[str, Any]:
    return example.given if example else {}


def fields_of(schema: Mapping[str, Any]) -> Sequence[Field]:
    """Return the rows of an interface's table, in their order."""
    required = set(schema.get("required", ()))
    return [
        Field(
            name,
            part.get("title", name),
            part.get("x-kind", "any"),
            name in required,
            _default_of(part),
            part.get("description", ""),
            _bounds_of(part),
        )
        for name, part in schema.get("properties", {}).items()
    ]


def _default_of(part: Mapping[str, Any]) -> str:
    if part.get("default") in (None, ""):
        return ""
    value = part["default"]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _bounds_of(part: Mapping[str, Any]) -> str:
    if part.get("enum"):
        return ", ".join(str(choice) for choice in part["enum"])
    low, high = part.get("minimum"), part.get("maximum")
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None:
        return f"at least {low:g}"
    if high is not None:
        return f"at most {high:g}"
    return f"up to {part['maxLength']:,} characters" if part.get("maxLength") else ""
