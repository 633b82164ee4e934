"""What the public API shows of templates, as JSON values; `schemas` documents the shapes."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urljoin

from common.clock import rfc3339
from templates_gallery.conf import public_url
from templates_gallery.selectors.documents import TemplateDocument
from templates_gallery.types import ExampleMedia, ExampleValue, ExampleView, TemplateCard


def template_json(document: TemplateDocument) -> dict[str, Any]:
    """Return a template."""
    card, version = document.card, document.version
    return {
        "slug": card.slug,
        "title": card.title,
        "description": card.description,
        "category": card.category,
        "tags": list(card.tags),
        "modality": card.modality,
        "author": card.author,
        "license": card.licence,
        "official": card.is_official,
        "version": version.number,
        "graph": version.graph,
        "inputs": version.input_schema,
        "outputs": version.output_schema,
        "examples": [_example_json(example) for example in version.examples],
        "credits": {
            "estimated": card.credits,
            "max": card.max_credits,
            "median": card.median_credits,
        },
        "stats": _stats_json(card),
        "models": list(card.model_keys),
        "url": f"{public_url()}/templates/{card.slug}",
        "createdAt": rfc3339(document.created_at),
        "updatedAt": rfc3339(card.updated_at),
    }


def _stats_json(card: TemplateCard) -> dict[str, Any]:
    return {
        "runs": card.runs,
        "runsLast30Days": card.runs_30d,
        "forks": card.forks,
        "successRate": None if card.success is None else round(card.success, 4),
        "medianDurationS": None if card.median_ms is None else card.median_ms / 1_000,
        "ratings": card.ratings,
        "rating": None if card.rating is None else round(card.rating, 2),
    }


def _example_json(example: ExampleView) -> dict[str, Any]:
    """Return an example: its inputs can be sent as they are."""
    return {
        "title": example.title,
        "inputs": _values(example.inputs, is_input=True),
        "outputs": _values(example.outputs, is_input=False) if example.outputs else None,
        "simulated": example.is_simulated,
    }


def _values(values: Iterable[ExampleValue], *, is_input: bool) -> dict[str, Any]:
    return {value.name: _value(value, is_input=is_input) for value in values}


def _value(value: ExampleValue, *, is_input: bool) -> Any:
    if not value.media:
        return value.value
    shown = [_media(media, is_input=is_input) for media in value.media]
    return shown if isinstance(value.value, list) else shown[0]


def _media(media: ExampleMedia, *, is_input: bool) -> dict[str, Any]:
    url = urljoin(f"{public_url()}/", media.url)
    if is_input:
        return {"url": url}
    shown = {
        "kind": media.kind,
        "url": url,
        "contentType": media.mime_type or None,
        "width": media.width,
        "height": media.height,
        "durationS": media.duration_s,
    }
    return {name: known for name, known in shown.items() if known is not None}
