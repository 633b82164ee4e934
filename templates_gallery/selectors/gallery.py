"""What lists show, out of the index of this process: `get_index` alone may ask the database."""

from templates_gallery.selectors.live import get_index
from templates_gallery.types import GalleryPage, GalleryQuery, GallerySort, Shelf, TemplateCard


def search(query: GalleryQuery) -> GalleryPage:
    """Return a page of the gallery; a page beyond the last is the last."""
    return get_index().search(query)


def related(slug: str, number: int = 6) -> tuple[TemplateCard, ...]:
    """Return the listed templates nearest to one: category, tags, models, modality."""
    return get_index().related(slug, number)


def collections(cards: int = 4) -> tuple[Shelf, ...]:
    """Return every category that holds something, in order, each with its first templates."""
    return get_index().shelves(cards)


def featured(number: int = 4) -> tuple[TemplateCard, ...]:
    """Return the first templates as recommended, those with a result to show before others."""
    return get_index().featured(number)


def newest(number: int = 50) -> tuple[TemplateCard, ...]:
    """Return the templates that were listed last, for feeds."""
    return tuple(get_index().select(GalleryQuery(sort=GallerySort.NEW))[:number])


def all_cards() -> tuple[TemplateCard, ...]:
    """Return every listed template as recommended, for the site map."""
    return tuple(get_index().select(GalleryQuery()))


def get_card(slug: str) -> TemplateCard | None:
    """Return a listed template as lists show it; None: none is listed under this slug."""
    return get_index().get(slug)


def count_listed() -> int:
    """Return how many templates are listed."""
    return len(get_index().cards)
