"""The index of what is listed: made from cards, asked by queries. Pure, and never changed once made.

Choices of filters are sets of cards, kept as the bits of whole numbers: that a thousand templates
are counted for a hundred choices takes no time to speak of.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from templates_gallery.selectors.words import WordIndex, words_of
from templates_gallery.types import (
    CATEGORIES,
    Facets,
    FacetValue,
    GalleryPage,
    GalleryQuery,
    GallerySort,
    Shelf,
    TemplateCard,
)

SUGGESTIONS = 4
_MODALITY_TITLES = {
    "image": "Image",
    "video": "Video",
    "audio": "Audio",
    "text": "Text",
    "3d": "3D",
}
_CATEGORY_TITLES = {category.key: category.title for category in CATEGORIES}

SortKey = Callable[[TemplateCard], tuple[Any, ...]]


def _age(card: TemplateCard) -> float:
    return 0.0 if card.listed_at is None else -card.listed_at.timestamp()


SORT_KEYS: Mapping[GallerySort, SortKey] = {
    GallerySort.RECOMMENDED: lambda card: (
        not card.is_featured,
        -card.position,
        -card.runs_30d,
        -(card.success or 0.0),
        _age(card),
        card.slug,
    ),
    GallerySort.TRENDING: lambda card: (-card.runs_30d, -card.forks, _age(card), card.slug),
    GallerySort.NEW: lambda card: (_age(card), -card.position, card.slug),
    GallerySort.FORKS: lambda card: (-card.forks, -card.runs, card.slug),
    GallerySort.CHEAPEST: lambda card: (card.usual_credits, -card.position, card.slug),
    GallerySort.FASTEST: lambda card: (card.usual_ms, -card.position, card.slug),
    GallerySort.POPULAR: lambda card: (-card.runs, -card.runs_30d, card.slug),
    GallerySort.NAME: lambda card: (card.title.casefold(), card.slug),
}


def texts_of(card: TemplateCard) -> list[tuple[str, float]]:
    """Return what a template is found by, each text with its weight."""
    return [
        (card.title, 10.0),
        (card.slug.replace("-", " "), 8.0),
        (" ".join(card.tags), 7.0),
        (card.category_title, 5.0),
        (" ".join((*card.model_names, *card.model_keys)), 5.0),
        (card.audience, 3.0),
        (card.description, 3.0),
        (f"{card.modality} {card.author}", 2.0),
    ]


class GalleryIndex:
    """All listed templates, ready to be searched, filtered, counted and sorted."""

    def __init__(self, cards: Sequence[TemplateCard], words: WordIndex | None = None) -> None:
        """Make an index; `words` may be those of an earlier one of the same templates."""
        self.cards = tuple(cards)
        self.words = words or WordIndex([texts_of(card) for card in self.cards])
        self._all = (1 << len(self.cards)) - 1
        self._sets: dict[str, dict[str, int]] = {
            "categories": self._sets_of(lambda card: (card.category,)),
            "tags": self._sets_of(lambda card: card.tags),
            "modalities": self._sets_of(lambda card: (card.modality,)),
            "models": self._sets_of(lambda card: card.model_keys),
            "inputs": self._sets_of(lambda card: card.input_kinds),
        }
        self._local = self._set_of(lambda card: card.is_local)
        self._orders: dict[GallerySort, list[int]] = {}

    def with_figures(self, figures: Mapping[str, Mapping[str, Any]]) -> "GalleryIndex":
        """Return an index of the same templates with other figures, by template id."""
        cards = [replace(card, **figures.get(card.id, {})) for card in self.cards]
        return GalleryIndex(cards, self.words)

    def search(self, query: GalleryQuery) -> GalleryPage:
        """Return a page; one beyond the last is the last."""
        scores = self.words.find(query.text) if _has_words(query) else None
        texts = self._all if scores is None else _set_from(scores)
        filters = self._filters(query)
        chosen = texts
        for each in filters.values():
            chosen &= each
        total = chosen.bit_count()
        pages = max(1, math.ceil(total / query.page_size))
        page = min(max(1, query.page), pages)
        start = (page - 1) * query.page_size
        found = self._sorted(chosen, query.sort, scores)[start : start + query.page_size]
        return GalleryPage(
            query=query,
            cards=tuple(self.cards[number] for number in found),
            total=total,
            page=page,
            pages=pages,
            facets=self._facets(query, texts, filters),
            suggestions=() if total else self._suggestions(query),
        )

    def select(self, query: GalleryQuery) -> list[TemplateCard]:
        """Return all templates that a query matches, in its order, whatever its page."""
        scores = self.words.find(query.text) if _has_words(query) else None
        chosen = self._all if scores is None else _set_from(scores)
        for each in self._filters(query).values():
            chosen &= each
        return [self.cards[number] for number in self._sorted(chosen, query.sort, None)]

    def get(self, slug: str) -> TemplateCard | None:
        """Return a template by its slug."""
        number = self._by_slug.get(slug)
        return None if number is None else self.cards[number]

    def related(self, slug: str, number: int) -> tuple[TemplateCard, ...]:
        """Return the templates nearest to one."""
        card = self.get(slug)
        if card is None:
            return ()
        order = self._order(GallerySort.RECOMMENDED)
        others = [self.cards[place] for place in order if self.cards[place].slug != slug]
        others.sort(key=lambda other: -_nearness(card, other))  # stable: else as recommended
        return tuple(others[:number])

    def shelves(self, cards: int) -> tuple[Shelf, ...]:
        """Return the categories that hold something, each with its first templates."""
        sets = self._sets["categories"]
        return tuple(
            Shelf(category, sets[category.key].bit_count(), self._first(sets[category.key], cards))
            for category in CATEGORIES
            if sets.get(category.key)
        )

    def featured(self, number: int) -> tuple[TemplateCard, ...]:
        """Return the first templates as recommended, those with a result to show before others."""
        cards = self._first(self._all, len(self.cards))
        shown = sorted(cards, key=lambda card: (card.cover is None, card.is_simulated))
        return tuple(shown[:number])

    @cached_property
    def _by_slug(self) -> Mapping[str, int]:
        return {card.slug: number for number, card in enumerate(self.cards)}

    @cached_property
    def _model_names(self) -> Mapping[str, str]:
        return {
            key: name
            for card in self.cards
            for key, name in zip(card.model_keys, card.model_names, strict=True)
        }

    def _first(self, members: int, number: int) -> tuple[TemplateCard, ...]:
        found = self._sorted(members, GallerySort.RECOMMENDED, None)[:number]
        return tuple(self.cards[place] for place in found)

    def _filters(self, query: GalleryQuery) -> dict[str, int]:
        """Return what each filter leaves; filters that are not set are not there."""
        chosen = {
            name: _union(self._sets[name].get(value, 0) for value in getattr(query, name))
            for name in self._sets
            if getattr(query, name)
        }
        if query.local:
            chosen["local"] = self._local
        if query.max_credits is not None:
            limit = query.max_credits
            chosen["credits"] = self._set_of(lambda card: card.usual_credits <= limit)
        if query.max_seconds is not None:
            limit_ms = query.max_seconds * 1_000
            chosen["seconds"] = self._set_of(lambda card: card.usual_ms <= limit_ms)
        return chosen

    def _facets(self, query: GalleryQuery, texts: int, filters: Mapping[str, int]) -> Facets:
        """Count every choice with the text and all filters but its own."""

        def base(own: str) -> int:
            left = texts
            for name, members in filters.items():
                if name != own:
                    left &= members
            return left

        def values(name: str, titles: Mapping[str, str]) -> tuple[FacetValue, ...]:
            left, chosen = base(name), frozenset(getattr(query, name))
            counts = {value: (left & own).bit_count() for value, own in self._sets[name].items()}
            counts |= {value: 0 for value in chosen if value not in counts}
            return tuple(
                FacetValue(value, titles.get(value, value), count, value in chosen)
                for value, count in counts.items()
                if count or value in chosen
            )

        return Facets(
            categories=_in_order(values("categories", _CATEGORY_TITLES), list(_CATEGORY_TITLES)),
            tags=_by_count(values("tags", {})),
            modalities=_in_order(values("modalities", _MODALITY_TITLES), list(_MODALITY_TITLES)),
            models=_by_count(values("models", self._model_names)),
            inputs=_by_count(values("inputs", {})),
            local=(base("local") & self._local).bit_count(),
        )

    def _suggestions(self, query: GalleryQuery) -> tuple[TemplateCard, ...]:
        """Return the closest templates to a query that found nothing: by its words, else its filters."""
        scores = self.words.find_near(query.text)
        if scores:
            found = self._sorted(_set_from(scores), GallerySort.RECOMMENDED, scores)
        else:
            union = _union(self._filters(query).values()) or self._all
            found = self._sorted(union, GallerySort.RECOMMENDED, None)
        return tuple(self.cards[number] for number in found[:SUGGESTIONS])

    def _sorted(
        self, members: int, sort: GallerySort, scores: Mapping[int, float] | None
    ) -> list[int]:
        order = [number for number in self._order(sort) if members >> number & 1]
        if scores is not None and sort == GallerySort.RECOMMENDED:
            order.sort(key=lambda number: -scores[number])
        return order

    def _order(self, sort: GallerySort) -> list[int]:
        if sort not in self._orders:
            key = SORT_KEYS[sort]
            numbers = range(len(self.cards))
            self._orders[sort] = sorted(numbers, key=lambda number: key(self.cards[number]))
        return self._orders[sort]

    def _set_of(self, has: Callable[[TemplateCard], bool]) -> int:
        return _set_from(number for number, card in enumerate(self.cards) if has(card))

    def _sets_of(self, values: Callable[[TemplateCard], Iterable[str]]) -> dict[str, int]:
        sets: dict[str, int] = defaultdict(int)
        for number, card in enumerate(self.cards):
            for value in values(card):
                sets[value] |= 1 << number
        return dict(sets)


def _has_words(query: GalleryQuery) -> bool:
    return bool(words_of(query.text))


def _set_from(numbers: Iterable[int]) -> int:
    members = 0
    for number in numbers:
        members |= 1 << number
    return members


def _union(sets: Iterable[int]) -> int:
    members = 0
    for each in sets:
        members |= each
    return members


def _in_order(values: Iterable[FacetValue], order: Sequence[str]) -> tuple[FacetValue, ...]:
    known = {value: place for place, value in enumerate(order)}
    return tuple(sorted(values, key=lambda value: known.get(value.value, len(known))))


def _by_count(values: Iterable[FacetValue]) -> tuple[FacetValue, ...]:
    return tuple(sorted(values, key=lambda value: (-value.count, value.title.casefold())))


def _nearness(card: TemplateCard, other: TemplateCard) -> float:
    return sum(_shared(card, other))


def _shared(card: TemplateCard, other: TemplateCard) -> Iterator[float]:
    yield 3.0 * (card.category == other.category)
    yield 2.0 * len(set(card.tags) & set(other.tags))
    yield 1.0 * (card.modality == other.modality)
    yield 0.5 * len(set(card.model_keys) & set(other.model_keys))
    yield 0.5 * (card.input_kinds == other.input_kinds)
