"""Lists inside lists, and branches inside lists: what runs, how often, and what comes of it."""

from typing import Any

import pytest

from executor.engine.plan import build_plan
from executor.engine.state import RunState
from executor.engine.step import TaskResult, begin, finish_task
from executor.types import ExecutionStatus, NodeStatus, RunError
from tests.executor.engine_nodes import make_plan
from tests.executor.simulate import Simulation
from tests.graphs import graph
from workflows.catalogue.load import build_catalogue
from workflows.graphs.document import parse_graph
from workflows.graphs.resolve import resolve
from workflows.graphs.shapes import ShapesDiffer, cut, fill, join

OUT = {"o": ("output", {"name": "out"})}
NESTED = ("input.list", {"name": "l", "items": "list[number]"})
LISTED = ("input.list", {"name": "l", "items": "number"})
BRANCH = [
    "l.value -> small.number",
    "small.small -> if.condition",
    "l.value -> if.value",
]
BRANCHED: dict[str, Any] = {"l": LISTED, "small": "t.small", "if": "logic.if"}


def simulate(
    nodes: dict[str, Any], edges: list[str], value: Any
) -> tuple[Simulation, dict[str, Any]]:
    simulation = Simulation(make_plan(graph(nodes, edges)), {"l": value}, seed=3)
    return simulation, simulation.run()


def statuses(answer: dict[str, Any]) -> dict[str, str]:
    return {node["nodeId"]: node["status"] for node in answer["nodes"]}


PIECES = graph(
    {
        "in": ("input.list", {"name": "texts", "items": "text"}),
        "split": ("text.split", {"mode": "words"}),
        "case": "text.case",
        "join": ("text.join", {"separator": "-"}),
        "o": ("output", {"name": "joined"}),
        "o2": ("output", {"name": "pieces"}),
    },
    [
        "in.value -> split.text",
        "split.texts -> case.text",
        "case.text -> join.texts",
        "join.text -> o.value",
        "case.text -> o2.value",
    ],
)


def tasks_of(simulation: Simulation, node: str) -> int:
    segment = simulation.plan.segment_of[node]
    return sum(task.segment == segment for task in simulation.tasks_run)


def test_texts_are_split_changed_and_joined_each_by_itself() -> None:
    resolution = resolve(parse_graph(PIECES), build_catalogue())
    plan = build_plan(resolution.graph)

    answer = Simulation(plan, {"texts": ["a b", "", "c d e"]}).run()

    assert resolution.problems == ()
    assert answer["outputs"] == {
        "joined": ["A-B", "", "C-D-E"],
        "pieces": [["A", "B"], [], ["C", "D", "E"]],
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([[1.0, 2.0], [3.0]], [[2.0, 3.0], [4.0]]),
        ([[1.0], [], [3.0]], [[2.0], [], [4.0]]),
        ([[], []], [[], []]),
        ([], []),
    ],
)
@pytest.mark.parametrize("type_", ["t.add", "t.costly"])
def test_a_node_over_lists_in_a_list_runs_once_for_each_element(type_, value, expected) -> None:
    edges = ["l.value -> a.number", "a.number -> o.value"]

    simulation, answer = simulate({"l": NESTED, "a": type_, **OUT}, edges, value)

    leaves = sum(map(len, value))
    assert answer["outputs"] == {"out": expected}
    assert statuses(answer)["a"] == "COMPLETED"
    assert tasks_of(simulation, "a") == (leaves if type_ == "t.costly" else min(leaves, 1))


def test_cheap_elements_are_taken_by_the_hundred_across_inner_lists() -> None:
    value = [[float(n + 20) for n in range(30)]] * 9
    edges = ["l.value -> a.number", "a.number -> s.numbers", "s.number -> o.value"]

    simulation, answer = simulate({"l": NESTED, "a": "t.add", "s": "t.sum", **OUT}, edges, value)

    assert tasks_of(simulation, "a") == 3
    assert answer["outputs"]["out"] == [sum(n + 21.0 for n in range(30))] * 9


@pytest.mark.parametrize(("lists", "status"), [(40, "COMPLETED"), (41, "FAILED")])
def test_G8_a_thousand_elements_over_all_levels_are_the_most(lists: int, status: str) -> None:
    value = [[50.0] * 25 for _ in range(lists)]

    _, answer = simulate({"l": NESTED, "a": "t.add"}, ["l.value -> a.number"], value)

    assert answer["status"] == status
    assert (answer["error"] or {}).get("code") == (None if lists == 40 else "resource_limit")


def test_a_list_of_fewer_levels_repeats_on_the_inner_ones() -> None:
    nodes = {"l": LISTED, "d": "t.down", "p": "t.pair", **OUT}
    edges = ["l.value -> d.number", "l.value -> p.a", "d.numbers -> p.b", "p.number -> o.value"]

    _, answer = simulate(nodes, edges, [2.0, 1.0, 4.0])

    assert answer["outputs"]["out"] == [[202.0, 201.0], [101.0], []]


def test_inner_lists_that_do_not_fit_fail_the_node_that_pairs_them() -> None:
    nodes = {"l": NESTED, "other": ("t.count", {"count": 2}), "d": "t.down", "p": "t.pair"}
    edges = ["other.numbers -> d.number", "l.value -> p.a", "d.numbers -> p.b"]

    _, answer = simulate(nodes, edges, [[], [1.0, 2.0]])

    assert answer["error"]["code"] == "invalid_value"
    assert answer["error"]["nodeId"] == "p"
    assert "1 and 2 elements" in answer["error"]["message"]


def test_what_wants_a_list_of_numbers_runs_once_for_each_inner_list() -> None:
    edges = ["l.value -> s.numbers", "s.number -> o.value"]

    _, answer = simulate({"l": NESTED, "s": "t.sum", **OUT}, edges, [[1.0, 2.0], [], [4.0]])

    assert answer["outputs"]["out"] == [3.0, 0.0, 4.0]


def test_three_levels_are_run_over_and_nested_again() -> None:
    nodes = {"l": NESTED, "d": "t.down", "a": "t.add", **OUT}
    edges = ["l.value -> d.number", "d.numbers -> a.number", "a.number -> o.value"]

    _, answer = simulate(nodes, edges, [[2.0, 4.0], [], [1.0]])

    assert answer["outputs"]["out"] == [[[3.0, 2.0], []], [], [[2.0]]]


def test_an_element_goes_beside_its_whole_list() -> None:
    nodes = {"l": NESTED, "a": "t.add", "p": "t.place", **OUT}
    edges = ["l.value -> a.number", "a.number -> p.number", "a.number -> p.numbers"]

    _, answer = simulate(nodes, [*edges, "p.number -> o.value"], [[5.0, 1.0, 3.0], [2.0]])

    assert answer["outputs"]["out"] == [[2.0, 0.0, 1.0], [0.0]]


def test_an_inner_list_whose_element_never_came_is_left_out() -> None:
    nodes = {**BRANCHED, "d": "t.down", "a": "t.add", **OUT}
    edges = [*BRANCH, "if.false -> d.number", "d.numbers -> a.number", "a.number -> o.value"]

    _, answer = simulate(nodes, edges, [2.0, 1.0, 4.0, 3.0])

    assert answer["outputs"]["out"] == [[3.0, 2.0], [], [4.0, 3.0, 2.0]]


def test_a_costly_node_has_tasks_for_the_elements_alone_that_came_to_it() -> None:
    nodes = {**BRANCHED, "c": "t.costly", "m": "logic.merge", **OUT}
    edges = [*BRANCH, "if.true -> c.number", "c.number -> m.values", "if.false -> m.values"]

    simulation, answer = simulate(nodes, [*edges, "m.value -> o.value"], [5.0, 1.0, 6.0, 0.0])

    assert answer["outputs"]["out"] == [5.0, 2.0, 6.0, 1.0]
    assert tasks_of(simulation, "c") == 2


def test_behind_a_branch_that_no_element_takes_nothing_starts() -> None:
    nodes = {**BRANCHED, "c": "t.costly", "s": "t.sum", "direct": "t.sum", **OUT}
    edges = [*BRANCH, "if.true -> c.number", "c.number -> s.numbers", "s.number -> o.value"]

    simulation, answer = simulate(nodes, [*edges, "if.true -> direct.numbers"], [5.0, 6.0])

    ended = statuses(answer)
    assert [ended[id_] for id_ in ("if", "c", "s", "direct", "o")] == ["COMPLETED"] + 4 * [
        "SKIPPED"
    ]
    assert answer["outputs"] == {}
    assert tasks_of(simulation, "c") == 0


def test_a_single_value_stands_in_for_every_element_of_a_branch_that_none_takes() -> None:
    nodes = {**BRANCHED, "one": ("t.count", {"count": 1}), "pick": "list.pick"}
    nodes |= {"c": "t.costly", "m": "logic.merge", **OUT}
    edges = [*BRANCH, "one.numbers -> pick.list", "if.true -> c.number", "c.number -> m.values"]

    _, answer = simulate(
        nodes, [*edges, "pick.value -> m.values", "m.value -> o.value"], [5.0, 6.0]
    )

    assert answer["outputs"]["out"] == [0.0, 0.0]


def test_a_segment_behind_two_that_end_at_once_starts_once() -> None:
    # Both branches end with the task that decides: what joins them is reached twice.
    nodes = {
        "l": ("input.number", {"name": "l"}),
        "small": "t.small",
        "if": "logic.if",
        "c": "t.costly",
        "m": "logic.merge",
        "m2": "logic.merge",
        **OUT,
    }
    edges = [
        "l.value -> small.number",
        "small.small -> if.condition",
        "l.value -> if.value",
        "if.true -> c.number",
        "c.number -> m.values",
        "if.false -> m.values",
        "m.value -> m2.values",
        "if.false -> m2.values",
        "m2.value -> o.value",
    ]

    simulation, answer = simulate(nodes, edges, 7.0)

    assert answer["outputs"]["out"] == 7.0
    assert len({(task.segment, task.start) for task in simulation.tasks_run}) == len(
        simulation.tasks_run
    )


def test_a_node_that_lost_elements_to_a_failure_does_not_count_as_completed() -> None:
    # 250 elements in three chunks; one element is refused in whichever chunk comes when.
    value = [float(n % 7 + 20) for n in range(249)] + [12.0]
    nodes = {"l": LISTED, "a": "t.add", "b": "t.add", "behind": "t.add"}
    edges = ["l.value -> a.number", "a.number -> b.number", "b.number -> behind.number"]
    plan = make_plan(graph(nodes, edges))

    for seed in range(6):
        ended = statuses(Simulation(plan, {"l": value}, seed=seed).run())

        assert ended["b"] == "FAILED"
        assert ended["behind"] == "SKIPPED"


def test_a_state_that_was_stored_before_lists_could_be_nested_is_read() -> None:
    stored = {
        "statuses": {"a": "COMPLETED"},
        "absent": {},
        "lengths": {"a.numbers": 3},
        "open": {"1": 2},
        "done": [0],
        "error": None,
    }

    state = RunState.from_json(stored)

    assert (state.lengths, state.inner, state.cut_short) == ({"a.numbers": 3}, {}, set())


def test_shapes_join_level_by_level() -> None:
    assert join([2, None, 0], [None, 4, 0]) == [2, 4, 0]
    assert join(2, [3, None]) == [3, None]
    assert cut([[1, 2], [3]], 2) == [2, 1]
    assert fill([2, None], 3) == [[None, None], None]
    with pytest.raises(ShapesDiffer) as differ:
        join([2, 3], [2, 4])
    assert differ.value.lengths == [3, 4]


def test_parallel_costly_branches_are_ready_at_once() -> None:
    nodes = {"l": ("input.number", {"name": "l"}), "a": "t.costly", "b": "t.costly", "p": "t.pair"}
    edges = ["l.value -> a.number", "l.value -> b.number", "a.number -> p.a", "b.number -> p.b"]
    plan, state = make_plan(graph(nodes, edges)), RunState()

    ready = begin(plan, state, {}).ready

    assert sorted(plan.segments[task.segment].node_ids for task in ready) == [("a",), ("b",)]


def test_after_a_failure_nothing_new_starts() -> None:
    nodes = {"l": ("input.number", {"name": "l"}), "bad": "t.add", "c": "t.costly", "d": "t.costly"}
    edges = ["l.value -> bad.number", "l.value -> c.number", "c.number -> d.number"]
    plan, state = make_plan(graph(nodes, edges)), RunState()
    first = {plan.segments[task.segment].node_ids[0]: task for task in begin(plan, state, {}).ready}
    error = RunError("invalid_value", "Refused.", "bad")

    finish_task(plan, state, first["bad"], TaskResult({"bad": NodeStatus.FAILED}, error=error))
    step = finish_task(plan, state, first["c"], TaskResult({"c": NodeStatus.COMPLETED}))

    assert (step.ready, step.final) == ([], ExecutionStatus.FAILED)
    assert state.statuses["d"] == NodeStatus.SKIPPED
