"""Resolving graphs: which are complete, what maps over what, where null may come from."""

from typing import Any

import pytest

from tests.factories import make_edge, make_graph
from workflows.catalogue.load import build_catalogue
from workflows.catalogue.node import Inputs, Meta, Node, Outputs
from workflows.catalogue.nodes.io import NODES as IO_NODES
from workflows.catalogue.params import param, port
from workflows.graphs.document import MAX_ISSUES, parse_graph
from workflows.graphs.interface import interface_of
from workflows.graphs.resolve import resolve
from workflows.graphs.resolved import Source

CATALOGUE = build_catalogue()

NodeGiven = tuple[str, dict[str, Any]]  # type and parameters


def graph_of(nodes, edges=()):
    """Build a document from `{id: (type, params)}` and `["a.port > b.port"]`."""
    return {
        "nodes": [
            {"id": id_, "type": type_, "params": params} for id_, (type_, params) in nodes.items()
        ],
        "edges": [
            make_edge(*edge.split(" > "), edge_id=f"e{index}") for index, edge in enumerate(edges)
        ],
    }


def resolved(document, catalogue=CATALOGUE):
    return resolve(parse_graph(document), catalogue)


def problems_of(document, catalogue=CATALOGUE):
    return [(issue.path, issue.code) for issue in resolved(document, catalogue).problems]


def text(name="text", **params):
    return ("input.text", {"name": name, **params})


def listed(name="list", items="text"):
    return ("input.list", {"name": name, "items": items})


def output(name="out"):
    return ("output", {"name": name})


CASE: NodeGiven = ("text.case", {})
IF: NodeGiven = ("logic.if", {})
MERGE: NodeGiven = ("logic.merge", {})


def test_a_complete_graph_has_no_problems():
    resolution = resolved(make_graph())

    assert resolution.problems == ()
    assert [node.id for node in resolution.graph.nodes] == ["in", "case", "out"]
    binding = resolution.graph.by_id["case"].bindings[0]
    assert binding.sources == (Source("in", "value"),)
    assert not binding.mapped


def test_nodes_come_after_what_feeds_them_and_else_as_they_stand():
    document = graph_of(
        {"out": output(), "b": CASE, "other": output("other"), "a": CASE, "in": text()},
        ["in.value > a.text", "a.text > b.text", "b.text > out.value", "in.value > other.value"],
    )

    assert [node.id for node in resolved(document).graph.nodes] == ["in", "other", "a", "b", "out"]


def test_defaults_are_filled_in():
    document = graph_of({"in": text(), "case": CASE}, ["in.value > case.text"])

    assert resolved(document).graph.by_id["case"].params == {"case": "upper"}


def test_G19_an_empty_graph_has_a_problem():
    assert problems_of({"nodes": []}) == [("nodes", "missing")]


# --- G1


def test_G1_a_cycle_is_reported_once_at_one_of_its_nodes():
    document = graph_of(
        {"a": CASE, "b": CASE, "behind": CASE},
        ["a.text > b.text", "b.text > a.text", "b.text > behind.text"],
    )

    ((path, code),) = problems_of(document)

    assert code == "cycle"
    assert path in ("nodes/a", "nodes/b")


def test_G1_a_node_that_feeds_itself_is_a_cycle():
    document = graph_of({"a": CASE}, ["a.text > a.text"])

    assert problems_of(document) == [("nodes/a", "cycle")]


def test_G1_a_second_edge_into_a_single_port_is_refused():
    document = graph_of(
        {"x": text("x"), "y": text("y"), "case": CASE},
        ["x.value > case.text", "y.value > case.text"],
    )

    assert problems_of(document) == [("edges/e1", "not_allowed")]


@pytest.mark.parametrize(
    "edge",
    [
        "in.value > gone.text",
        "gone.value > case.text",
        "in.nothing > case.text",
        "in.value > case.x",
    ],
)
def test_G1_an_edge_to_what_is_not_there_is_refused(edge):
    document = graph_of({"in": text(), "case": CASE}, [edge])

    assert ("edges/e0", "not_found") in problems_of(document)


def test_a_required_port_without_an_edge_is_missing():
    assert problems_of(graph_of({"case": CASE})) == [("nodes/case", "missing")]


def test_kinds_that_do_not_fit_are_refused_at_the_edge():
    document = graph_of(
        {"in": ("input.image", {"name": "photo"}), "case": CASE}, ["in.value > case.text"]
    )

    assert problems_of(document) == [("edges/e0", "wrong_kind")]


# --- G6


def test_G6_an_unknown_type_is_named_and_its_edges_are_not_reported_again():
    document = graph_of(
        {"in": text(), "odd": ("text.magic", {}), "out": output()},
        ["in.value > odd.text", "odd.text > out.value"],
    )
    issues = resolved(document).problems

    assert ("nodes/odd", "unknown_type") in [(issue.path, issue.code) for issue in issues]
    assert "text.magic" in issues[0].message
    assert not any(issue.path.startswith("edges/") for issue in issues)


def test_G6_a_version_from_the_future_is_refused():
    document = make_graph()
    document["nodes"][1]["version"] = 2

    assert ("nodes/case", "unknown_type") in problems_of(document)


class _WordIn(Inputs):
    word: str = param(title="Word", wirable=False)


class _WordOut(Outputs):
    text: str = port("Text")


class _Greet(Node[_WordIn, _WordOut]):
    meta = Meta(
        type="test.greet",
        title="Greet",
        description="Says a word.",
        category="Tests",
        version=3,
        upgrades={
            1: lambda params: {"term": params["name"]},
            2: lambda params: {"word": params["term"]},
        },
    )


class _OldIn(Inputs):
    old: str = param(title="Old", wirable=False)


class _OldGreet(Node[_OldIn, _WordOut]):
    meta = Meta(
        type="test.old_greet",
        title="Greet",
        description="Said a word.",
        category="Tests",
        version=2,
        replaced_by="test.greet",
        upgrades={1: lambda params: {"name": params["old"]}},
    )


GREETINGS = build_catalogue([*IO_NODES, _Greet, _OldGreet])


@pytest.mark.parametrize(
    ("type_", "version", "params"),
    [
        ("test.greet", 1, {"name": "hello"}),
        ("test.greet", 2, {"term": "hello"}),
        ("test.greet", 3, {"word": "hello"}),
        ("test.greet", None, {"word": "hello"}),
        ("test.old_greet", 1, {"old": "hello"}),
        ("test.old_greet", 2, {"name": "hello"}),
        ("test.old_greet", None, {"name": "hello"}),
    ],
)
def test_G6_an_old_version_and_a_retired_type_are_brought_up_to_date(type_, version, params):
    node = {"id": "n", "type": type_, "params": params}
    if version is not None:
        node["version"] = version

    resolution = resolved({"nodes": [node]}, GREETINGS)

    assert resolution.problems == ()
    assert resolution.graph.by_id["n"].spec.type == "test.greet"
    assert resolution.graph.by_id["n"].params == {"word": "hello"}


# --- parameters


@pytest.mark.parametrize(
    ("params", "path", "code"),
    [
        ({"case": "loud"}, "case", "not_allowed"),
        ({"case": 1}, "case", "wrong_kind"),
        ({"case": None}, "case", "missing"),
        ({"shout": True}, "shout", "unknown_field"),
    ],
)
def test_a_parameter_is_checked_at_its_place(params, path, code):
    document = make_graph()
    document["nodes"][1]["params"] = params

    assert problems_of(document) == [(f"nodes/case/params/{path}", code)]


def test_a_required_parameter_that_is_left_out_is_missing():
    assert ("nodes/in/params/name", "missing") in problems_of(graph_of({"in": ("input.text", {})}))


def test_two_inputs_may_not_share_a_name_yet_an_input_and_an_output_may():
    document = graph_of(
        {"a": text("same"), "b": text("same"), "out": output("same")}, ["a.value > out.value"]
    )

    assert problems_of(document) == [("nodes/b/params/name", "not_allowed")]


@pytest.mark.parametrize("type_", ["input.text", "output"])
def test_an_empty_name_is_missing(type_):
    document = graph_of({"n": (type_, {"name": ""})})

    assert ("nodes/n/params/name", "missing") in problems_of(document)


@pytest.mark.parametrize(
    "items", ["nonsense", "", "list[", "list[" * 20_000 + "text" + "]" * 20_000]
)
def test_a_list_input_needs_a_kind_that_exists(items):
    document = graph_of({"in": listed(items=items)})

    assert problems_of(document) == [("nodes/in/params/items", "not_allowed")]


def test_choices_are_checked_together():
    document = graph_of({"in": ("input.choice", {"name": "c", "choices": ["a", "a"]})})

    assert problems_of(document) == [("nodes/in/params/choices", "not_allowed")]


@pytest.mark.parametrize(
    ("type_", "params", "code"),
    [
        ("input.text", {"default": 1}, "wrong_kind"),
        ("input.text", {"default": "too long", "maxLength": 3}, "out_of_range"),
        ("input.integer", {"default": 1.5}, "wrong_kind"),
        ("input.number", {"default": 11, "maximum": 10}, "out_of_range"),
        ("input.boolean", {"default": "yes"}, "wrong_kind"),
        ("input.choice", {"default": "c", "choices": ["a", "b"]}, "not_allowed"),
        ("input.image", {"default": "https://example.com/a.png"}, "wrong_kind"),
        ("input.list", {"default": ["a", 1], "items": "text"}, "wrong_kind"),
    ],
)
def test_a_default_that_the_input_would_refuse_is_a_problem(type_, params, code):
    document = graph_of({"in": (type_, {"name": "x", **params})})

    assert problems_of(document) == [("nodes/in/params/default", code)]


def test_an_empty_range_is_a_problem():
    document = graph_of({"in": ("input.number", {"name": "x", "minimum": 2, "maximum": 1})})

    assert problems_of(document) == [("nodes/in/params/maximum", "out_of_range")]


# --- null


def optional(name="text"):
    return text(name, required=False)


def test_null_may_not_reach_a_required_port():
    document = graph_of({"in": optional(), "case": CASE}, ["in.value > case.text"])

    assert problems_of(document) == [("nodes/case", "missing")]


def test_null_goes_on_through_a_branch():
    document = graph_of(
        {
            "flag": ("input.boolean", {"name": "flag"}),
            "in": optional(),
            "if": IF,
            "case": CASE,
        },
        ["flag.value > if.condition", "in.value > if.value", "if.true > case.text"],
    )

    assert problems_of(document) == [("nodes/case", "missing")]


def test_null_does_not_go_on_through_what_stands_in_for_it():
    document = graph_of(
        {"in": optional(), "other": text("other"), "or": ("logic.fallback", {}), "case": CASE},
        ["in.value > or.value", "other.value > or.fallback", "or.value > case.text"],
    )

    assert problems_of(document) == []


def test_null_may_reach_an_output_and_a_default_stops_it():
    through = graph_of({"in": optional(), "out": output()}, ["in.value > out.value"])
    stopped = graph_of(
        {"in": text(required=False, default="x"), "case": CASE}, ["in.value > case.text"]
    )

    assert problems_of(through) == []
    assert problems_of(stopped) == []


class _RepeatIn(Inputs):
    text: str = port("Text")
    suffix: str = param("!", title="Suffix")
    prefix: str = param(title="Prefix")


class _Repeat(Node[_RepeatIn, _WordOut]):
    meta = Meta(type="test.repeat", title="Repeat", description="Repeats.", category="Tests")


REPEATS = build_catalogue([*IO_NODES, _Repeat])


def repeat_graph(params, edge):
    return graph_of(
        {
            "in": text(),
            "maybe": optional("maybe"),
            "a": ("test.repeat", params),
            "b": ("test.repeat", {"prefix": "-"}),
        },
        ["in.value > a.text", edge, "a.text > b.text"],
    )


def test_null_into_a_setting_leaves_it_at_its_own_value_and_goes_no_further():
    document = repeat_graph({"prefix": "-"}, "maybe.value > a.suffix")

    assert problems_of(document, REPEATS) == []


@pytest.mark.parametrize(
    ("params", "expected"), [({}, [("nodes/a", "missing")]), ({"prefix": "-"}, [])]
)
def test_null_may_not_reach_a_required_setting_without_a_value(params, expected):
    document = repeat_graph(params, "maybe.value > a.prefix")

    assert problems_of(document, REPEATS) == expected


# --- disabled nodes


def disable(document, *ids):
    for node in document["nodes"]:
        if node["id"] in ids:
            node["disabled"] = True
    return document


def test_a_disabled_node_passes_its_input_through():
    graph = resolved(disable(make_graph(), "case")).graph

    assert [node.id for node in graph.nodes] == ["in", "out"]
    assert graph.by_id["out"].bindings[0].sources == (Source("in", "value"),)


def test_a_chain_of_disabled_nodes_passes_through():
    document = graph_of(
        {"in": text(), "a": CASE, "b": CASE, "out": output()},
        ["in.value > a.text", "a.text > b.text", "b.text > out.value"],
    )

    graph = resolved(disable(document, "a", "b")).graph

    assert graph.by_id["out"].bindings[0].sources == (Source("in", "value"),)


def test_a_disabled_source_leaves_a_required_port_missing():
    assert problems_of(disable(make_graph(), "in")) == [("nodes/case", "missing")]


def test_a_disabled_node_is_not_checked_and_gives_no_interface():
    document = disable(make_graph(), "in", "case", "out")
    document["nodes"][1]["params"] = {"case": "loud"}

    resolution = resolved(document)

    assert resolution.problems == ()
    assert interface_of(resolution.graph).inputs == ()


def test_G1_a_cycle_through_disabled_nodes_alone_is_no_cycle():
    document = graph_of({"a": CASE, "b": CASE}, ["a.text > b.text", "b.text > a.text"])

    assert problems_of(disable(document, "a", "b")) == []


def test_G1_a_cycle_through_a_disabled_node_is_one_still():
    document = graph_of({"a": CASE, "b": CASE}, ["a.text > b.text", "b.text > a.text"])

    assert problems_of(disable(document, "b")) == [("nodes/a", "cycle")]


# --- bounds


def test_a_graph_of_rubbish_has_a_bounded_list_of_problems():
    nodes: dict[str, NodeGiven] = {
        f"n{index}": ("nothing.of_the_kind", {}) for index in range(MAX_ISSUES + 50)
    }

    assert len(problems_of(graph_of(nodes))) == MAX_ISSUES


RUBBISH: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**53,
    1e308,
    "",
    "[{",
    "list[$T]",
    "x" * 2_000,
    [],
    [[None]],
    {"a": {}},
)


@pytest.mark.parametrize("type_", sorted(CATALOGUE.specs))
def test_no_parameters_whatever_break_a_draft(type_):
    names = [*CATALOGUE.specs[type_].params_by_name, "unknown"]
    given = [{name: value} for name in names for value in RUBBISH]
    given += [dict.fromkeys(names, value) for value in RUBBISH]

    resolutions = [resolved(graph_of({"n": (type_, params)})) for params in given]

    for params, resolution in zip(given, resolutions, strict=True):
        interface_of(resolution.graph)
        codes = {issue.code for issue in resolution.problems}
        assert ("unknown_field" in codes) == ("unknown" in params)
