"""What runs are charged: by the frozen prices, for what completed, and never beyond the estimate."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from executor.engine.charges import FREE, Charges, charges_of
from executor.engine.codec import encode
from executor.engine.limits import LIMITS as OUTPUT_LIMITS
from executor.engine.plan import build_plan
from executor.engine.step import MAX_ELEMENTS
from executor.media.types import MediaLimits
from tests.executor.engine_nodes import CATALOGUE
from tests.executor.priced_nodes import NODES, TextIn
from tests.executor.random_graphs import grow
from tests.executor.simulate import Simulation
from tests.graphs import graph
from workflows.catalogue.load import Catalogue, build_catalogue
from workflows.catalogue.nodes import ALL_NODES
from workflows.catalogue.price_check import problems_with
from workflows.catalogue.quantities import LIMITS
from workflows.catalogue.values import Audio, Image, Video
from workflows.graphs.document import parse_graph
from workflows.graphs.estimate import MAX_RUNS, PricedGraph, estimate, frozen_prices, price_graph
from workflows.graphs.resolve import resolve

SHIPPED = build_catalogue((*ALL_NODES, *NODES))
# What the engine's random graphs cost: by settings, by what arrives, and by whole lists.
PRICES = {
    "t.add": "3 + max(0, min(add, 10))",
    "t.costly": "2",
    "t.pair": "max(0, min(a, 7)) / 3",
    "t.divide": "1 if b == 2 else 4",
    "t.sum": "1 + count(numbers)",
    "t.place": "count(numbers) / 2",
    "t.down": "2 if number > 2 else 1",
    "t.count": "max(0, min(count, 3)) / 2",
    "t.small": "1 if number < 2 else 4",
    "list.cross": "7",
}


def priced_catalogue() -> Catalogue:
    """The types of the random graphs, some of them at a price."""
    specs = {
        name: replace(spec, meta=replace(spec.meta, price=PRICES.get(name)))
        for name, spec in CATALOGUE.specs.items()
    }
    assert not [
        spec.type for spec in specs.values() if spec.price and problems_with(spec.price, spec)
    ]
    return Catalogue(specs)


PRICED = priced_catalogue()


def made(document: dict[str, Any], catalogue: Catalogue = SHIPPED) -> PricedGraph:
    resolution = resolve(parse_graph(document), catalogue)
    assert resolution.problems == ()
    return price_graph(resolution.graph, _no_callee)


def _no_callee(_: Any) -> PricedGraph:
    raise AssertionError


def simulated(document: dict[str, Any], **inputs: Any) -> tuple[PricedGraph, Simulation]:
    priced = made(document)
    charges = Charges(frozen_prices(priced))
    simulation = Simulation(build_plan(priced.graph), inputs, charges=charges)
    simulation.run()
    return priced, simulation


def test_a_priced_node_is_charged_by_its_arguments_and_a_free_one_is_not() -> None:
    nodes = {"in": ("input.text", {"name": "text"}), "a": "p.words", "b": "text.case"}
    edges = ["in.value -> a.text", "a.text -> b.text"]

    _, run = simulated(graph(nodes, edges), text="x" * 12)

    assert run.charged == {"a": 3, "b": 0}


def test_each_element_of_a_mapped_node_is_rounded_up_on_its_own() -> None:
    nodes = {"in": ("input.list", {"name": "list"}), "a": "p.words"}

    priced, run = simulated(graph(nodes, ["in.value -> a.text"]), list=["x", "x" * 6, ""])

    assert run.charged == {"a": 1 + 2 + 0}
    assert estimate(priced, {"list": encode(["x", "x" * 6, ""])}).upper == 3


@pytest.mark.parametrize(
    ("type_", "kind", "value", "expected"),
    [
        ("p.look", "image", Image(file_id="f", width=1_000, height=1_000), 10),
        ("p.look", "image", Image(file_id="f", width=1_001, height=1_000), 15),
        ("p.film", "video", Video(file_id="f", duration_s=3.25), 48),
    ],
)
def test_media_are_charged_by_their_size(type_, kind, value, expected) -> None:
    nodes = {"in": (f"input.{kind}", {"name": "media"}), "a": type_}
    port = "video" if kind == "video" else "image"

    priced, run = simulated(graph(nodes, [f"in.value -> a.{port}"]), media=value)

    assert run.charged == {"a": expected}
    known = estimate(priced, {"media": encode(value)})
    assert (known.lower, known.upper) == (expected, expected)


def test_what_failed_or_was_skipped_costs_nothing() -> None:
    nodes = {
        "in": ("input.text", {"name": "text"}),
        "small": ("logic.compare", {"b": "bad"}),
        "if": "logic.if",
        "fails": "p.fixed",
        "behind": "p.fixed",
        "else": "p.fixed",
    }
    edges = [
        "in.value -> small.a",
        "small.result -> if.condition",
        "in.value -> if.value",
        "if.true -> fails.text",
        "fails.text -> behind.text",
        "if.false -> else.text",
    ]

    _, run = simulated(graph(nodes, edges), text="bad")

    assert run.charged["fails"] == run.charged["behind"] == run.charged["else"] == 0


def test_elements_that_are_kept_are_charged_where_another_failed() -> None:
    nodes = {"in": ("input.list", {"name": "list"}), "a": "p.costly"}
    texts = ["good", "fine", "bad", *("never begun",) * 5]

    _, run = simulated(graph(nodes, ["in.value -> a.text"]), list=texts)

    kept = [record for record in run.records if record.status == "COMPLETED"]
    assert run.final == "FAILED"
    assert run.charged == {"a": 3 * len(kept)}
    assert kept


def test_elements_that_a_retry_does_anew_are_not_charged() -> None:
    nodes = {"in": ("input.list", {"name": "list"}), "a": "p.fixed"}

    _, run = simulated(graph(nodes, ["in.value -> a.text"]), list=["good", "bad", "fine"])

    assert run.final == "FAILED"
    assert run.charged == {"a": 0}


def test_only_live_runs_are_charged() -> None:
    options = {"prices": {"a": "5"}}

    live, test = charges_of(options, "live"), charges_of(options, "test")

    assert (live.of("a", TextIn(text="")), test.of("a", TextIn(text=""))) == (5, 0)
    assert charges_of({}, "live") is FREE


def test_the_frozen_price_counts_and_not_the_catalogues() -> None:
    args = TextIn(text="abc", copies=3)

    assert Charges({"a": "2 * copies"}).of("a", args) == 6


@pytest.mark.parametrize("text", ["2 * gone", "1 +", "1 / (copies - 3)", "999999999999999 * 100"])
def test_a_price_that_cannot_be_reckoned_any_more_is_not_charged(text, caplog) -> None:
    assert Charges({"a": text}).of("a", TextIn(text="", copies=3)) == 0
    assert caplog.records[0].action == "unpriceable"


def test_seconds_of_an_accelerator_are_charged_as_they_were_up_to_the_limit() -> None:
    charges, args = Charges({"a": "2 * gpu_seconds()"}), TextIn(text="")

    charged = [charges.of("a", args, seconds=seconds) for seconds in (1.25, None, 1e9)]

    assert charged == [3, 0, 2 * LIMITS.gpu_seconds]


def test_prices_go_by_the_limits_of_the_engine() -> None:
    assert LIMITS.pixels == OUTPUT_LIMITS.max_pixels == MediaLimits().max_pixels
    assert LIMITS.seconds == OUTPUT_LIMITS.max_seconds
    assert LIMITS.elements == OUTPUT_LIMITS.max_elements
    assert LIMITS.characters == OUTPUT_LIMITS.value_bytes
    assert MAX_RUNS == MAX_ELEMENTS


def compare(seeds: range) -> Counter[str]:
    """Compare estimates and charges of random graphs; return how many nodes were of which sort."""
    seen: Counter[str] = Counter(exact=0, range=0, charged=0, mapped=0)
    for seed in seeds:
        grown = grow(seed)
        priced = made(grown.document, PRICED)
        run = Simulation(
            build_plan(priced.graph),
            grown.inputs,
            seed=seed,
            charges=Charges(frozen_prices(priced)),
        )
        is_complete = run.run()["status"] == "COMPLETED"

        for known in (
            {name: encode(value) for name, value in grown.inputs.items()},
            dict.fromkeys(grown.inputs),
        ):
            found = estimate(priced, known)
            for node in found.nodes:
                charged = run.charged[node.node_id]
                at_least = node.lower if is_complete else 0
                assert at_least <= charged <= node.credits, (seed, node, charged)
                seen["exact"] += 0 < node.lower == node.credits
                seen["range"] += node.lower < node.credits
                seen["charged"] += charged > 0
                seen["mapped"] += charged > 0 and node.quantity > 1
            assert found.upper == sum(node.credits for node in found.nodes)
            assert found.lower == sum(node.lower for node in found.nodes)

    return seen


def test_every_estimate_of_a_random_graph_holds_what_its_run_is_charged() -> None:
    seen = compare(range(1, 121))

    assert min(seen.values()) > 50, seen


@pytest.mark.slow
def test_estimates_of_many_random_graphs_hold_what_their_runs_are_charged() -> None:
    seen = compare(range(1_000, 2_500))

    assert min(seen.values()) > 500, seen


def test_sounds_that_are_not_there_cost_nothing() -> None:
    nodes = {
        "in": ("input.video", {"name": "video"}),
        "s": ("input.audio", {"name": "sound", "required": False}),
        "a": "p.film",
    }
    document = graph(nodes, ["in.value -> a.video"])
    film, sound = Video(file_id="f", duration_s=1.0), Audio(file_id="g", duration_s=9.5)

    _, run = simulated(document, video=film, sound=sound)

    assert run.charged == {"a": 12}
