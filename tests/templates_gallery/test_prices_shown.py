"""What cards and pages say that a run costs: nothing that a run could turn out to belie."""

import pytest
from django.template.loader import render_to_string

from templates_gallery.selectors.facts import facts_of
from templates_gallery.services.library import read_library
from tests.templates_gallery.cards import card

MOST = 2_000  # credits that a run of any library template holds for its first example


def shown(**fields):
    page = render_to_string("templates_gallery/_price.html", {"card": card("one", **fields)})
    text = page.split("</svg>")[-1].split("</data>")[0]
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"credits": 14, "max_credits": 14}, "14 cr"),
        ({"credits": 5, "max_credits": 14}, "5–14 cr"),
        ({"credits": 0, "max_credits": 14}, "up to 14 cr"),
        ({"credits": 0, "max_credits": 14, "median_credits": 9}, "~9 cr"),
        ({"credits": 0, "max_credits": 14, "median_credits": 0}, "up to 14 cr"),
    ],
)
def test_a_price_that_is_a_range_is_shown_as_one_until_there_are_medians(fields, expected):
    assert shown(**fields) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, True),
        ({"max_credits": 3}, False),
        ({"max_credits": 3, "median_credits": 0}, False),
        ({"median_credits": 3}, False),
    ],
)
def test_only_what_cannot_cost_anything_is_called_free(fields, expected):
    assert card("one", **fields).is_free is expected


def test_no_template_of_the_library_asks_for_a_hold_that_nobody_has():
    asked = {
        template.slug: facts_of(template.graph).estimate(template.examples[0].inputs).upper
        for template in read_library()
    }

    assert {slug: credits_ for slug, credits_ in asked.items() if credits_ > MOST} == {}
