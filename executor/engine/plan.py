"""Cutting a graph into segments, the units of scheduling, claiming and committing.

Cheap (`inline`) nodes are fused: those that wait for the same costly nodes and run over the same
iteration make one segment and hand values over in memory. A costly node is a segment of its own.
Input nodes are done from the start and output nodes as soon as their source is: neither is run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from workflows.catalogue.node import CostClass
from workflows.graphs.resolved import Binding, ResolvedGraph, ResolvedNode

INLINE_CHUNK = 100  # elements of a mapped list that one task of cheap nodes takes
COSTLY_CHUNK = 1


@dataclass(frozen=True, slots=True)
class Segment:
    """Nodes that run together, in order. `needs` are the segments that must be done before.

    `space` names the iteration that all of them are mapped over; None: they run once.
    """

    index: int
    node_ids: tuple[str, ...]
    cost: CostClass
    space: str | None
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
    def measured(self) -> frozenset[tuple[str, str]]:
        """The (node, port) pairs whose list is mapped over: their length must be known."""
        return frozenset(
            (source.node, source.port)
            for node in self.graph.nodes
            for binding in node.bindings
            if binding.mapped
            for source, is_list in zip(binding.sources, binding.lists, strict=True)
            if is_list
        )

    def node(self, id_: str) -> ResolvedNode:
        """Return a node by id."""
        return self.graph.by_id[id_]

    def outer_lists(self, segment: Segment) -> list[tuple[str, str]]:
        """Return the (node, port) pairs outside of a segment that it is mapped over."""
        inside = set(segment.node_ids)
        return [
            (source.node, source.port)
            for id_ in segment.node_ids
            for binding in self.node(id_).bindings
            if binding.mapped
            for source, is_list in zip(binding.sources, binding.lists, strict=True)
            if is_list and source.node not in inside
        ]


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
        self.by_key: dict[tuple[frozenset[int], str | None], int] = {}

    def place(self, node: ResolvedNode) -> None:
        """Put a node into the group it can be fused with, or into a new one.

        A group is a barrier when those behind it cannot simply join it: a costly node, or a change
        of iteration. Two cheap nodes with the same barriers before them depend on nothing that the
        other's group lacks, so fusing them never makes a circle of segments.
        """
        before = frozenset(
            barrier
            for source in binding_sources(node.bindings)
            for barrier in self._barriers_after(source, node)
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

    def _barriers_after(self, source: str, node: ResolvedNode) -> frozenset[int]:
        """Return the barriers that a consumer of `source` stands behind."""
        if source not in self.group_of:
            return frozenset()
        before = self.barriers[source]
        feeding = self.graph.by_id[source]
        if feeding.spec.cost != "inline" or feeding.space != node.space:
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
