"""Lists at ports: what is mapped, how deep, and over which iterations."""

from tests.workflows.test_resolve import (
    CASE,
    IF,
    MERGE,
    graph_of,
    listed,
    output,
    problems_of,
    resolved,
    text,
)
from workflows.graphs.interface import interface_of


def test_a_list_into_a_port_of_its_element_kind_runs_the_node_for_each():
    document = graph_of(
        {"in": listed(), "case": CASE, "out": output()},
        ["in.value > case.text", "case.text > out.value"],
    )

    graph = resolved(document).graph

    assert graph.by_id["case"].bindings[0].mapped
    assert graph.by_id["case"].space == ("in.value",)
    assert graph.by_id["case"].out_kinds == {"text": "text"}
    assert not graph.by_id["out"].bindings[0].mapped
    assert interface_of(graph).outputs[0].kind == "list[text]"


def test_nodes_behind_one_list_share_its_space():
    document = graph_of(
        {"in": listed(), "a": CASE, "b": CASE}, ["in.value > a.text", "a.text > b.text"]
    )

    assert resolved(document).graph.by_id["b"].space == ("in.value",)


def test_two_lists_meet_in_a_space_of_their_own():
    document = graph_of(
        {
            "flags": listed("flags", "boolean"),
            "texts": listed("texts"),
            "if": IF,
        },
        ["flags.value > if.condition", "texts.value > if.value"],
    )

    node = resolved(document).graph.by_id["if"]

    assert [binding.mapped for binding in node.bindings] == [True, True]
    assert node.space == ("if#",)
    assert node.out_kinds == {"true": "text", "false": "text"}


def test_a_list_that_nothing_maps_goes_through_a_branch_whole():
    document = graph_of(
        {"flag": ("input.boolean", {"name": "flag"}), "texts": listed("texts"), "if": IF},
        ["flag.value > if.condition", "texts.value > if.value"],
    )

    node = resolved(document).graph.by_id["if"]

    assert node.space is None
    assert node.out_kinds["true"] == "list[text]"


def test_a_merge_follows_its_mapped_branches():
    document = graph_of(
        {"in": listed(), "a": CASE, "b": CASE, "merge": MERGE},
        [
            "in.value > a.text",
            "in.value > b.text",
            "a.text > merge.values",
            "b.text > merge.values",
        ],
    )

    node = resolved(document).graph.by_id["merge"]

    assert node.space == ("in.value",)
    assert len(node.bindings[0].sources) == 2
    assert node.out_kinds == {"value": "text"}


def test_a_list_of_lists_is_mapped_at_every_level():
    document = graph_of(
        {"in": listed(items="list[text]"), "case": CASE, "out": output()},
        ["in.value > case.text", "case.text > out.value"],
    )

    graph = resolved(document).graph
    node = graph.by_id["case"]

    assert node.bindings[0].depths == (2,)
    assert node.space == ("in.value", "in.value/1")
    assert node.out_kinds == {"text": "text"}
    assert interface_of(graph).outputs[0].kind == "list[list[text]]"


def test_what_takes_a_list_is_mapped_over_the_outer_level_alone():
    document = graph_of(
        {
            "in": listed(items="list[text]"),
            "case": CASE,
            "join": ("text.join", {}),
            "count": ("list.length", {}),
        },
        ["in.value > case.text", "case.text > join.texts", "case.text > count.list"],
    )

    graph = resolved(document).graph

    assert graph.by_id["join"].space == ("in.value",)
    assert graph.by_id["join"].bindings[0].gaps == (1,)
    assert graph.by_id["count"].space is None  # any kind of element will do, a list too


def test_a_list_of_fewer_levels_goes_with_the_outer_iteration_of_a_deeper_one():
    document = graph_of(
        {
            "in": listed(),
            "split": ("text.split", {}),
            "if": IF,
            "flags": listed("flags", "boolean"),
        },
        ["in.value > split.text", "split.texts > if.value", "flags.value > if.condition"],
    )
    alike = graph_of(
        {"in": listed(), "split": ("text.split", {}), "same": ("text.replace", {})},
        ["in.value > split.text", "split.texts > same.text", "in.value > same.find"],
    )

    assert resolved(document).graph.by_id["if"].space == ("if#",)
    node = resolved(alike).graph.by_id["same"]
    assert node.space == ("in.value", "split.texts")
    assert {binding.port: binding.depths for binding in node.bindings} == {
        "text": (2,),
        "find": (1,),
    }


def test_a_list_that_holds_the_wrong_kind_all_the_way_down_is_refused():
    document = graph_of({"in": listed(items="list[image]"), "case": CASE}, ["in.value > case.text"])

    assert problems_of(document) == [("edges/e0", "wrong_kind")]


def test_a_list_that_could_be_null_is_not_run_over():
    optional_list = ("input.list", {"name": "maybe", "required": False})
    document = graph_of(
        {"maybe": optional_list, "in": text(), "replace": ("text.replace", {})},
        ["in.value > replace.text", "maybe.value > replace.find"],
    )

    assert problems_of(document) == [("nodes/replace", "missing")]


def test_a_variable_output_takes_the_kind_of_what_is_wired():
    document = graph_of(
        {
            "flag": ("input.boolean", {"name": "flag"}),
            "photo": ("input.image", {"name": "photo"}),
            "if": IF,
            "case": CASE,
        },
        ["flag.value > if.condition", "photo.value > if.value", "if.true > case.text"],
    )

    assert problems_of(document) == [("edges/e2", "wrong_kind")]
