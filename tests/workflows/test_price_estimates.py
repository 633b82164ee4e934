"""Estimates: what is known before a run, and the bounds of what is not."""

from typing import Any

import pytest

from tests.executor.priced_nodes import NODES
from tests.graphs import graph
from workflows.catalogue.load import build_catalogue
from workflows.catalogue.nodes import ALL_NODES
from workflows.catalogue.price import MAX_CREDITS
from workflows.graphs.calls import Calls
from workflows.graphs.document import parse_graph
from workflows.graphs.estimate import (
    Estimate,
    PricedGraph,
    estimate,
    frozen_prices,
    price_graph,
    prices_below,
)
from workflows.graphs.fields import Callee
from workflows.graphs.interface import interface_of
from workflows.graphs.resolve import resolve

CATALOGUE = build_catalogue((*ALL_NODES, *NODES))
TEXT = ("input.text", {"name": "text"})
LIST = ("input.list", {"name": "list"})
IMAGE = ("input.image", {"name": "image"})
PICTURE = {"m": {"kind": "image", "width": 2_000, "height": 1_000, "content_type": "image/png"}}


class Workflows:
    """Published workflows in memory, for graphs that run each other."""

    def __init__(self) -> None:
        self.priced: dict[str, PricedGraph] = {}

    def add(self, id_: str, nodes: dict[str, Any], edges: list[str]) -> PricedGraph:
        resolution = resolve(parse_graph(graph(nodes, edges)), CATALOGUE, Calls(self._find))
        assert resolution.problems == ()
        self.priced[id_] = price_graph(resolution.graph, self._callee)
        return self.priced[id_]

    def _callee(self, callee: Callee) -> PricedGraph:
        return self.priced[callee.version_id]

    def _find(self, id_: str, _: int | None) -> Callee:
        found = self.priced[id_].graph
        depth = max((node.callee.depth + 1 for node in found.nodes if node.callee), default=0)
        return Callee(id_, id_, 1, interface_of(found), frozenset({id_}), depth)


def priced(nodes: dict[str, Any], edges: list[str]) -> PricedGraph:
    return Workflows().add("wf", nodes, edges)


def span(found: Estimate) -> tuple[int, int]:
    return found.lower, found.upper


def shares(found: Estimate) -> dict[str, tuple[int, int, int]]:
    """Return least, most and number of runs of the nodes that cost something."""
    return {
        node.node_id: (node.lower, node.credits, node.quantity)
        for node in found.nodes
        if node.credits
    }


def test_nodes_stand_in_run_order_and_those_without_a_price_cost_nothing():
    found = estimate(priced({"a": "text.case", "in": TEXT}, ["in.value -> a.text"]), {})

    assert [(node.node_id, node.type, node.quantity) for node in found.nodes] == [
        ("in", "input.text", 1),
        ("a", "text.case", 1),
    ]
    assert found.nodes[0].label == "Text input"
    assert span(found) == (0, 0)


@pytest.mark.parametrize(
    ("type_", "params", "expected"),
    [
        ("p.costly", {}, (3, 3)),
        ("p.costly", {"effort": "high", "copies": 10}, (70, 70)),
        ("p.length", {}, (10, 10)),
        ("p.length", {"seconds": 7}, (14, 14)),
        ("p.area", {"width": 4_000, "height": 4_000, "prompt": "x" * 4_000}, (65, 65)),
    ],
)
def test_settings_are_known(type_, params, expected):
    port = ["in.value -> a.text"] if type_ != "p.area" else []

    assert span(estimate(priced({"in": TEXT, "a": (type_, params)}, port), {})) == expected


@pytest.mark.parametrize(
    ("declared", "known", "expected"),
    [
        ({}, {"number": {"v": 2.5}}, (25, 25)),
        ({}, {}, (0, 1_000)),  # as the parameter allows
        ({}, {"number": None}, (0, 1_000)),
        ({"minimum": 1, "maximum": 500}, {}, (10, 1_000)),  # and the input
        ({"minimum": -5, "maximum": 3}, {}, (0, 30)),
        ({"default": 4}, {}, (40, 40)),
        ({"default": 4}, {"number": None}, (0, 1_000)),
        ({"required": False}, {}, (10, 10)),  # null: the node's own setting
        ({"required": False}, {"number": {"v": None}}, (10, 10)),
        ({"required": False}, {"number": None}, (0, 1_000)),
    ],
)
def test_inputs_of_the_run_are_known_or_within_their_bounds(declared, known, expected):
    nodes = {"in": ("input.number", {"name": "number", **declared}), "a": "p.amount"}

    assert span(estimate(priced(nodes, ["in.value -> a.number"]), known)) == expected


def test_texts_are_as_long_as_their_input_allows_and_others_as_the_engine_does():
    nodes = {
        "in": ("input.text", {"name": "text", "maxLength": 50}),
        "a": "p.words",
        "b": "p.words",
    }

    found = estimate(priced(nodes, ["in.value -> a.text", "a.text -> b.text"]), {})

    assert shares(found) == {"a": (0, 10, 1), "b": (0, 838_861, 1)}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (PICTURE, (15, 15)),
        ({"u": {"url": "https://example.com/a.png", "kind": "image"}}, (10, 15)),
        (None, (10, 15)),
    ],
)
def test_a_picture_that_is_not_fetched_yet_has_bounds(form, expected):
    made = priced({"in": IMAGE, "a": "p.look"}, ["in.value -> a.image"])

    assert span(estimate(made, {"image": form})) == expected


def test_a_default_that_is_a_file_has_bounds():
    image = ("input.image", {"name": "image", "default": {"fileId": "file_1"}})

    assert span(estimate(priced({"in": image, "a": "p.look"}, ["in.value -> a.image"]), {})) == (
        10,
        15,
    )


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"list": {"v": ["x", "x" * 6, ""]}}, (3, 3, 3)),
        ({"list": {"v": ["x"] * 1_000}}, (1_000, 1_000, 1_000)),
        ({}, (0, 838_861_000, 1_000)),
    ],
)
def test_a_mapped_node_costs_as_much_as_its_elements(known, expected):
    found = estimate(priced({"in": LIST, "a": "p.words"}, ["in.value -> a.text"]), known)

    assert shares(found) == {"a": expected}


def test_an_empty_list_costs_nothing():
    found = estimate(
        priced({"in": LIST, "a": "p.fixed"}, ["in.value -> a.text"]), {"list": {"v": []}}
    )

    assert (span(found), found.nodes[1].quantity) == ((0, 0), 0)


def test_nodes_behind_a_mapped_one_have_its_elements():
    nodes = {"in": LIST, "a": "text.case", "b": "p.fixed"}
    made = priced(nodes, ["in.value -> a.text", "a.text -> b.text"])

    assert shares(estimate(made, {"list": {"v": ["x", "y"]}})) == {"b": (10, 10, 2)}


def test_lists_made_on_the_way_may_have_any_number_of_elements():
    nodes = {"in": TEXT, "a": "text.extract", "b": "p.fixed"}
    made = priced(nodes, ["in.value -> a.text", "a.texts -> b.text"])

    assert shares(estimate(made, {"text": {"v": "a,b"}})) == {"b": (0, 5_000, 1_000)}


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"text": {"v": "one\nfour x\n\ntwelve chars"}}, (1 + 2 + 3, 1 + 2 + 3, 3)),
        ({}, (0, 4 * 838_861, 4)),
    ],
)
def test_a_known_text_is_split_beforehand_and_an_unknown_one_gives_no_more_than_the_limit(
    known, expected
):
    nodes = {"in": TEXT, "a": ("text.split", {"limit": 4}), "b": "p.words"}
    made = priced(nodes, ["in.value -> a.text", "a.texts -> b.text"])

    assert shares(estimate(made, known)) == {"b": expected}


def test_a_list_that_is_made_has_as_many_elements_as_are_wired():
    nodes = {"in": TEXT, "list": LIST, "make": "list.make", "a": "p.fixed", "b": "p.fixed"}
    edges = [
        "in.value -> make.values",
        "in.value -> make.values",
        "list.value -> make.values",
        "make.list -> a.text",
        "a.text -> b.text",
    ]
    made = priced(nodes, edges)

    assert shares(estimate(made, {"list": {"v": ["x", "y"]}})) == {
        "a": (20, 20, 4),
        "b": (20, 20, 4),
    }
    assert shares(estimate(made, {})) == {"a": (10, 5_000, 1_000), "b": (10, 5_000, 1_000)}


def test_a_wired_length_lies_within_the_bounds_of_its_input():
    count = ("input.integer", {"name": "count", "minimum": 2, "maximum": 6})
    nodes = {"count": count, "steps": "list.steps", "a": "p.amount"}
    made = priced(nodes, ["count.value -> steps.count", "steps.list -> a.number"])

    assert shares(estimate(made, {})) == {"a": (0, 6_000, 6)}
    assert shares(estimate(made, {"count": {"v": 3}})) == {"a": (0, 3_000, 3)}


def test_chunks_have_the_elements_of_their_list_together():
    nodes = {
        "a": ("list.range", {"stop": 7}),
        "chunk": ("list.chunk", {"size": 3}),
        "b": "p.amount",
    }
    made = priced(nodes, ["a.list -> chunk.list", "chunk.lists -> b.number"])

    assert [node.quantity for node in estimate(made, {}).nodes if node.node_id == "b"] == [7]


def test_lists_on_a_branch_say_nothing_of_those_that_arrive():
    nodes = {
        "in": TEXT,
        "yes": ("input.boolean", {"name": "yes"}),
        "if": "logic.if",
        "two": ("text.split", {"limit": 2}),
        "five": ("text.split", {"limit": 5}),
        "merge": "list.join",
        "a": "p.fixed",
    }
    edges = [
        "in.value -> if.value",
        "yes.value -> if.condition",
        "if.true -> two.text",
        "if.false -> five.text",
        "two.texts -> merge.lists",
        "five.texts -> merge.lists",
        "merge.list -> a.text",
    ]

    found = estimate(priced(nodes, edges), {"text": {"v": "a\nb\nc"}, "yes": {"v": True}})

    assert shares(found) == {"a": (0, 35, 7)}


def test_lists_inside_lists_are_counted_through():
    nodes = {"in": ("input.list", {"name": "list", "items": "list[text]"}), "a": "p.words"}
    known = {"list": {"v": [["x", "x" * 6], [], ["y"]]}}

    found = estimate(priced(nodes, ["in.value -> a.text"]), known)

    assert shares(found) == {"a": (4, 4, 3)}


@pytest.mark.parametrize(("seconds", "expected"), [([1, 2], (6, 6, 2)), ([1], (0, 0, 0))])
def test_lists_go_pairwise_and_those_that_do_not_fit_end_the_run_there(seconds, expected):
    numbers = ("input.list", {"name": "numbers", "items": "integer"})
    edges = ["in.value -> a.text", "numbers.value -> a.seconds"]
    made = priced({"in": LIST, "numbers": numbers, "a": "p.length"}, edges)

    found = estimate(made, {"list": {"v": ["x", "y"]}, "numbers": {"v": seconds}}).nodes[-1]

    assert (found.lower, found.credits, found.quantity) == expected


def test_a_port_that_takes_many_counts_all_that_is_wired_to_it():
    nodes = {
        "one": IMAGE,
        "two": ("input.list", {"name": "images", "items": "image"}),
        "a": "p.sheet",
    }
    made = priced(nodes, ["one.value -> a.images", "two.value -> a.images"])

    known = estimate(made, {"image": PICTURE, "images": {"l": [PICTURE, PICTURE]}})
    unknown = estimate(made, {"image": PICTURE})

    assert span(known) == (9, 9)
    assert span(unknown) == (3, 3 + 10_000 + 400_000)


def test_what_lies_on_a_branch_may_cost_nothing():
    nodes = {
        "in": TEXT,
        "yes": ("input.boolean", {"name": "yes"}),
        "if": "logic.if",
        "a": "p.fixed",
        "b": ("p.costly", {"effort": "high"}),
        "merge": "logic.merge",
        "c": "p.fixed",
        "d": "p.fixed",
    }
    edges = [
        "in.value -> if.value",
        "yes.value -> if.condition",
        "if.true -> a.text",
        "if.false -> b.text",
        "a.text -> merge.values",
        "in.value -> merge.values",
        "merge.value -> c.text",
        "b.text -> d.text",
    ]

    found = estimate(priced(nodes, edges), {})

    assert shares(found) == {"a": (0, 5, 1), "b": (0, 7, 1), "c": (5, 5, 1), "d": (0, 5, 1)}


def test_a_node_whose_lists_all_lie_on_a_branch_may_run_for_no_element_whatever_else_arrives():
    nodes = {
        "in": TEXT,
        "list": LIST,
        "yes": ("input.boolean", {"name": "yes"}),
        "if": "logic.if",
        "case": "text.case",
        "merge": "logic.merge",
        "reverse": "list.reverse",
        "a": "p.fixed",
        "b": "p.fixed",
    }
    edges = [
        "list.value -> if.value",
        "yes.value -> if.condition",
        "if.true -> case.text",
        "case.text -> merge.values",
        "in.value -> merge.values",
        "merge.value -> a.text",
        "merge.value -> reverse.list",
        "reverse.list -> b.text",
    ]

    found = estimate(priced(nodes, edges), {"list": {"v": ["x", "y"]}})

    assert shares(found) == {"a": (0, 10, 2), "b": (0, 10, 2)}


def callee(workflows: Workflows) -> None:
    nodes = {"in": TEXT, "a": "p.words", "b": "p.fixed", "out": ("output", {"name": "text"})}
    edges = ["in.value -> a.text", "in.value -> b.text", "a.text -> out.value"]
    workflows.add("inner", nodes, edges)


def test_a_call_costs_what_its_workflow_does():
    workflows = Workflows()
    callee(workflows)
    call = ("workflow.run", {"workflowId": "inner"})
    made = workflows.add("wf", {"in": TEXT, "call": call}, ["in.value -> call.text"])

    assert shares(estimate(made, {"text": {"v": "x" * 12}})) == {"call": (8, 8, 1)}
    assert shares(estimate(made, {})) == {"call": (5, 26_220, 1)}
    assert frozen_prices(made) == {"call/a": "2 * characters(text) / 10", "call/b": "5"}
    assert prices_below(frozen_prices(made), "call") == frozen_prices(workflows.priced["inner"])


def test_a_mapped_call_costs_what_its_elements_do():
    workflows = Workflows()
    callee(workflows)
    call = ("workflow.run", {"workflowId": "inner"})
    made = workflows.add("wf", {"in": LIST, "call": call}, ["in.value -> call.text"])

    few = estimate(made, {"list": {"v": ["x", "x" * 12]}})
    many = estimate(made, {"list": {"v": ["x"] * 1_000}})

    assert shares(few) == {"call": (14, 14, 2)}
    assert many.lower <= 6_000 <= many.upper


def test_a_loop_costs_one_round_at_least_and_all_it_may_have_at_most():
    workflows = Workflows()
    nodes = {
        "in": TEXT,
        "a": "p.words",
        "b": "p.fixed",
        "out": ("output", {"name": "text"}),
        "yes": ("input.boolean", {"name": "yes"}),
        "again": ("output", {"name": "again"}),
    }
    edges = [
        "in.value -> a.text",
        "in.value -> b.text",
        "a.text -> out.value",
        "yes.value -> again.value",
    ]
    workflows.add("body", nodes, edges)
    loop = ("loop.while", {"workflowId": "body", "maximum": 4})
    yes = ("input.boolean", {"name": "yes"})
    made = workflows.add(
        "wf",
        {"in": TEXT, "yes": yes, "loop": loop},
        ["in.value -> loop.text", "yes.value -> loop.yes"],
    )

    found = estimate(made, {"text": {"v": "x"}, "yes": {"v": True}})

    assert shares(found) == {"loop": (5, 4 * 26_220, 1)}


def test_what_follows_a_call_that_may_give_nothing_may_cost_nothing():
    workflows = Workflows()
    nodes = {
        "in": TEXT,
        "yes": ("input.boolean", {"name": "yes", "default": True}),
        "if": "logic.if",
        "sure": ("output", {"name": "sure"}),
        "maybe": ("output", {"name": "maybe"}),
    }
    edges = [
        "in.value -> if.value",
        "yes.value -> if.condition",
        "in.value -> sure.value",
        "if.true -> maybe.value",
    ]
    workflows.add("inner", nodes, edges)
    outer = {
        "in": TEXT,
        "call": ("workflow.run", {"workflowId": "inner"}),
        "a": "p.fixed",
        "b": "p.fixed",
    }
    made = workflows.add(
        "wf", outer, ["in.value -> call.text", "call.sure -> a.text", "call.maybe -> b.text"]
    )

    assert shares(estimate(made, {})) == {"a": (5, 5, 1), "b": (0, 5, 1)}


def test_workflows_that_call_each_other_over_and_over_are_estimated_at_once():
    workflows = Workflows()
    callee(workflows)
    below = "inner"
    for level in ("third", "second", "first"):
        nodes: dict[str, Any] = {"in": TEXT, "out": ("output", {"name": "text"})}
        nodes |= {f"call{n}": ("workflow.run", {"workflowId": below}) for n in range(40)}
        edges = [f"in.value -> call{n}.text" for n in range(40)]
        workflows.add(level, nodes, [*edges, "call0.text -> out.value"])
        below = level

    found = estimate(workflows.priced["first"], {"text": {"v": "x" * 12}})

    assert found.lower <= 40**3 * 8 <= found.upper < MAX_CREDITS


def test_no_estimate_is_above_what_a_number_can_say():
    workflows = Workflows()
    below = "inner"
    callee(workflows)
    for level in ("third", "second", "first"):
        nodes: dict[str, Any] = {
            "in": TEXT,
            "split": "text.split",
            "call": ("workflow.run", {"workflowId": below}),
            "out": ("output", {"name": "text"}),
        }
        edges = ["in.value -> split.text", "split.texts -> call.text", "in.value -> out.value"]
        workflows.add(level, nodes, edges)
        below = level

    found = estimate(workflows.priced["first"], {})

    assert 10**12 < found.upper <= MAX_CREDITS


def test_prices_are_frozen_for_priced_nodes_alone():
    made = priced(
        {"in": TEXT, "a": "p.fixed", "b": "text.case"},
        ["in.value -> a.text", "a.text -> b.text"],
    )

    assert frozen_prices(made) == {"a": "5"}
    assert frozen_prices(priced({"in": TEXT}, [])) == {}
