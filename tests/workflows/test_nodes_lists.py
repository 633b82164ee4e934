"""List nodes give exactly these lists."""

import pytest

from tests.workflows.node_context import given, run_node
from workflows.catalogue.errors import NodeFailed

LETTERS = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("type_", "inputs", "expected"),
    [
        ("list.make", {"values": [1, "a"]}, [1, "a"]),
        ("list.join", {"lists": [1, 2, 3]}, [1, 2, 3]),
        ("list.flatten", {"lists": [["a"], [], ["b", ["c"]]]}, ["a", "b", ["c"]]),
        ("list.slice", {"list": LETTERS, "start": 1, "count": 2}, ["b", "c"]),
        ("list.slice", {"list": LETTERS, "start": -2}, ["c", "d"]),
        ("list.slice", {"list": LETTERS, "start": 9}, []),
        ("list.range", {}, list(range(10))),
        ("list.range", {"start": 5, "stop": 1, "step": -2}, [5, 3]),
        ("list.range", {"start": 5, "stop": 1, "step": -2, "inclusive": True}, [5, 3, 1]),
        ("list.range", {"start": 3, "stop": 3}, []),
        ("list.steps", {"start": 1, "stop": 2, "count": 3}, [1.0, 1.5, 2.0]),
        ("list.steps", {"start": 1, "stop": 2, "count": 1}, [1.0]),
        ("list.unique", {"list": [1, True, 1.0, "a", "a", [1], [1]]}, [1, True, "a", [1]]),
        ("list.reverse", {"list": LETTERS}, ["d", "c", "b", "a"]),
        ("list.sort", {"list": ["b", "C", "a"]}, ["a", "b", "C"]),
        ("list.sort", {"list": ["b", "C", "a"], "matchCase": True}, ["C", "a", "b"]),
        ("list.sort", {"list": [2, 10, 1.5], "descending": True}, [10, 2, 1.5]),
    ],
)
def test_a_list_node_gives_exactly_this_list(type_, inputs, expected):
    assert run_node(type_, **inputs).list == expected


@pytest.mark.parametrize(("index", "expected"), [(0, "a"), (3, "d"), (-1, "d"), (-4, "a")])
def test_picking_counts_from_either_end(index, expected):
    assert run_node("list.pick", list=LETTERS, index=index).value == expected


def test_crossing_makes_every_combination():
    assert given(run_node("list.cross", a=[1, 2], b=["x", "y"])) == {
        "a": [1, 1, 2, 2],
        "b": ["x", "y", "x", "y"],
    }


@pytest.mark.parametrize(
    ("mode", "a", "b"),
    [("shortest", [1, 2], ["x", "y"]), ("cycle", [1, 2, 3], ["x", "y", "x"])],
)
def test_zipping_brings_lists_to_one_length(mode, a, b):
    assert given(run_node("list.zip", a=[1, 2, 3], b=["x", "y"], mode=mode)) == {"a": a, "b": b}


def test_cycling_with_an_empty_list_is_empty():
    assert given(run_node("list.zip", a=[1], b=[], mode="cycle")) == {"a": [], "b": []}


@pytest.mark.parametrize(
    ("size", "lists"),
    [(1, [["a"], ["b"], ["c"], ["d"]]), (3, [["a", "b", "c"], ["d"]]), (9, [LETTERS])],
)
def test_chunks_have_so_many_elements_and_the_last_may_be_shorter(size, lists):
    assert run_node("list.chunk", list=LETTERS, size=size).lists == lists
    assert run_node("list.chunk", list=[], size=size).lists == []


def test_flattening_into_more_than_a_thousand_elements_is_refused():
    with pytest.raises(NodeFailed) as failed:
        run_node("list.flatten", lists=[[1] * 501] * 2)

    assert failed.value.code == "resource_limit"


def test_counting_a_list():
    assert given(run_node("list.length", list=LETTERS)) == {"length": 4, "empty": False}


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        ("list.pick", {"list": LETTERS, "index": 4}),
        ("list.pick", {"list": [], "index": 0}),
        ("list.pick", {"list": LETTERS, "index": -5}),
        ("list.range", {"step": 0}),
        ("list.zip", {"a": [1], "b": []}),
        ("list.sort", {"list": [1, "a"]}),
        ("list.sort", {"list": [True, False]}),
    ],
)
def test_what_has_no_meaning_is_an_invalid_value(type_, inputs):
    with pytest.raises(NodeFailed) as failed:
        run_node(type_, **inputs)

    assert failed.value.code == "invalid_value"


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        ("list.range", {"stop": 1_001}),
        ("list.range", {"start": -(10**15), "stop": 10**15}),
        ("list.range", {"start": -(10**30), "stop": 10**30}),
        ("list.cross", {"a": [0] * 32, "b": [0] * 32}),
        ("list.make", {"values": [0] * 1_001}),
        ("list.join", {"lists": [0] * 1_001}),
        ("list.steps", {"count": 10**9}),
    ],
)
def test_more_than_a_thousand_elements_are_refused(type_, inputs):
    with pytest.raises(NodeFailed) as failed:
        run_node(type_, **inputs)

    assert failed.value.code == "resource_limit"


def test_a_thousand_elements_are_fine():
    assert len(run_node("list.range", stop=1_000).list) == 1_000
    assert len(run_node("list.cross", a=[0] * 40, b=[0] * 25).a) == 1_000
