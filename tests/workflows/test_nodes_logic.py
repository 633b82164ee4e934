"""Logic nodes: which branch, which truth."""

import pytest

from tests.workflows.node_context import given, run_node, spec
from workflows.catalogue.errors import NodeFailed


def test_if_gives_the_value_to_one_branch_alone():
    assert given(run_node("logic.if", condition=True, value=7)) == {"true": 7}
    assert given(run_node("logic.if", condition=False, value=None)) == {"false": None}


@pytest.mark.parametrize(
    ("selector", "options", "port"),
    [
        ("red", {}, "case1"),
        ("GREEN", {}, "case2"),
        ("GREEN", {"matchCase": True}, "default"),
        (3, {}, "case3"),
        (3.0, {}, "case3"),
        (True, {}, "case4"),
        (None, {}, "default"),
        (["red"], {}, "default"),
    ],
)
def test_switch_gives_the_value_to_the_case_that_is_selected(selector, options, port):
    cases = ["red", "green", "3", "true"]

    outputs = run_node("logic.switch", value="v", selector=selector, cases=cases, **options)

    assert given(outputs) == {port: "v"}


@pytest.mark.parametrize(
    ("cases", "code"),
    [
        ([], "out_of_range"),
        (list("abcdefghi"), "out_of_range"),
        (["a", "a"], "not_allowed"),
        ([1], "wrong_kind"),
        ("abc", "wrong_kind"),
    ],
)
def test_switch_takes_one_to_eight_different_texts(cases, code):
    assert spec("logic.switch").node.check({"cases": cases})[0][:2] == ("cases", code)


def test_merge_gives_the_first_that_arrived():
    assert given(run_node("logic.merge", values=["a", "b"])) == {"value": "a"}
    with pytest.raises(NodeFailed):
        run_node("logic.merge", values=[])


@pytest.mark.parametrize(
    ("left", "operator", "right", "expected"),
    [
        (1, "eq", 1.0, True),
        (True, "eq", 1, False),
        ("a", "eq", "A", False),
        ([1, {"a": 2}], "eq", [1, {"a": 2}], True),
        (None, "ne", 0, True),
        (1, "lt", 2, True),
        ("b", "le", "a", False),
        (2.5, "gt", 2, True),
        ("b", "ge", "b", True),
        ("abc", "contains", "b", True),
        ([1, "b"], "contains", "b", True),
        ([1], "contains", True, False),
        ({"k": 1}, "contains", "k", True),
        ("abc", "not-contains", "x", True),
        ("abc", "starts-with", "ab", True),
        ("abc", "ends-with", "ab", False),
        ("abc", "matches", "^a.c$", True),
        ("", "empty", None, True),
        (0, "empty", None, False),
        ([1], "not-empty", None, True),
    ],
)
def test_compare_says_whether_the_relation_holds(left, operator, right, expected):
    assert run_node("logic.compare", a=left, operator=operator, b=right).result is expected


def test_compare_can_ignore_case():
    for operator in ("eq", "contains", "starts-with", "matches"):
        assert run_node("logic.compare", a="AB", operator=operator, b="ab", matchCase=False).result


@pytest.mark.parametrize(
    ("left", "operator", "right"),
    [(1, "lt", "2"), (True, "lt", 2), (1, "contains", 1), ("a", "matches", "(")],
)
def test_compare_refuses_what_cannot_stand_in_the_relation(left, operator, right):
    with pytest.raises(NodeFailed) as failed:
        run_node("logic.compare", a=left, operator=operator, b=right)

    assert failed.value.code == "invalid_value"


@pytest.mark.parametrize(
    ("type_", "inputs", "expected"),
    [
        ("logic.not", {"value": True}, False),
        ("logic.and", {"values": [True, True]}, True),
        ("logic.and", {"values": [True, False]}, False),
        ("logic.or", {"values": [False, True]}, True),
        ("logic.or", {"values": [False]}, False),
    ],
)
def test_truths_combine(type_, inputs, expected):
    assert run_node(type_, **inputs).result is expected


@pytest.mark.parametrize(
    ("value", "options", "expected"),
    [(None, {}, "f"), ("", {}, ""), ("", {"emptyToo": True}, "f"), (0, {"emptyToo": True}, 0)],
)
def test_fallback_stands_in_for_null(value, options, expected):
    assert run_node("logic.fallback", value=value, fallback="f", **options).value == expected
