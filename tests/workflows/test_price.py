"""Prices as they are written: what is understood, what is refused and why, and what they come to."""

from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.executor import priced_nodes
from workflows.catalogue.load import build_catalogue
from workflows.catalogue.node import Inputs, Meta, Node, Outputs
from workflows.catalogue.params import param, port
from workflows.catalogue.price import MAX_CREDITS, PriceError
from workflows.catalogue.price_check import declared_quantities, problems_with
from workflows.catalogue.price_reader import MAX_LENGTH, parse_price
from workflows.catalogue.quantities import BOUNDLESS, GPU_SECONDS, Range, as_fraction, quantity_of
from workflows.catalogue.spec import NodeSpec, spec_of
from workflows.catalogue.values import Audio, Image, Video


class EverythingIn(Inputs):
    width: int = param(1_000, title="Width", minimum=16, maximum=4_000)
    ratio: float = param(0.5, title="Ratio", minimum=0, maximum=1)
    duration: int | None = param(None, title="Duration", minimum=1, maximum=60)
    free: float = param(0.0, title="Free")
    quality: Literal["low", "high"] = param("low", title="Quality")
    hd: bool = param(False, title="HD")
    prompt: str = param("", title="Prompt", max_length=4_000)
    options: list[str] = param([], title="Options", kind="json")
    image: Image = port("Image")
    images: list[Image] = port("Images", kind="list[image]", many=True)
    video: Video = port("Film")
    sound: Audio | None = port("Sound", required=False)
    number: float = port("Number")


class NoOutputs(Outputs):
    """None."""


class Everything(Node[EverythingIn, NoOutputs]):
    """A node type with all that prices may name."""

    meta = Meta(type="t.all", title="All", description="d", category="c", cost="gpu")


SPEC = spec_of(Everything)
DECLARED = declared_quantities(SPEC)
IMAGE = Image(width=2_000, height=1_000)
ARGUMENTS: dict[str, Any] = {
    "width": 500,
    "ratio": 0.1,
    "duration": 7,
    "free": -2.5,
    "quality": "high",
    "hd": True,
    "prompt": "a" * 2_500,
    "image": IMAGE,
    "images": [IMAGE, Image(width=100, height=100)],
    "video": Video(duration_s=4.2),
    "sound": None,
    "number": 3,
    GPU_SECONDS: 2.5,
}


def priced(text: str, cost: Any = "gpu") -> NodeSpec:
    return replace(SPEC, meta=replace(SPEC.meta, price=text, cost=cost))


def price_of(text: str, **arguments: Any) -> int:
    known = {name: quantity_of(value) for name, value in (ARGUMENTS | arguments).items()}
    low, high = parse_price(text).credits(known)
    assert low == high
    return high


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", 5),
        (" 5 ", 5),
        ("1_000", 1_000),
        ("0.1", 1),
        ("10 * ratio", 1),  # a tenth is a tenth
        ("10.1 * ratio", 2),
        ("3 - 5", 0),
        ("-free", 3),
        ("4 * megapixels(width, width)", 1),
        ("4 * megapixels(image)", 8),
        ("megapixels(images)", 3),
        ("count(images)", 2),
        ("12 * ceil(seconds(video))", 60),
        ("10 * floor(seconds(video))", 40),
        ("10 * seconds(video)", 42),
        ("seconds(sound)", 0),
        ("2 * characters(prompt) / 1000", 5),
        ("8 * tokens(prompt) / 1000", 5),
        ("by(quality, {'low': 1, 'high': 4})", 4),
        ("by(quality, {'low': 1}, 9)", 9),
        ("by(hd, {True: 7, False: 2})", 7),
        ("by(quality, {'low': by(hd, {True: 1, False: 2}), 'high': by(hd, {True: 3}, 4)})", 3),
        ("10 if megapixels(image) <= 1 else 15", 15),
        ("10 if megapixels(image) <= 2 else 15", 10),
        ("1 if width != 500 else 2", 2),
        ("6 * default(duration, 5)", 42),
        ("min(width, 3, 9) + max(1, 2)", 5),
        ("3 * gpu_seconds()", 8),
        ("(1 +\n 2)", 3),
    ],
)
def test_a_price_comes_to_whole_credits_rounded_up_once(text, expected):
    assert price_of(text) == expected


@pytest.mark.parametrize(
    ("arguments", "text", "expected"),
    [
        ({"duration": None}, "6 * default(duration, 5)", 30),
        ({"image": Image(width=1, height=1)}, "100 * megapixels(image)", 1),
        ({"image": Image()}, "megapixels(image)", 40),  # nobody knows: as the largest
        ({"video": Video()}, "seconds(video)", 3_600),
        ({"video": Video(duration_s=1e9)}, "seconds(video)", 3_600),
        ({"images": []}, "count(images) + megapixels(images)", 0),
    ],
)
def test_what_is_missing_or_beyond_all_limits_has_a_price_too(arguments, text, expected):
    assert price_of(text, **arguments) == expected


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 0, "There is no price."),
        ("  \n", 0, "There is no price."),
        ("1 +", 1, "This is not understood."),
        ("(" * 300, 201, "This is not understood."),
        ("\x00", 1, "This is not understood."),
        ("1" + " " * MAX_LENGTH, 0, "A price has at most 1000 characters."),
        ("5 # five", 3, "There may be no \\ and no #."),
        (r"by(a, {'\x41': 1})", 9, "There may be no \\ and no #."),
        ("2 + cost(3)", 5, "There is no function cost."),
        ("width.real", 1, "This is no part of a price."),
        ("2 * [1][0]", 5, "This is no part of a price."),
        ("lambda: 1", 1, "This is no part of a price."),
        ("f'{width}'", 1, "This is no part of a price."),
        ("(lambda: 1)()", 1, "This is no function."),
        ("__import__('os')", 1, "There is no function __import__."),
        ("2 ** 3", 1, "Terms are joined by +, -, * and /."),
        ("5 // 2", 1, "Terms are joined by +, -, * and /."),
        ("  'ä' + 1", 3, "Here is a number, such as 4 or 0.25."),
        ("max(1, 'ä', 'b')", 8, "Here is a number, such as 4 or 0.25."),
        ("1e9", 1, "Here is a number, such as 4 or 0.25."),
        ("0x10", 1, "Here is a number, such as 4 or 0.25."),
        ("True", 1, "Here is a number, such as 4 or 0.25."),
        ("1" * 16, 1, "A number has at most 15 digits."),
        ("-" * 30 + "1", 21, "Terms lie in each other 20 deep at most."),
        ("4 / 0", 5, "Nothing can be divided by zero."),
        ("min(1)", 1, "min takes two terms or more."),
        ("min(*width)", 1, "min takes plain terms."),
        ("ceil(term=1)", 1, "ceil takes plain terms."),
        ("ceil(1, 2)", 1, "ceil takes one term."),
        ("megapixels(1, 2, 3)", 1, "megapixels takes a picture, or a width and a height."),
        ("gpu_seconds(3)", 1, "gpu_seconds takes nothing."),
        ("seconds(1 + 2)", 9, "Here is the name of a parameter or input."),
        ("default(3, 4)", 9, "Here is the name of a parameter or input."),
        ("by(a)", 1, "by takes a name, its choices, and a term for all others."),
        ("by(a, 3)", 7, "Here are 1 to 100 choices: {'small': 1, 'large': 2}."),
        ("by(a, {})", 7, "Here are 1 to 100 choices: {'small': 1, 'large': 2}."),
        ("by(a, {**b})", 7, "A choice is a text, a whole number, True or False."),
        ("by(a, {1.5: 2})", 8, "A choice is a text, a whole number, True or False."),
        ("by(a, {'x': 1, 'x': 2})", 7, "A choice is there twice."),
        ("1 if width else 2", 6, "After if comes one comparison of two numbers."),
        ("1 if 1 < width < 3 else 2", 6, "After if comes one comparison of two numbers."),
        ("1 if width in width else 2", 6, "Numbers are compared by <, <=, >, >=, == and !=."),
    ],
)
def test_what_is_no_price_is_refused_with_its_place_and_reason(text, position, message):
    with pytest.raises(PriceError) as refused:
        parse_price(text)

    assert (refused.value.position, refused.value.message) == (position, message)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("width + heigth", ["character 9: There is no parameter or input heigth."]),
        ("2 * prompt", ["character 5: prompt is not a number."]),
        ("2 * images", ["character 5: images is not a number."]),
        ("characters(image)", ["character 12: image is not a text."]),
        ("seconds(image)", ["character 9: image is not a film or a sound."]),
        ("megapixels(sound)", ["character 12: sound is not a picture or a film."]),
        ("count(image)", ["character 7: image is not a list."]),
        ("count(options)", ["character 7: options is not a list."]),
        ("by(ratio, {1: 2}, 3)", ["character 4: ratio is not a choice."]),
        ("2 * duration", ["character 5: duration may be null: write default(duration, …)."]),
        (
            "by(quality, {'low': 1})",
            ["character 4: quality may have other values: give by() a third term for those."],
        ),
        (
            "by(quality, {'low': 1, 'high': 2, 'best': 3})",
            ["character 4: quality has no choice 'best'."],
        ),
        ("by(hd, {1: 1, False: 2})", ["character 4: hd has no choice 1."]),
        ("by(width, {'16': 1}, 3)", ["character 4: width is never '16'."]),
        (
            "by(prompt, {'a': 1})",
            ["character 4: prompt may have other values: give by() a third term for those."],
        ),
        ("free * 2", ["character 1: free has no bounds: write max(0, min(free, 100))."]),
        ("number", ["character 1: number has no bounds: write max(0, min(number, 100))."]),
        ("max(0, number)", ["character 8: number has no bounds: write max(0, min(number, 100))."]),
        ("ratio - 1", ["It could be below zero: write max(0, …)."]),
        ("1 / ratio", ["Something could be divided by zero."]),
        (
            f"{MAX_CREDITS // 100} * width",
            ["It could cost more than 9,007,199,254,740,992 credits."],
        ),
    ],
)
def test_a_price_that_does_not_fit_its_node_is_refused(text, problems):
    assert [str(each) for each in problems_with(parse_price(text), priced(text))] == problems


def test_only_what_computes_has_a_price_and_only_accelerators_count_their_seconds():
    call = replace(SPEC, meta=replace(SPEC.meta, role="call"))

    problems = problems_with(parse_price("gpu_seconds()"), priced("gpu_seconds()", "cpu"))

    assert [str(each) for each in problems] == [
        "character 1: Only nodes that run on an accelerator are priced by its seconds."
    ]
    assert [str(each) for each in problems_with(parse_price("5"), call)] == [
        "Only nodes that compute something themselves have a price."
    ]


def test_a_catalogue_does_not_load_with_a_wrong_price():
    class Wrong(Node[EverythingIn, NoOutputs]):
        """Priced by what has no bounds."""

        meta = Meta(type="t.wrong", title="T", description="d", category="c", price="2 * free")

    with pytest.raises(ValueError, match=r"t\.wrong: price, character 5: free has no bounds"):
        build_catalogue([Wrong])


def test_the_public_entry_of_a_node_type_says_what_a_run_costs():
    prices = {
        spec.type: spec.as_json()["price"]
        for spec in build_catalogue(priced_nodes.NODES).specs.values()
    }

    assert prices["p.fixed"] == {
        "credits": 5,
        "unit": "run",
        "expression": "5",
        "minCredits": 5,
        "maxCredits": 5,
    }
    assert prices["p.length"] == {
        "credits": None,
        "unit": "run",
        "expression": "2 * default(seconds, 5)",
        "minCredits": 2,
        "maxCredits": 120,
    }
    assert SPEC.as_json()["price"]["credits"] == 0


# --- whatever the expression and the arguments

NUMBERS = st.sampled_from(["0", "1", "2.5", "7", "1000", "0.001"])
NAMES = st.sampled_from(["width", "ratio", "free", "number", "default(duration, 5)"])
MEASURES = st.sampled_from(
    [
        "characters(prompt)",
        "tokens(prompt)",
        "megapixels(image)",
        "megapixels(images)",
        "megapixels(width, ratio)",
        "seconds(video)",
        "seconds(sound)",
        "count(images)",
        "gpu_seconds()",
    ]
)


def _grown(terms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "/"])
    relations = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    return st.one_of(
        st.builds("({} {} {})".format, terms, operators, terms),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), terms, terms),
        st.builds("{}({})".format, st.sampled_from(["ceil", "floor"]), terms),
        st.builds("(-{})".format, terms),
        st.builds("({} if {} {} {} else {})".format, terms, terms, relations, terms, terms),
        st.builds("by(quality, {{'low': {}, 'high': {}}})".format, terms, terms),
        st.builds("by(quality, {{'low': {}}}, {})".format, terms, terms),
        st.builds("by(hd, {{True: {}}}, {})".format, terms, terms),
    )


EXPRESSIONS = st.recursive(st.one_of(NUMBERS, NAMES, MEASURES), _grown, max_leaves=8)
SIDES = st.integers(1, 6_000)
PICTURES = st.builds(lambda width, height: Image(width=width, height=height), SIDES, SIDES)
LENGTHS = st.one_of(st.none(), st.floats(0, 3_600))
VALUES = st.fixed_dictionaries(
    {
        "width": st.integers(16, 4_000),
        "ratio": st.floats(0, 1),
        "duration": st.one_of(st.none(), st.integers(1, 60)),
        "free": st.floats(-1e12, 1e12),
        "quality": st.sampled_from(["low", "high"]),
        "hd": st.booleans(),
        "prompt": st.integers(0, 4_000).map("x".__mul__),
        "image": PICTURES,
        "images": st.lists(PICTURES, max_size=4),
        "video": LENGTHS.map(lambda length: Video(duration_s=length)),
        "sound": st.one_of(st.none(), LENGTHS.map(lambda length: Audio(duration_s=length))),
        "number": st.integers(-(10**20), 10**20),
        GPU_SECONDS: st.floats(0, 3_600),
    }
)


@given(EXPRESSIONS, VALUES, st.sets(st.sampled_from(sorted(ARGUMENTS))))
def test_the_estimate_of_a_price_holds_its_charge_whatever_is_known_before(text, values, unknown):
    assume("/ 0)" not in text)
    price = parse_price(text)
    exact = {name: quantity_of(value) for name, value in values.items()}
    before = exact | {name: DECLARED[name] for name in unknown}
    try:
        expected = price.term.range(before)
    except ZeroDivisionError:
        assume(False)

    charge = price.term.range(exact)

    assert charge.low == charge.high
    assert expected.low <= charge.low <= expected.high
    assume(expected.high <= MAX_CREDITS)
    (low, high), (paid, same) = price.credits(before), price.credits(exact)
    assert 0 <= low <= paid == same <= high
    assert charge.low <= paid
    assert paid == 0 or paid - charge.low < 1


@given(st.fractions(-5, 2**40), st.fractions(-5, 2**40))
def test_a_greater_price_is_never_fewer_credits(one, other):
    low, high = sorted((one, other))
    text = "({} / {})"
    assume(max(low.denominator, high.denominator, abs(low.numerator), high.numerator) < 10**15)

    paid = [price_of(text.format(each.numerator, each.denominator)) for each in (low, high)]

    assert paid == sorted(paid)


@given(st.text(max_size=60))
def test_any_text_is_a_price_or_is_refused(text):
    refused = None
    try:
        parse_price(text)
    except PriceError as error:
        refused = error

    assert refused is None or 0 <= refused.position <= len(text)


def test_a_float_counts_as_it_is_written():
    assert as_fraction(0.1) * 10 == 1
    assert as_fraction(float("inf")) == BOUNDLESS
    assert Range(as_fraction(1), as_fraction(2)) * Range(as_fraction(-3), as_fraction(1)) == Range(
        as_fraction(-6), as_fraction(2)
    )
