"""Cards of templates that are in no database, for tests of what is pure."""

from datetime import UTC, datetime, timedelta
from typing import Any

from templates_gallery.types import TemplateCard

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def card(slug: str, **fields: Any) -> TemplateCard:
    """A card; what is not given is plain."""
    age = fields.pop("age_days", 0)
    usual: dict[str, Any] = {
        "id": f"tpl_{slug}",
        "title": slug.replace("-", " ").capitalize(),
        "description": "",
        "category": "text-llm",
        "category_title": "Text and language",
        "audience": "",
        "tags": (),
        "modality": "text",
        "licence": "CC0-1.0",
        "author": "Pixelflow",
        "is_official": True,
        "is_featured": False,
        "position": 0,
        "version": 1,
        "input_kinds": ("text",),
        "model_keys": (),
        "model_names": (),
        "node_count": 3,
        "is_local": True,
        "credits": 0,
        "max_credits": 0,
        "expected_ms": 0,
        "runs": 0,
        "runs_30d": 0,
        "success": None,
        "forks": 0,
        "ratings": 0,
        "rating": None,
        "median_credits": None,
        "median_ms": None,
        "listed_at": NOON - timedelta(days=age),
        "updated_at": NOON,
    }
    return TemplateCard(slug=slug, **{**usual, **fields})
