"""Random graphs whose every node costs something: none is charged more than was told before.

What is known of the inputs changes nothing about that, only how close the two are.
`ESTIMATED_GRAPHS=5000 pytest tests/executor/test_estimates_random.py` for many.
"""

import os
import random
from collections import Counter
from typing import Any

import pytest

from executor.engine.charges import Charges
from executor.engine.codec import encode
from executor.engine.plan import build_plan
from tests.executor import engine_nodes, list_graphs, random_graphs
from tests.executor.simulate import Simulation
from workflows.catalogue.load import Catalogue
from workflows.catalogue.price_reader import parse_price
from workflows.graphs.arriving import Known
from workflows.graphs.document import parse_graph
from workflows.graphs.estimate import Estimate, PricedGraph, estimate
from workflows.graphs.resolve import resolve

GRAPHS = int(os.environ.get("ESTIMATED_GRAPHS", "300"))
PRICE = "3"


def priced(document: Any, catalogue: Catalogue) -> PricedGraph:
    """The graph, each of whose nodes has a price."""
    resolution = resolve(parse_graph(document), catalogue)
    assert resolution.problems == ()
    plain = [node.id for node in resolution.graph.nodes if node.spec.meta.role == "plain"]
    return PricedGraph(resolution.graph, {}, dict.fromkeys(plain, parse_price(PRICE)))


def charged(made: PricedGraph, inputs: dict[str, Any], seed: int) -> tuple[Counter[str], bool]:
    """Run it; return what each node was charged, and whether the run completed."""
    charges = Charges(dict.fromkeys(made.prices or {}, PRICE))
    run = Simulation(build_plan(made.graph), inputs, seed=seed, charges=charges)
    return run.charged, run.run()["status"] == "COMPLETED"


def wrong(told: Estimate, found: Counter[str], *, completed: bool) -> list[str]:
    """The nodes that were charged more than was told, or less in a run that completed."""
    return [
        f"{node.node_id}: {found[node.node_id]}, told {node.lower} to {node.credits}"
        for node in told.nodes
        if found[node.node_id] > node.credits or (completed and found[node.node_id] < node.lower)
    ]


def estimates(made: PricedGraph, inputs: dict[str, Any], seed: int) -> dict[str, Estimate]:
    """What is told if all inputs are known, none of them, and some."""
    forms = {name: encode(value) for name, value in inputs.items()}
    chance = random.Random(seed)
    some = {name: form if chance.random() < 0.5 else None for name, form in forms.items()}
    known: dict[str, Known] = {"all": forms, "none": dict.fromkeys(forms), "some": some}
    return {name: estimate(made, forms_) for name, forms_ in known.items()}


def test_no_random_graph_costs_more_than_was_told() -> None:
    for seed in range(GRAPHS):
        grown = random_graphs.grow(seed)
        made = priced(grown.document, engine_nodes.CATALOGUE)
        found, completed = charged(made, grown.inputs, seed)

        for name, told in estimates(made, grown.inputs, seed).items():
            assert wrong(told, found, completed=completed) == [], f"seed {seed}, known: {name}"


@pytest.fixture(scope="module")
def of_lists() -> list[tuple[dict[str, Estimate], int]]:
    """Estimates of graphs of list nodes, and what their runs cost that completed."""
    done = []
    for seed in range(GRAPHS):
        grown = list_graphs.grow(seed)
        made = priced(grown.document, list_graphs.CATALOGUE)
        found, completed = charged(made, grown.inputs, seed)
        told = estimates(made, grown.inputs, seed)
        for name, each in told.items():
            assert wrong(each, found, completed=completed) == [], f"seed {seed}, known: {name}"
        if completed:
            done.append((told, found.total()))
    return done


def test_no_graph_of_list_nodes_costs_more_than_was_told(of_lists) -> None:
    assert len(of_lists) > GRAPHS / 2
    assert all(told["all"].lower <= cost <= told["all"].upper for told, cost in of_lists)


def test_most_graphs_of_list_nodes_cost_exactly_what_was_told_with_known_inputs(of_lists) -> None:
    exact = [told for told, cost in of_lists if told["all"].lower == cost == told["all"].upper]

    assert len(exact) > len(of_lists) / 2


def test_the_less_is_known_the_wider_is_what_is_told(of_lists) -> None:
    for told, _ in of_lists:
        assert told["none"].lower <= told["some"].lower <= told["all"].lower
        assert told["all"].upper <= told["some"].upper <= told["none"].upper
