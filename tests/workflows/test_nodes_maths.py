"""Numbers: expressions compute, and refuse everything but arithmetic."""

import math

import pytest

from tests.workflows.node_context import given, run_node, spec
from workflows.catalogue.errors import NodeFailed


def compute(expression, **variables):
    return run_node("math.expression", expression=expression, extra=variables).number


@pytest.mark.parametrize(
    ("expression", "variables", "expected"),
    [
        ("a + b", {"a": 1, "b": 2.5}, 3.5),
        ("2 * (3 + 4) ** 2", {}, 98.0),
        ("-a // 2 + 7 % 4", {"a": 5}, 0.0),
        ("round(2.5) + round(-2.5) + round(1.005, 2)", {}, 1.01),
        ("min(a, b, 3) + max(1, 2)", {"a": 9, "b": 4}, 5.0),
        ("clamp(a, 0, 1)", {"a": 7}, 1.0),
        ("1 if a > 1 and not b else 2", {"a": 2, "b": 0}, 1.0),
        ("0 < a <= 1 or False", {"a": 0}, 0.0),
        ("sqrt(16) + log(8, 2) + floor(1.9) + sign(-3)", {}, 7.0),
        ("cos(pi) + e - e", {}, -1.0),
        ("512 / 3", {}, 512 / 3),
    ],
)
def test_an_expression_has_exactly_this_value(expression, variables, expected):
    assert compute(expression, **variables) == pytest.approx(expected, abs=1e-12)


def test_the_whole_number_is_the_nearest_or_absent_when_inexact():
    assert given(run_node("math.expression", expression="5 / 2")) == {"number": 2.5, "integer": 3}
    assert given(run_node("math.expression", expression="2.0 ** 60")) == {"number": 2.0**60}


def test_each_variable_becomes_a_number_port_in_order():
    ports = spec("math.expression").node.ports_for({"expression": "b * sin(a) + b + pi"})

    assert [(port.name, port.kind, port.required) for port in ports] == [
        ("b", "number", True),
        ("a", "number", True),
    ]
    assert spec("math.expression").node.ports_for({"expression": "a +"}) == ()


@pytest.mark.parametrize(
    ("expression", "variables"),
    [
        ("1 / a", {"a": 0}),
        ("sqrt(a)", {"a": -1}),
        ("a ** 0.5", {"a": -8}),
        ("a", {}),
        ("a", {"a": "1"}),
    ],
)
def test_an_expression_without_a_value_is_an_invalid_value(expression, variables):
    with pytest.raises(NodeFailed) as failed:
        compute(expression, **variables)

    assert failed.value.code == "invalid_value"


@pytest.mark.parametrize("expression", ["9**9**9", "9" * 400, "1e308 * 10", "exp(99999)", "1e999"])
def test_G13_an_expression_that_explodes_is_refused_when_saved_and_when_run(expression):
    with pytest.raises(NodeFailed) as failed:
        compute(expression)

    assert failed.value.code == "resource_limit"
    assert spec("math.expression").node.check({"expression": expression})[0][:2] == (
        "expression",
        "out_of_range",
    )


def test_G13_an_explosion_that_needs_a_variable_is_refused_when_run():
    with pytest.raises(NodeFailed) as failed:
        compute("a**a**a", a=9)

    assert failed.value.code == "resource_limit"


@pytest.mark.parametrize(
    "expression",
    [
        '"a"*10**9',
        "[0]*10**9",
        "().__class__.__mro__",
        "a.b",
        "a[0]",
        "__import__('os')",
        "eval('1')",
        "(lambda: 1)()",
        "[x for x in y]",
        "(a := 1)",
        "f'{a}'",
        "a, b",
        "min(*a)",
        "round(number=1)",
        "round(1, 2, 3)",
        "1 << 9",
        "~1",
        "1j",
        "None",
        "a is b",
        "await a",
        "__debug__",
        "import os",
        "",
        "1 +",
        "\x00",
    ],
)
def test_G13_anything_but_arithmetic_is_refused_when_saved_and_when_run(expression):
    with pytest.raises(NodeFailed) as failed:
        compute(expression, a=1, b=2)

    assert failed.value.code == "invalid_value"
    assert spec("math.expression").node.check({"expression": expression})[0][:2] == (
        "expression",
        "not_allowed",
    )


@pytest.mark.parametrize(
    "expression", ["(" * 500 + "1" + ")" * 499, "-" * 999 + "1", "1" + "+1" * 499]
)
def test_G13_deep_nesting_is_refused_without_recursion(expression):
    with pytest.raises(NodeFailed) as failed:
        compute(expression)

    assert failed.value.code == "invalid_value"


def test_G13_a_name_that_is_taken_by_a_parameter_is_refused():
    problems = spec("math.expression").node.check({"expression": "expression + 1"})

    assert problems[0][:2] == ("expression", "not_allowed")


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"number": 2.5}, {"number": 3.0, "integer": 3}),
        ({"number": -2.5}, {"number": -3.0, "integer": -3}),
        ({"number": 2.9, "mode": "down"}, {"number": 2.0, "integer": 2}),
        ({"number": -2.9, "mode": "down"}, {"number": -3.0, "integer": -3}),
        ({"number": 2.1, "mode": "up"}, {"number": 3.0, "integer": 3}),
        ({"number": -2.9, "mode": "toward-zero"}, {"number": -2.0, "integer": -2}),
        ({"number": 0.29, "digits": 2, "mode": "down"}, {"number": 0.29, "integer": 0}),
        ({"number": 1234, "digits": -2}, {"number": 1200.0, "integer": 1200}),
    ],
)
def test_rounding_reads_the_number_as_written(inputs, expected):
    assert given(run_node("math.round", **inputs)) == expected


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"number": 0.25}, 25.0),
        ({"number": 2}, 100.0),
        ({"number": 2, "limit": False}, 200.0),
        ({"number": 5, "fromLow": 0, "fromHigh": 10, "toLow": 1, "toHigh": -1}, 0.0),
    ],
)
def test_scaling_carries_a_number_to_another_range(inputs, expected):
    assert run_node("math.remap", **inputs).number == expected


def test_scaling_from_an_empty_range_is_an_invalid_value():
    with pytest.raises(NodeFailed) as failed:
        run_node("math.remap", number=1, fromHigh=0)

    assert failed.value.code == "invalid_value"


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"text": " 1,234.5 "}, 1234.5),
        ({"text": "1.234,5", "decimal": "comma"}, 1234.5),
        ({"text": "-3e2"}, -300.0),
        ({"text": "many", "default": 7}, 7.0),
        ({"text": "nan", "default": 7}, 7.0),
        ({"text": "1_000", "default": 7}, 7.0),
    ],
)
def test_a_text_is_read_as_a_number(inputs, expected):
    assert run_node("math.parse", **inputs).number == expected


@pytest.mark.parametrize("text", ["many", "", "inf", "0x10"])
def test_a_text_that_is_no_number_is_an_invalid_value(text):
    with pytest.raises(NodeFailed) as failed:
        run_node("math.parse", text=text)

    assert failed.value.code == "invalid_value"


def test_no_number_node_gives_what_json_cannot_hold():
    with pytest.raises(NodeFailed) as failed:
        run_node("math.remap", number=1e308, toHigh=1e308, limit=False)

    assert failed.value.code == "resource_limit"
    assert not math.isfinite(1e308 * 1e308)
