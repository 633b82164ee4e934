"""The index of the gallery: filters, facets with counts, sorts, pages, suggestions, what is related."""

import statistics
import time
from typing import Any

import pytest

from templates_gallery.selectors.index import GalleryIndex
from templates_gallery.types import CATEGORIES, NEW_FOR, GalleryQuery, GallerySort
from tests.templates_gallery.cards import NOON, card

INDEX = GalleryIndex(
    [
        card("cut-out", category="background-inpaint", modality="image", input_kinds=("image",),
             tags=("ecommerce", "cutout"), position=5, max_credits=0, expected_ms=400, age_days=3),
        card("shop-scene", category="product-photos", modality="image", input_kinds=("image", "text"),
             tags=("ecommerce",), model_keys=("painter",), model_names=("House painter",),
             is_local=False, max_credits=14, expected_ms=9_000, runs_30d=30, runs=40, age_days=40),
        card("film", category="video", modality="video", model_keys=("mover",),
             model_names=("Mover",), is_local=False, max_credits=90, median_credits=60,
             expected_ms=120_000, forks=7, runs_30d=2, age_days=1),
        card("summary", tags=("text",), is_featured=True, max_credits=2, expected_ms=3_000,
             is_local=False, model_keys=("writer",), model_names=("Writer",), age_days=20),
    ]
)  # fmt: skip


def found(**query: Any) -> list[str]:
    return [each.slug for each in INDEX.search(GalleryQuery(**query)).cards]


def counts(values) -> dict[str, int]:
    return {each.value: each.count for each in values}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["summary", "cut-out", "shop-scene", "film"]),
        ({"categories": ("video",)}, ["film"]),
        ({"categories": ("video", "text-llm")}, ["summary", "film"]),
        ({"tags": ("ecommerce",)}, ["cut-out", "shop-scene"]),
        ({"modalities": ("image",), "models": ("painter",)}, ["shop-scene"]),
        ({"inputs": ("image",)}, ["cut-out", "shop-scene"]),
        ({"local": True}, ["cut-out"]),
        ({"max_credits": 14}, ["summary", "cut-out", "shop-scene"]),
        ({"max_credits": 60}, ["summary", "cut-out", "shop-scene", "film"]),
        ({"max_seconds": 5}, ["summary", "cut-out"]),
        ({"text": "house painter"}, ["shop-scene"]),
        ({"text": "ecomerce"}, ["cut-out", "shop-scene"]),
        ({"tags": ("no-such",)}, []),
    ],
)
def test_filters_add_up_and_their_values_are_alternatives(query, expected):
    assert found(**query) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("recommended", ["summary", "cut-out", "shop-scene", "film"]),
        ("trending", ["shop-scene", "film", "cut-out", "summary"]),
        ("new", ["film", "cut-out", "summary", "shop-scene"]),
        ("forks", ["film", "shop-scene", "cut-out", "summary"]),
        ("cheapest", ["cut-out", "summary", "shop-scene", "film"]),
        ("fastest", ["cut-out", "summary", "shop-scene", "film"]),
        ("popular", ["shop-scene", "film", "cut-out", "summary"]),
        ("name", ["cut-out", "film", "shop-scene", "summary"]),
    ],
)
def test_sorts(sort, expected):
    assert found(sort=GallerySort(sort)) == expected


def test_each_facet_counts_with_the_other_filters_and_without_its_own():
    facets = INDEX.search(GalleryQuery(categories=("video",), local=False, max_credits=60)).facets

    assert counts(facets.categories) == {
        "product-photos": 1,
        "background-inpaint": 1,
        "video": 1,
        "text-llm": 1,
    }
    assert counts(facets.models) == {"mover": 1}
    assert counts(facets.modalities) == {"video": 1}
    assert facets.local == 0


def test_a_facets_count_is_what_choosing_it_gives():
    query: dict[str, Any] = {"inputs": ("image",), "text": "ecommerce"}
    facets = INDEX.search(GalleryQuery(**query)).facets

    for name in ("categories", "tags", "modalities", "models"):
        for value in getattr(facets, name):
            assert len(found(**query, **{name: (value.value,)})) == value.count > 0
    assert len(found(**query, local=True)) == facets.local


def test_a_chosen_value_stays_to_be_unchosen_though_it_leaves_nothing():
    facets = INDEX.search(GalleryQuery(tags=("nobody",), text="film")).facets

    assert [(each.value, each.count, each.is_chosen) for each in facets.tags] == [
        ("nobody", 0, True)
    ]


def test_facets_carry_the_names_of_models_and_categories():
    facets = INDEX.search(GalleryQuery()).facets

    assert {each.value: each.title for each in facets.models}["painter"] == "House painter"
    titles = {category.key: category.title for category in CATEGORIES}
    assert all(each.title == titles[each.value] for each in facets.categories)


@pytest.mark.parametrize(
    ("page", "shown"), [(1, ["summary", "cut-out"]), (2, ["shop-scene", "film"])]
)
def test_pages(page, shown):
    result = INDEX.search(GalleryQuery(page=page, page_size=2))

    assert [each.slug for each in result.cards] == shown
    assert (result.total, result.page, result.pages) == (4, page, 2)


@pytest.mark.parametrize("page", [-3, 0, 99])
def test_a_page_that_there_is_not_is_the_nearest(page):
    result = INDEX.search(GalleryQuery(page=page, page_size=3))

    assert result.page == (2 if page == 99 else 1)
    assert result.cards


def test_where_nothing_is_found_the_closest_are_suggested():
    by_word = INDEX.search(GalleryQuery(text="painter nonsense"))
    by_filter = INDEX.search(GalleryQuery(text="qqqq", categories=("video",)))

    assert by_word.total == by_filter.total == 0
    assert [each.slug for each in by_word.suggestions] == ["shop-scene"]
    assert [each.slug for each in by_filter.suggestions] == ["film"]
    assert INDEX.search(GalleryQuery()).suggestions == ()


def test_related_are_the_nearest_and_never_itself():
    related = [each.slug for each in INDEX.related("cut-out", 2)]

    assert related[0] == "shop-scene"
    assert "cut-out" not in related
    assert INDEX.related("nobody", 3) == ()


def test_shelves_are_the_categories_that_hold_something_in_order():
    shelves = INDEX.shelves(1)

    assert [(shelf.category.key, shelf.count) for shelf in shelves] == [
        ("product-photos", 1),
        ("background-inpaint", 1),
        ("video", 1),
        ("text-llm", 1),
    ]
    assert all(len(shelf.cards) == 1 for shelf in shelves)


def test_figures_change_the_order_and_not_the_words():
    newer = INDEX.with_figures({"tpl_film": {"runs_30d": 99}})

    assert newer.search(GalleryQuery(sort=GallerySort.TRENDING)).cards[0].slug == "film"
    assert newer.words is INDEX.words


def test_an_empty_gallery_is_a_page_of_nothing():
    result = GalleryIndex([]).search(GalleryQuery(text="anything"))

    assert (result.total, result.page, result.pages, result.suggestions) == (0, 1, 1, ())


def test_new_is_what_was_listed_a_fortnight_ago_or_later():
    assert card("a", age_days=13).is_new(NOON)
    assert not card("b", age_days=NEW_FOR.days).is_new(NOON)


def test_p13_a_query_over_a_thousand_templates_takes_milliseconds():
    words = ["product", "photo", "portrait", "video", "caption", "upscale", "poster", "voice"]
    index = GalleryIndex(
        [
            card(
                f"{words[number % 8]}-{words[number // 8 % 8]}-{number}",
                tags=(words[number % 7], f"tag{number % 90}"),
                category=CATEGORIES[number % len(CATEGORIES)].key,
                description=f"Makes a {words[number % 5]} number{number} out of a {words[number % 3]}",
                model_keys=(f"model{number % 40}",),
                model_names=(f"Model {number % 40}",),
            )
            for number in range(1_000)
        ]
    )
    took = []
    for query in ({}, {"text": "portrat vidoe"}, {"text": "poster", "tags": ("photo",)}) * 5:
        started = time.perf_counter()
        index.search(GalleryQuery(**query))
        took.append(time.perf_counter() - started)

    assert statistics.median(took) < 0.005
