"""Whole runs of the pure engine: mapping, branches, failures."""

import random
from typing import Any

import pytest

from executor.engine.state import LEGAL_MOVES, sources_of
from executor.types import FINAL_STATUSES, ExecutionStatus
from tests.executor.engine_nodes import make_plan
from tests.executor.simulate import Simulation
from tests.graphs import graph

OUT = {"o": ("output", {"name": "out"})}


def statuses(answer) -> dict[str, str]:
    return {node["nodeId"]: node["status"] for node in answer["nodes"]}


def test_values_go_through_fused_and_costly_nodes() -> None:
    document = graph(
        {"i": ("input.number", {"name": "n"}), "a": "t.add", "c": "t.costly", "b": "t.add", **OUT},
        [
            "i.value -> a.number",
            "a.number -> c.number",
            "c.number -> b.number",
            "b.number -> o.value",
        ],
    )

    answer = Simulation(make_plan(document), {"n": 1.0}).run()

    assert answer["status"] == "COMPLETED"
    assert answer["outputs"] == {"out": 4.0}
    assert set(statuses(answer).values()) == {"COMPLETED"}


@pytest.mark.parametrize(("count", "chunks"), [(1, 1), (100, 1), (101, 2), (1000, 10)])
def test_cheap_mapped_elements_are_taken_in_chunks_of_a_hundred(count: int, chunks: int) -> None:
    document = graph(
        {"l": ("input.list", {"name": "l", "items": "number"}), "a": "t.add", "s": "t.sum", **OUT},
        ["l.value -> a.number", "a.number -> s.numbers", "s.number -> o.value"],
    )
    simulation = Simulation(make_plan(document), {"l": [float(n + 20) for n in range(count)]})

    answer = simulation.run()

    assert answer["outputs"]["out"] == sum(n + 21 for n in range(count))
    assert len(simulation.tasks_run) == chunks + 1


def test_costly_mapped_elements_are_tasks_of_their_own_and_keep_their_order() -> None:
    document = graph(
        {"l": ("t.count", {"count": 7}), "c": "t.costly", **OUT},
        ["l.numbers -> c.number", "c.number -> o.value"],
    )

    simulation = Simulation(make_plan(document), {}, seed=5)

    assert simulation.run()["outputs"]["out"] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert len(simulation.tasks_run) == 8


def test_an_empty_list_gives_an_empty_list_and_costs_no_task() -> None:
    document = graph(
        {"l": ("t.count", {"count": 0}), "c": "t.costly", "s": "t.sum", **OUT},
        ["l.numbers -> c.number", "c.number -> s.numbers", "s.number -> o.value"],
    )

    simulation = Simulation(make_plan(document), {})
    answer = simulation.run()

    assert answer["outputs"]["out"] == 0
    assert statuses(answer)["c"] == "COMPLETED"
    assert len(simulation.tasks_run) == 2


def test_two_lists_of_one_length_go_pairwise() -> None:
    document = graph(
        {"l": ("t.count", {"count": 3}), "a": "t.add", "m": "t.count", "p": "t.pair", **OUT},
        ["l.numbers -> a.number", "a.number -> p.a", "m.numbers -> p.b", "p.number -> o.value"],
    )

    answer = Simulation(make_plan(document), {}).run()

    assert answer["outputs"]["out"] == [100.0, 201.0, 302.0]


def test_two_lists_of_different_lengths_fail_the_node_that_pairs_them() -> None:
    document = graph(
        {"l": ("t.count", {"count": 2}), "m": "t.count", "p": "t.pair", **OUT},
        ["l.numbers -> p.a", "m.numbers -> p.b", "p.number -> o.value"],
    )

    answer = Simulation(make_plan(document), {}).run()

    assert answer["status"] == "FAILED"
    assert answer["error"]["code"] == "invalid_value"
    assert answer["error"]["nodeId"] == "p"
    assert statuses(answer) == {"l": "COMPLETED", "m": "COMPLETED", "p": "FAILED", "o": "SKIPPED"}


def test_a_list_over_the_limit_fails_the_node_that_maps_it() -> None:
    document = graph(
        {"l": ("t.count", {"count": 1001}), "a": "t.add", **OUT},
        ["l.numbers -> a.number", "a.number -> o.value"],
    )

    answer = Simulation(make_plan(document), {}).run()

    assert answer["error"]["code"] == "resource_limit"


BRANCHES = graph(
    {
        "i": ("input.number", {"name": "n"}),
        "small": "t.small",
        "if": "logic.if",
        "yes": "t.costly",
        "no": ("t.costly", {"add": 10}),
        "m": "logic.merge",
        **OUT,
    },
    [
        "i.value -> small.number",
        "small.small -> if.condition",
        "i.value -> if.value",
        "if.true -> yes.number",
        "if.false -> no.number",
        "yes.number -> m.values",
        "no.number -> m.values",
        "m.value -> o.value",
    ],
)


@pytest.mark.parametrize(("number", "out", "skipped"), [(1.0, 2.0, "no"), (5.0, 15.0, "yes")])
def test_the_branch_not_taken_is_skipped_and_starts_nothing(number, out, skipped) -> None:
    simulation = Simulation(make_plan(BRANCHES), {"n": number})

    answer = simulation.run()

    assert answer["outputs"] == {"out": out}
    assert statuses(answer)[skipped] == "SKIPPED"
    started = {
        id_ for t in simulation.tasks_run for id_ in simulation.plan.segments[t.segment].node_ids
    }
    assert skipped not in started


def test_a_mapped_branch_sends_each_element_its_own_way() -> None:
    document = graph(
        {
            "l": ("t.count", {"count": 4}),
            "small": "t.small",
            "if": "logic.if",
            "no": ("t.add", {"add": 10}),
            "m": "logic.merge",
            **OUT,
        },
        [
            "l.numbers -> small.number",
            "small.small -> if.condition",
            "l.numbers -> if.value",
            "if.false -> no.number",
            "if.true -> m.values",
            "no.number -> m.values",
            "m.value -> o.value",
        ],
    )

    answer = Simulation(make_plan(document), {}).run()

    assert answer["outputs"]["out"] == [0.0, 1.0, 12.0, 13.0]


def test_a_collector_behind_a_mapped_branch_sees_only_what_came() -> None:
    document = graph(
        {"l": ("t.count", {"count": 4}), "small": "t.small", "if": "logic.if", "s": "t.sum", **OUT},
        [
            "l.numbers -> small.number",
            "small.small -> if.condition",
            "l.numbers -> if.value",
            "if.false -> s.numbers",
            "s.number -> o.value",
        ],
    )

    answer = Simulation(make_plan(document), {}).run()

    assert answer["outputs"]["out"] == 5.0


def test_a_failed_node_ends_the_run_and_what_does_not_depend_on_it_is_kept() -> None:
    document = graph(
        {
            "i": ("input.number", {"name": "n"}),
            "bad": "t.add",
            "behind": "t.add",
            "good": ("t.costly", {"add": 5}),
            "o1": ("output", {"name": "bad"}),
            "o2": ("output", {"name": "good"}),
        },
        [
            "i.value -> bad.number",
            "bad.number -> behind.number",
            "behind.number -> o1.value",
            "i.value -> good.number",
            "good.number -> o2.value",
        ],
    )
    plan = make_plan(document)

    # Whichever of the two tasks comes first, the failure is the same.
    answers = [Simulation(plan, {"n": 13.0}, seed=seed).run() for seed in range(6)]

    for answer in answers:
        assert answer["status"] == "FAILED"
        assert answer["error"]["nodeId"] == "bad"
        assert statuses(answer)["behind"] == "SKIPPED"
        assert statuses(answer)["good"] in ("COMPLETED", "SKIPPED")
    assert any(answer["outputs"] == {"good": 18.0} for answer in answers)


def test_a_failed_element_fails_its_node() -> None:
    document = graph(
        {"l": ("t.count", {"count": 20}), "a": "t.add", "s": "t.sum", **OUT},
        ["l.numbers -> a.number", "a.number -> s.numbers", "s.number -> o.value"],
    )

    answer = Simulation(make_plan(document), {}).run()

    assert statuses(answer) == {"l": "COMPLETED", "a": "FAILED", "s": "SKIPPED", "o": "SKIPPED"}
    assert answer["error"]["message"] == "Thirteen is refused."


def test_an_input_may_go_straight_to_an_output() -> None:
    document = graph({"i": ("input.number", {"name": "n"}), **OUT}, ["i.value -> o.value"])

    answer = Simulation(make_plan(document), {"n": 3.0}).run()

    assert answer["outputs"] == {"out": 3.0}


def test_an_input_that_was_left_out_gives_null() -> None:
    fields = {"name": "n", "required": False}
    document = graph({"i": ("input.number", fields), **OUT}, ["i.value -> o.value"])

    answer = Simulation(make_plan(document), {"n": None}).run()

    assert answer["outputs"] == {"out": None}


def test_the_order_in_which_tasks_finish_changes_nothing() -> None:
    nodes: dict[str, Any] = {"l": ("t.count", {"count": 9})}
    edges: list[str] = []
    for k in range(5):
        nodes |= {f"c{k}": ("t.costly", {"add": k}), f"s{k}": "t.sum"}
        edges += [f"l.numbers -> c{k}.number", f"c{k}.number -> s{k}.numbers"]
        edges += [f"s{k}.number -> total.numbers"]
    document = graph(nodes | {"total": "t.sum", **OUT}, [*edges, "total.number -> o.value"])
    plan = make_plan(document)
    expected = sum(n + k for n in range(9) for k in range(5))

    for _ in range(10):
        assert (
            Simulation(plan, {}, seed=random.randrange(10**6)).run()["outputs"]["out"] == expected
        )


def test_final_statuses_never_change() -> None:
    for status in FINAL_STATUSES:
        assert LEGAL_MOVES[status] == frozenset()
    assert ExecutionStatus.QUEUED in sources_of(ExecutionStatus.CANCELLED)
