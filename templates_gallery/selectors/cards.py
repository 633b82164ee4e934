"""Rows of templates as cards."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from templates_gallery.models import Template
from templates_gallery.selectors.assets import Assets, assets_of_versions
from templates_gallery.selectors.examples import cover_of
from templates_gallery.types import CATEGORIES, TemplateCard, TemplateStatus
from workflows.api import get_catalogue

FIGURES = (
    "runs",
    "runs_30d",
    "succeeded",
    "forks",
    "ratings",
    "stars",
    "median_credits",
    "median_ms",
)
_COLUMNS = (
    "id",
    "slug",
    "title",
    "description",
    "category",
    "audience",
    "tags",
    "modality",
    "licence",
    "author",
    "is_official",
    "is_featured",
    "position",
    "input_kinds",
    "model_keys",
    "node_count",
    "is_local",
    "credits",
    "max_credits",
    "expected_ms",
    "listed_at",
    "updated_at",
)
_TITLES = {category.key: category.title for category in CATEGORIES}


def listed_rows() -> QuerySet[Template]:
    """Return what is listed."""
    return Template.objects.across_workspaces().filter(
        status=TemplateStatus.LISTED, current__isnull=False
    )


def listed_cards() -> list[TemplateCard]:
    """Return all listed templates as cards, by id; reads no graph, in two statements."""
    rows = listed_rows().order_by("id")
    extra = ("source", "current_id", "current__number", "current__examples")
    found = list(rows.values(*_COLUMNS, *FIGURES, *extra))
    users = [row["current_id"] for row in found if row["source"] == "user"]
    own = assets_of_versions(users) if users else {}
    return [
        card_from(row, row["current__number"], row["current__examples"], own.get(row["current_id"]))
        for row in found
    ]


def listed_figures() -> dict[str, dict[str, Any]]:
    """Return the figures of all listed templates by id, as fields of their cards."""
    rows = listed_rows().values("id", *FIGURES)
    return {row["id"]: figures_from(row) for row in rows}


def card_of(
    row: Template, number: int, examples: Sequence[Mapping[str, Any]], own: Assets | None
) -> TemplateCard:
    """Return one template as a card, shown with these examples."""
    values = {name: getattr(row, name) for name in (*_COLUMNS, *FIGURES)}
    return card_from(values, number, examples, own)


def card_from(
    row: Mapping[str, Any],
    number: int,
    examples: Sequence[Mapping[str, Any]],
    own: Assets | None,
) -> TemplateCard:
    """Return a card out of the columns of a row."""
    models = get_catalogue().models
    keys = tuple(row["model_keys"])
    cover, before, text, is_simulated = cover_of(examples, own)
    return TemplateCard(
        **{
            **{name: row[name] for name in _COLUMNS},
            "tags": tuple(row["tags"]),
            "input_kinds": tuple(row["input_kinds"]),
            "model_keys": keys,
        },
        **figures_from(row),
        category_title=_TITLES.get(row["category"], row["category"]),
        model_names=tuple(models[key].name if key in models else key for key in keys),
        version=number,
        cover=cover,
        before=before,
        text=text,
        is_simulated=is_simulated,
    )


def figures_from(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a row as fields of its card."""
    return {
        "runs": row["runs"],
        "runs_30d": row["runs_30d"],
        "success": row["succeeded"] / row["runs"] if row["runs"] else None,
        "forks": row["forks"],
        "ratings": row["ratings"],
        "rating": row["stars"] / row["ratings"] if row["ratings"] else None,
        "median_credits": row["median_credits"],
        "median_ms": row["median_ms"],
    }
