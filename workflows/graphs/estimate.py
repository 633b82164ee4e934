"""What a run would cost, node by node, from the catalogue's prices and what is known before."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TypeVar

from workflows.catalogue.ports import element_of, is_list, is_media
from workflows.catalogue.price import MAX_CREDITS, Price
from workflows.catalogue.price_reader import parse_price
from workflows.graphs.arriving import Arriving, Form, Known
from workflows.graphs.calls import LOOP
from workflows.graphs.fields import Callee, InputField
from workflows.graphs.interface import interface_of
from workflows.graphs.resolved import ResolvedGraph, ResolvedNode, Source
from workflows.graphs.shapes import Path, paths

MAX_RUNS = 1_000  # of a mapped node: the engine's bound on a mapped list
BUDGET = 5_000  # runs and nodes that an estimate looks at one by one; beyond, bounds stand for them

Span = tuple[int, int]  # the least and the most
Frozen = TypeVar("Frozen")


@dataclass(frozen=True, slots=True)
class NodeEstimate:
    """One node's share: `lower` to `credits` whole credits for up to `quantity` runs of it."""

    node_id: str
    type: str
    label: str
    credits: int
    quantity: int
    lower: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would cost: the nodes in run order, and the least and the most of all.

    The least is that of a run that completes, and computes everything anew.
    """

    nodes: Sequence[NodeEstimate]
    lower: int
    upper: int


@dataclass(frozen=True)
class PricedGraph:
    """A resolved graph with what its prices need of it: made once for a version.

    `callees` are the workflows that its nodes run, by node. `prices` stand for all of the
    catalogue's, where they are given.
    """

    graph: ResolvedGraph
    callees: Mapping[str, "PricedGraph"]
    prices: Mapping[str, Price] | None = None

    def price_of(self, node: ResolvedNode) -> Price | None:
        """Return what a node costs; None: nothing."""
        return node.spec.price if self.prices is None else self.prices.get(node.id)

    @cached_property
    def is_free(self) -> bool:
        """Whether no run of it costs anything."""
        return not any(self.price_of(node) for node in self.graph.nodes) and all(
            callee.is_free for callee in self.callees.values()
        )

    @cached_property
    def fields(self) -> Mapping[str, InputField]:
        """The inputs by node."""
        return {field.node_id: field for field in interface_of(self.graph).inputs}

    @cached_property
    def bounds(self) -> Estimate:
        """What a run costs of whose inputs nothing is known."""
        return estimate(self, {field.name: None for field in self.fields.values()})

    @cached_property
    def optional_outputs(self) -> frozenset[str]:
        """The names of outputs that a completed run may lack."""
        return frozenset(
            str(node.params["name"])
            for node in self.graph.of_role("output")
            if node.id in self.skippable
        )

    @cached_property
    def skippable(self) -> frozenset[str]:
        """The nodes that a run may complete without, for they lie on a branch."""
        return frozenset(self._branches[0])

    @cached_property
    def optional(self) -> frozenset[tuple[str, str]]:
        """The (node, port) pairs that may give nothing."""
        return frozenset(self._branches[1])

    @cached_property
    def _branches(self) -> tuple[set[str], set[tuple[str, str]]]:
        skippable: set[str] = set()
        optional: set[tuple[str, str]] = set()
        for node in self.graph.nodes:
            needed = [binding.sources for binding in node.bindings]
            if node.space is not None:
                needed.append(_iterated(node))
            if any(
                all((source.node, source.port) in optional for source in sources)
                for sources in needed
            ):
                skippable.add(node.id)
            callee = self.callees.get(node.id)
            lacking = callee.optional_outputs if callee else frozenset()
            optional |= {
                (node.id, port.name)
                for port in node.spec.outputs
                if node.id in skippable or not port.required or port.name in lacking
            }
        return skippable, optional


def _iterated(node: ResolvedNode) -> tuple[Source, ...]:
    """Return the lists one of which a mapped node needs to run at all, whatever else arrives."""
    return tuple(
        source
        for binding in node.bindings
        for source, depth in binding.wires
        if depth == node.depth
    )


def price_graph(graph: ResolvedGraph, callee_of: Callable[[Callee], PricedGraph]) -> PricedGraph:
    """Make a graph ready to be estimated; `callee_of` gives the workflows that its nodes run."""
    return PricedGraph(
        graph, {node.id: callee_of(node.callee) for node in graph.nodes if node.callee}
    )


def with_prices(priced: PricedGraph, texts: Mapping[str, str]) -> PricedGraph:
    """Return a graph with other prices than the catalogue's, by place as `frozen_prices` has them.

    Raises:
        PriceError: one of them is none.
    """
    own = {node.id: texts[node.id] for node in priced.graph.nodes if node.id in texts}
    callees = {
        id_: with_prices(callee, prices_below(texts, id_)) for id_, callee in priced.callees.items()
    }
    return PricedGraph(priced.graph, callees, {id_: parse_price(text) for id_, text in own.items()})


def estimate(priced: PricedGraph, known: Known) -> Estimate:
    """Return what a run would cost.

    `known` are its inputs in stored form by name, None for one that is not known yet; one that is
    not among them takes its default.
    """
    return _Estimator(priced, known, _Budget(BUDGET)).estimate()


def frozen_prices(priced: PricedGraph) -> dict[str, str]:
    """Return the prices of all nodes that have one, as they are to be charged for a run.

    Those of workflows that its nodes run come along, as `node/node`; `prices_below` gives them to
    the run that such a node starts.
    """
    if priced.is_free:
        return {}
    prices = {node.id: node.spec.price.text for node in priced.graph.nodes if node.spec.price}
    for id_, callee in priced.callees.items():
        prices |= {f"{id_}/{inner}": text for inner, text in frozen_prices(callee).items()}
    return prices


def prices_below(prices: Mapping[str, Frozen], node_id: str) -> dict[str, Frozen]:
    """Return the frozen prices of a run that a node starts, from those of the run above.

    So for whatever else is frozen by place.
    """
    start = f"{node_id}/"
    return {
        place.removeprefix(start): text for place, text in prices.items() if place.startswith(start)
    }


@dataclass(slots=True)
class _Budget:
    """How much may still be looked at one by one; shared by an estimate and those inside of it."""

    left: int

    def take(self, number: int) -> bool:
        """Take so many, if they are there."""
        if number > self.left:
            return False
        self.left -= number
        return True


class _Estimator:
    """Makes one estimate, and is thrown away."""

    def __init__(self, priced: PricedGraph, known: Known, budget: _Budget) -> None:
        self.priced = priced
        self.budget = budget
        forms = {id_: _form_of(field, known) for id_, field in priced.fields.items()}
        self.arriving = Arriving(priced.graph, forms, priced.fields, priced.optional)

    def estimate(self) -> Estimate:
        """Return the estimate."""
        nodes = [self._node(node) for node in self.priced.graph.nodes]
        lower, upper = sum(node.lower for node in nodes), sum(node.credits for node in nodes)
        return Estimate(nodes, min(lower, MAX_CREDITS), min(upper, MAX_CREDITS))

    def _node(self, node: ResolvedNode) -> NodeEstimate:
        runs = self._runs(node)
        lower, upper = self._credits(node, runs)
        if node.id in self.priced.skippable:
            lower = 0
        return NodeEstimate(
            node.id,
            node.spec.type,
            node.title,
            min(upper, MAX_CREDITS),
            runs[1],
            min(lower, MAX_CREDITS),
        )

    def _runs(self, node: ResolvedNode) -> Span:
        """Return how often a node runs; one that would more than the engine lets it never does."""
        if node.space is None:
            return 1, 1
        levels = self.arriving.runs[node.id]
        if len(levels) < node.depth or levels[-1].low > MAX_RUNS:
            return 0, MAX_RUNS
        return int(levels[-1].low), min(int(levels[-1].high), MAX_RUNS)

    def _credits(self, node: ResolvedNode, runs: Span) -> Span:
        """Return what all runs of a node cost together."""
        price, callee = self.priced.price_of(node), self.priced.callees.get(node.id)
        if price is not None:
            return self._all_runs(node, runs, price.names, partial(self._run, node, price))
        if callee is not None and not callee.is_free:
            names = {binding.port for binding in node.bindings}
            return self._all_runs(node, runs, names, partial(self._call, node, callee))
        return 0, 0

    def _all_runs(
        self,
        node: ResolvedNode,
        runs: Span,
        names: Collection[str],
        one: Callable[[Path | None], Span],
    ) -> Span:
        """Add up runs of a node, which `one` gives by their place, or without one for any of them."""
        least, most = runs
        shape = self.arriving.shapes[node.id] if node.space else None
        is_known = shape is not None and least == most and self.arriving.differs(node, names)
        if is_known and self.budget.take(most):
            spans = [one(path) for path in paths(shape)]
            return sum(low for low, _ in spans), sum(high for _, high in spans)
        low, high = one(None)
        return low * least, high * most

    def _run(self, node: ResolvedNode, price: Price, path: Path | None) -> Span:
        return price.credits(self.arriving.quantities(node, price.names, path))

    def _call(self, node: ResolvedNode, callee: PricedGraph, path: Path | None) -> Span:
        """Return what the run costs that a node starts, or the runs of a loop."""
        if not self.budget.take(len(callee.graph.nodes)):
            found = callee.bounds
        else:
            found = _Estimator(callee, self._inputs_of(node, path), self.budget).estimate()
        rounds = int(node.params["maximum"]) if node.spec.type == LOOP else 1
        return found.lower, found.upper * rounds

    def _inputs_of(self, node: ResolvedNode, path: Path | None) -> Known:
        """Return what is known of the inputs of the run that a node starts.

        Null takes the default; what one round of a loop gives to the next is not known.
        """
        known = {binding.port: self.arriving.form_at(binding, path) for binding in node.bindings}
        known = {name: form for name, form in known.items() if form is None or form != {"v": None}}
        if node.spec.type == LOOP and node.callee is not None:
            fed = {field.name for field in node.callee.interface.outputs}
            inputs = (field.name for field in node.callee.interface.inputs)
            known |= {name: None for name in inputs if name in fed}
        return known


def _form_of(field: InputField, known: Known) -> Form | None:
    """Return the value of an input, if it is known; a default that is a file is not looked up."""
    if field.name in known:
        return known[field.name]
    if field.default is None:
        return None if field.required else {"v": None}
    kind = field.kind
    while is_list(kind):
        kind = element_of(kind)
    return None if is_media(kind) else {"v": field.default}
