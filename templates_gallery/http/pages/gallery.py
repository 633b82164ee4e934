"""`/templates` and its shelves: search, filters, orders. Forms and links; htmx only saves reloads."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from common.clock import SYSTEM_CLOCK
from templates_gallery.api import CATEGORIES, search
from templates_gallery.http.pages.head import head_of_list
from templates_gallery.http.pages.query import (
    MODALITIES,
    SORTS,
    chips_of,
    count_filters,
    credits_options,
    is_plain,
    read_query,
    seconds_options,
    write_query,
)
from templates_gallery.types import (
    NEW_FOR,
    Category,
    Facets,
    FacetValue,
    GalleryPage,
    GalleryQuery,
)

SHOWN_CHOICES = 8  # of a filter, before "Show all"
MAX_CHOICES = 60


@dataclass(frozen=True, slots=True)
class Tab:
    """A kind of result to look at alone, above the list."""

    title: str
    icon: str
    href: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter with the choices that are seen at once, and the rest."""

    name: str
    title: str
    first: tuple[FacetValue, ...]
    rest: tuple[FacetValue, ...]

    @property
    def is_open(self) -> bool:
        """Whether something is chosen of what is folded away."""
        return any(value.is_chosen for value in self.rest)


@require_safe
def gallery_page(request: HttpRequest) -> HttpResponse:
    """Show the templates that the query asks for."""
    return _list(request, None)


@require_safe
def collection_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show one shelf of the gallery."""
    category = next((category for category in CATEGORIES if category.key == key), None)
    if category is None:
        raise Http404
    return _list(request, category)


def _list(request: HttpRequest, category: Category | None) -> HttpResponse:
    fixed = category.key if category else ""
    query = read_query(request.GET, category=fixed)
    page = search(query)
    query = replace(query, page=page.page)
    path = request.path
    shown = {
        "page": page,
        "query": query,
        "category": category,
        "categories": CATEGORIES,
        "path": path,
        "tabs": _tabs(query, path, fixed),
        "sorts": [(sort.value, title, sort is query.sort) for sort, title in SORTS.items()],
        "filters": _filters(page.facets, fixed),
        "credits_options": credits_options(query.max_credits),
        "seconds_options": seconds_options(query.max_seconds),
        "chips": chips_of(query, _titles(page), path, category=fixed),
        "filter_count": count_filters(query, category=fixed),
        "more": _page_link(query, path, fixed, page.page + 1) if page.page < page.pages else "",
        "less": _page_link(query, path, fixed, page.page - 1) if page.page > 1 else "",
        "new_since": _new_since(page),
        "head": head_of_list(
            category=category,
            cards=page.cards,
            count=page.total,
            is_plain=is_plain(query, category=fixed),
        ),
    }
    response = render(request, "templates_gallery/gallery.html", shown)
    if request.headers.get("HX-Request") and query.page == 1:  # more is added to the page there is
        response.headers["HX-Push-Url"] = path + write_query(query, category=fixed)
    patch_cache_control(response, private=True, max_age=0)
    return response


def _new_since(page: GalleryPage) -> datetime | None:
    """Return since when a template is new; None where all are, for then the word says nothing."""
    now = SYSTEM_CLOCK.now()
    return None if all(card.is_new(now) for card in page.cards) else now - NEW_FOR


def _page_link(query: GalleryQuery, path: str, fixed: str, number: int) -> str:
    return path + write_query(replace(query, page=number), category=fixed)


def _tabs(query: GalleryQuery, path: str, fixed: str) -> list[Tab]:
    """Return "All" and the kinds of result, each with the other filters as they are."""

    def href(*modalities: str) -> str:
        wanted = replace(query, modalities=modalities, page=1)
        return path + write_query(wanted, category=fixed)

    tabs = [Tab("All", "layout-grid", href(), not query.modalities)]
    for key, (title, icon) in MODALITIES.items():
        tabs.append(Tab(title, icon, href(key), query.modalities == (key,)))
    return tabs


def _filters(facets: Facets, fixed: str) -> list[Filter]:
    wanted = [
        *([] if fixed else [("category", "Use case", facets.categories)]),
        ("model", "Model", facets.models),
        ("input", "Input", facets.inputs),
        ("tag", "Tag", facets.tags),
    ]
    return [_filter(name, title, values) for name, title, values in wanted if values]


def _filter(name: str, title: str, values: tuple[FacetValue, ...]) -> Filter:
    count = len(CATEGORIES) if name == "category" else SHOWN_CHOICES
    return Filter(name, title, values[:count], values[count:MAX_CHOICES])


def _titles(page: GalleryPage) -> Mapping[tuple[str, str], str]:
    """Return what the choices of the filters are called, by `(filter, value)`."""
    facets = page.facets
    named = {
        "category": facets.categories,
        "tag": facets.tags,
        "modality": facets.modalities,
        "model": facets.models,
        "input": facets.inputs,
    }
    return {(name, value.value): value.title for name, values in named.items() for value in values}
