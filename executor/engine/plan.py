"""Cutting a graph into segments, the units of scheduling, claiming and committing.

Cheap (`inline`) nodes are fused: those that wait for the same costly nodes and run over the same
iteration make one segment and hand values over in memory. A costly node is a segment of its own.
Input nodes are done from the start and output nodes as soon as their source is: neither is run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from executor.engine.digests import node_digest
from workflows.catalogue.node import CostClass
from workflows.graphs.resolved import Binding, ResolvedGraph, ResolvedNode, Space

INLINE_CHUNK = 100  # elements of a mapped list that one task of cheap nodes takes
COSTLY_CHUNK = 1


@dataclass(frozen=True, slots=True)
class Segment:
    """Nodes that run together, in order. `needs` are the segments that must be done before.

    `space` names the iterations that all of them are mapped over; None: they run once.
    """

    index: int
    node_ids: tuple[str, ...]
    cost: CostClass
    space: Space | None
    needs: frozenset[int]

    @property
    def chunk(self) -> int:
        """How many elements of a mapped list one task takes."""
        return INLINE_CHUNK if self.cost == "inline" else COSTLY_CHUNK


@dataclass(frozen=True)
class Plan:
    """A graph and its segments, ordered so that each follows what it needs."""

    graph: ResolvedGraph
    segments: tuple[Segment, ...]

    @cached_property
    def segment_of(self) -> Mapping[str, int]:
        """The segment's index by node id; input and output nodes have none."""
        return {id_: segment.index for segment in self.segments for id_ in segment.node_ids}

    @cached_property
    def followers(self) -> Mapping[int, tuple[int, ...]]:
        """The segments that wait for a segment, by its index."""
        followers: dict[int, list[int]] = {segment.index: [] for segment in self.segments}
        for segment in self.segments:
            for need in segment.needs:
                followers[need].append(segment.index)
        return {index: tuple(waiting) for index, waiting in followers.items()}

    @cached_property
    def outputs(self) -> tuple[ResolvedNode, ...]:
        """The output nodes."""
        return tuple(self.graph.of_role("output"))

    @cached_property
    def inputs(self) -> tuple[ResolvedNode, ...]:
        """The input nodes."""
        return tuple(self.graph.of_role("input"))

    @cached_property
    def delivered(self) -> frozenset[tuple[str, str]]:
        """The (node, port) pairs whose value goes to an output node."""
        return frozenset(
            (source.node, source.port)
            for node in self.outputs
            for binding in node.bindings
            for source in binding.sources
        )

    @cached_property
    def node_digests(self) -> Mapping[str, bytes | None]:
        """What each node of a segment is, apart from its values, by id; None: it is never cached."""
        return {
            id_: node_digest(self.node(id_), inside=segment.node_ids, delivered=self.delivered)
            for segment in self.segments
            for id_ in segment.node_ids
        }

    @cached_property
    def shared(self) -> frozenset[tuple[str, str]]:
        """The (node, port) pairs that another segment reads, or an output node delivers."""
        crossing = {
            (source.node, source.port)
            for node in self.graph.nodes
            for binding in node.bindings
            for source in binding.sources
            if self.segment_of.get(source.node) != self.segment_of.get(node.id, -1)
        }
        return frozenset(crossing | self.delivered)

    @cached_property
    def measured(self) -> Mapping[tuple[str, str], int]:
        """How many levels of one run's output must be measured, for others are mapped over them.

        By (node, port); the levels that come from the node's own mapping are known without. For
        costly nodes, 0 levels are measured too: whether the run gave anything, so that no task is
        made for an element that never came.
        """
        levels: dict[tuple[str, str], int] = {}
        for node in self.graph.nodes:
            for binding in node.bindings:
                for source, depth in binding.wires:
                    below = depth - self.node(source.node).depth
                    if below > 0 or (below == 0 and depth and node.spec.cost != "inline"):
                        place = (source.node, source.port)
                        levels[place] = max(below, levels.get(place, 0))
        return levels

    @cached_property
    def reviews(self) -> frozenset[int]:
        """The segments that ask a person."""
        return frozenset(
            self.segment_of[node.id] for node in self.graph.nodes if node.spec.meta.role == "review"
        )

    @cached_property
    def calls(self) -> frozenset[int]:
        """The segments that run another workflow."""
        return frozenset(
            self.segment_of[node.id] for node in self.graph.nodes if node.spec.meta.role == "call"
        )

    def node(self, id_: str) -> ResolvedNode:
        """Return a node by id."""
        return self.graph.by_id[id_]

    def outer_lists(self, segment: Segment) -> set[tuple[str, str, int]]:
        """Return the lists outside of a segment that it is mapped over: node, port and depth."""
        return {
            (source.node, source.port, depth)
            for id_ in segment.node_ids
            for binding in self.node(id_).bindings
            for source, depth in binding.wires
            if depth and self.segment_of.get(source.node) != segment.index
        }


def build_plan(graph: ResolvedGraph) -> Plan:
    """Cut a graph into segments. Pure, and the same for equal graphs."""
    cutter = _Cutter(graph)
    for node in graph.nodes:
        if node.spec.meta.role not in ("input", "output"):
            cutter.place(node)
    return Plan(graph, cutter.segments())


def binding_sources(bindings: tuple[Binding, ...]) -> list[str]:
    """Return the ids of the nodes that feed these bindings, in order, with repeats."""
    return [source.node for binding in bindings for source in binding.sources]


class _Cutter:
    """Gathers nodes into groups by what they wait for."""

    def __init__(self, graph: ResolvedGraph) -> None:
        self.graph = graph
        self.groups: list[list[str]] = []
        self.group_of: dict[str, int] = {}
        self.barriers: dict[str, frozenset[int]] = {}  # node -> barrier groups before it
        self.by_key: dict[tuple[frozenset[int], Space | None], int] = {}

    def place(self, node: ResolvedNode) -> None:
        """Put a node into the group it can be fused with, or into a new one.

        A group is a barrier when those behind it cannot simply join it: a costly node, a change of
        iteration, or a list that is wanted whole. Two cheap nodes with the same barriers before them depend on nothing that the
        other's group lacks, so fusing them never makes a circle of segments.
        """
        before = frozenset(
            barrier
            for binding in node.bindings
            for source, depth in binding.wires
            for barrier in self._barriers_after(source.node, node, depth)
        )
        if node.spec.cost == "inline":
            key = (before, node.space)
            index = self.by_key.setdefault(key, len(self.groups))
        else:
            index = len(self.groups)
        if index == len(self.groups):
            self.groups.append([])
        self.groups[index].append(node.id)
        self.group_of[node.id] = index
        self.barriers[node.id] = before

    def _barriers_after(self, source: str, node: ResolvedNode, depth: int) -> frozenset[int]:
        """Return the barriers that a consumer of `source` at this depth stands behind."""
        if source not in self.group_of:
            return frozenset()
        before = self.barriers[source]
        feeding = self.graph.by_id[source]
        is_alongside = feeding.space == node.space and feeding.depth == depth
        if feeding.spec.cost != "inline" or not is_alongside:
            return before | {self.group_of[source]}
        return before

    def segments(self) -> tuple[Segment, ...]:
        """Return the groups as segments, renumbered so that each follows what it needs."""
        needs = [self._needs_of(index) for index in range(len(self.groups))]
        order = _topological(needs)
        renumbered = {group: index for index, group in enumerate(order)}
        return tuple(
            self._segment(renumbered[group], group, frozenset(renumbered[n] for n in needs[group]))
            for group in order
        )

    def _segment(self, index: int, group: int, needs: frozenset[int]) -> Segment:
        first = self.graph.by_id[self.groups[group][0]]
        return Segment(index, tuple(self.groups[group]), first.spec.cost, first.space, needs)

    def _needs_of(self, index: int) -> frozenset[int]:
        feeding = {
            self.group_of[source]
            for id_ in self.groups[index]
            for source in binding_sources(self.graph.by_id[id_].bindings)
            if source in self.group_of
        }
        return frozenset(feeding - {index})


def _topological(needs: list[frozenset[int]]) -> list[int]:
    """Return group numbers so that each follows what it needs, lower numbers first."""
    done: set[int] = set()
    order: list[int] = []
    while len(order) < len(needs):
        for group, needed in enumerate(needs):
            if group not in done and needed <= done:
                done.add(group)
                order.append(group)
    return order
