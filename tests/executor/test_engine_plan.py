"""Cutting graphs into segments."""

from typing import Any

from executor.engine.plan import COSTLY_CHUNK, INLINE_CHUNK
from tests.executor.engine_nodes import make_plan
from tests.graphs import graph


def test_cheap_nodes_in_a_row_are_one_segment() -> None:
    nodes: dict[str, Any] = {"i": ("input.number", {"name": "n"})} | {
        f"a{k}": "t.add" for k in range(20)
    }
    edges = ["i.value -> a0.number"] + [f"a{k}.number -> a{k + 1}.number" for k in range(19)]

    plan = make_plan(graph(nodes, edges))

    assert [segment.node_ids for segment in plan.segments] == [tuple(f"a{k}" for k in range(20))]


def test_a_costly_node_stands_alone_between_cheap_ones() -> None:
    plan = make_plan(
        graph(
            {"i": ("input.number", {"name": "n"}), "a": "t.add", "c": "t.costly", "b": "t.add"},
            ["i.value -> a.number", "a.number -> c.number", "c.number -> b.number"],
        )
    )

    assert [(s.node_ids, s.needs) for s in plan.segments] == [
        (("a",), frozenset()),
        (("c",), frozenset({0})),
        (("b",), frozenset({1})),
    ]


def test_cheap_nodes_on_both_sides_of_a_costly_branch_make_no_circle() -> None:
    # a feeds c (costly) and d; d joins c: d must not be fused with a.
    plan = make_plan(
        graph(
            {"i": ("input.number", {"name": "n"}), "a": "t.add", "c": "t.costly", "d": "t.pair"},
            ["i.value -> a.number", "a.number -> c.number", "a.number -> d.a", "c.number -> d.b"],
        )
    )

    assert [segment.node_ids for segment in plan.segments] == [("a",), ("c",), ("d",)]
    assert all(need < s.index for s in plan.segments for need in s.needs)


def test_nodes_mapped_over_one_list_are_fused_and_apart_from_those_that_run_once() -> None:
    plan = make_plan(
        graph(
            {"l": "t.count", "a": "t.add", "b": "t.add", "s": "t.sum"},
            ["l.numbers -> a.number", "a.number -> b.number", "b.number -> s.numbers"],
        )
    )

    assert [(s.node_ids, s.space) for s in plan.segments] == [
        (("l",), None),
        (("a", "b"), ("l.numbers",)),
        (("s",), None),
    ]
    assert plan.segments[1].chunk == INLINE_CHUNK


def test_elements_of_a_costly_mapped_node_are_tasks_of_their_own() -> None:
    plan = make_plan(graph({"l": "t.count", "c": "t.costly"}, ["l.numbers -> c.number"]))

    assert plan.segments[1].chunk == COSTLY_CHUNK


def test_a_large_diamond_is_planned_in_order() -> None:
    nodes: dict[str, Any] = {"i": ("input.number", {"name": "n"})}
    edges: list[str] = []
    for k in range(100):
        nodes |= {f"a{k}": "t.add", f"c{k}": "t.costly", f"p{k}": "t.pair"}
        before = "i.value" if k == 0 else f"p{k - 1}.number"
        edges += [f"{before} -> a{k}.number", f"{before} -> c{k}.number"]
        edges += [f"a{k}.number -> p{k}.a", f"c{k}.number -> p{k}.b"]

    plan = make_plan(graph(nodes, edges))

    assert sum(len(segment.node_ids) for segment in plan.segments) == 300
    assert all(need < s.index for s in plan.segments for need in s.needs)
