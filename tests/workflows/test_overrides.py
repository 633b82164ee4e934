"""What staff's decisions make of a model: prices with a margin, routes, places."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.model_documents import document
from workflows.catalogue.model import ModelSpec
from workflows.catalogue.model_files import read_model
from workflows.catalogue.overrides import (
    NO_MARGIN,
    NO_OVERRIDE,
    Offered,
    Override,
    offer_of,
    with_margin,
)
from workflows.catalogue.price_reader import parse_price
from workflows.catalogue.quantities import quantity_of

MODEL = read_model(document())


def price_of(offered: Offered, **given_: int) -> int:
    assert offered.spec.price is not None
    return offered.spec.price.credits({name: quantity_of(value) for name, value in given_.items()})[
        1
    ]


def model_of(offered: Offered) -> ModelSpec:
    assert offered.spec.model is not None
    return offered.spec.model


def test_what_nobody_decided_about_is_as_its_file_says() -> None:
    offered = offer_of(MODEL, NO_OVERRIDE, NO_MARGIN)

    assert model_of(offered) == MODEL
    assert (offered.problem, offered.spec.is_off, offered.spec.position) == ("", False, None)
    assert offer_of(MODEL, NO_OVERRIDE, NO_MARGIN) is offered


def test_a_price_of_staff_takes_the_place_of_the_files() -> None:
    offered = offer_of(MODEL, Override(price="7 * count + 1"), NO_MARGIN)

    assert price_of(offered, count=3) == 22


def test_a_margin_of_an_eighth_is_on_the_price_exactly_and_rounded_up_once() -> None:
    offered = offer_of(MODEL, NO_OVERRIDE, Decimal("12.5"))

    assert price_of(offered, count=1) == 45
    assert price_of(offer_of(MODEL, Override(price="7 * count"), Decimal("12.5")), count=3) == 24


@given(st.decimals(0, 1000, places=2), st.decimals(0, 10_000, places=4), st.integers(1, 8))
def test_a_price_with_a_margin_is_the_next_whole_number_above_their_product(
    margin, credits_, count
) -> None:
    price = parse_price(with_margin(f"{credits_:f} * count", margin))

    exact = Fraction(credits_) * count * (1 + Fraction(margin) / 100)
    assert price.credits({"count": quantity_of(count)}) == (-(-exact // 1),) * 2


def test_a_margin_is_on_everything_of_a_price() -> None:
    assert (
        with_margin("1 + 2 if count > 1 else 5", Decimal(100)) == "(1 + 2 if count > 1 else 5) * 2"
    )


def test_routes_are_taken_in_staffs_order_and_those_alone() -> None:
    turned = offer_of(MODEL, Override(providers=("replicate", "fal")), NO_MARGIN)
    one = offer_of(MODEL, Override(providers=("replicate",)), NO_MARGIN)

    assert [route.provider for route in model_of(turned).routes] == ["replicate", "fal"]
    assert [route.provider for route in model_of(one).routes] == ["replicate"]
    assert turned.spec.node.model is model_of(turned)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "override",
    [
        Override(is_off=True),
        Override(position=3),
        Override(price="1"),
        Override(providers=("replicate", "fal")),
    ],
)
def test_every_decision_is_in_the_digest(override) -> None:
    plain = offer_of(MODEL, NO_OVERRIDE, NO_MARGIN).spec.digest

    assert offer_of(MODEL, override, NO_MARGIN).spec.digest != plain
    assert offer_of(MODEL, NO_OVERRIDE, Decimal(1)).spec.digest != plain


@pytest.mark.parametrize("price", ["4 * steps", "4 *", "9" * 20, "1" + " " * 2_000])
def test_with_a_price_that_fits_no_longer_nobody_guesses_one(price) -> None:
    offered = offer_of(MODEL, Override(price=price, is_off=True), Decimal(5))

    assert offered.spec.price is None
    assert offered.problem.startswith("Price: ")
    assert offered.spec.is_off


def test_a_price_that_a_margin_makes_too_long_is_none() -> None:
    long = "1" + " + 1" * 249  # 997 characters

    assert offer_of(MODEL, Override(price="1" + " " * 998), NO_MARGIN).problem == ""
    assert "at most 1000" in offer_of(MODEL, Override(price="1" + " " * 998), Decimal(5)).problem
    assert "deep" in offer_of(MODEL, Override(price=long), Decimal(5)).problem


def test_a_provider_that_has_no_route_any_more_is_told_and_the_others_stay() -> None:
    offered = offer_of(MODEL, Override(providers=("kling", "fal")), NO_MARGIN)

    assert offered.problem == "There is no route by kling."
    assert [route.provider for route in model_of(offered).routes] == ["fal"]


def test_what_changes_results_is_another_revision_and_what_does_not_is_none() -> None:
    turned = Override(price="1", providers=("replicate",), position=1)
    other_id = read_model(document(("fal-ai/house-painter", "fal-ai/house-painter-2")))
    other_default = read_model(document(("maximum = 8", "maximum = 8\ndefault = 2")))
    other_words = read_model(document(("House Painter", "Painter"), ("40 * count", "41 * count")))

    assert model_of(offer_of(MODEL, turned, Decimal(5))).revision == MODEL.revision
    assert other_words.revision == MODEL.revision
    assert len({MODEL.revision, other_id.revision, other_default.revision}) == 3
