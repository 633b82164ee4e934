"""Templates as the public API gives them out: cards with the documents of their versions."""

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from common.errors import MalformedRequest
from templates_gallery.models import Template
from templates_gallery.selectors.assets import assets_of_versions
from templates_gallery.selectors.cards import card_of
from templates_gallery.selectors.details import find_visible, shown_version, version_view
from templates_gallery.selectors.index import SORT_KEYS
from templates_gallery.selectors.live import get_index
from templates_gallery.types import GalleryQuery, GallerySort, TemplateCard, VersionView


@dataclass(frozen=True, slots=True)
class TemplateDocument:
    """A template with its version."""

    card: TemplateCard
    version: VersionView
    created_at: datetime


def list_documents(query: GalleryQuery, *, after: str | None, limit: int) -> list[TemplateDocument]:
    """Return up to `limit` listed templates in a query's order, behind a place (`place_of`).

    The order is that of the query's sort alone, whatever its words weigh.

    Raises:
        MalformedRequest: that is no place of this order.
    """
    cards = get_index().select(query)
    start = 0 if after is None else _start(cards, query.sort, after)
    wanted = cards[start : start + limit]
    rows = Template.objects.across_workspaces().filter(pk__in=[card.id for card in wanted])
    found = {row.pk: row for row in rows.select_related("current")}
    users = [row.current_id for row in found.values() if row.source == "user" and row.current_id]
    own = assets_of_versions(users) if users else {}
    return [
        TemplateDocument(card, version_view(row.current, own.get(row.current.pk)), row.created_at)
        for card in wanted
        if (row := found.get(card.id)) is not None and row.current is not None
    ]


def place_of(document: TemplateDocument, sort: GallerySort) -> str:
    """Return where a template stands in an order, as text; it means something when it is gone, too."""
    return json.dumps(SORT_KEYS[sort](document.card))


def get_document(slug: str) -> TemplateDocument:
    """Return a listed template.

    Raises:
        NotFound: there is none.
        Gone: it was removed.
    """
    row = find_visible(slug)
    version = shown_version(row)
    own = assets_of_versions([version.pk])[version.pk] if row.source == "user" else None
    card = card_of(row, version.number, version.examples, own)
    return TemplateDocument(card, version_view(version, own), row.created_at)


def _start(cards: Sequence[TemplateCard], sort: GallerySort, after: str) -> int:
    """Return how many cards stand at a place or before it."""
    key = SORT_KEYS[sort]
    try:
        return bisect_right(cards, tuple(json.loads(after)), key=key)
    except (TypeError, ValueError) as error:  # of an older release
        raise MalformedRequest("cursor is too old; start the list again.") from error
