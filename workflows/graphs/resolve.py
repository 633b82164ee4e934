"""Checking a graph against a catalogue and binding its ports, in one pass for all who need it.

The editor's save, publish, execute and the engine use the same function, so what one accepts no
other refuses.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from common.errors import Issue
from workflows.catalogue.load import Catalogue
from workflows.catalogue.ports import fits
from workflows.graphs.bind import NodeBinder, Wire
from workflows.graphs.calls import Calls
from workflows.graphs.document import MAX_ISSUES, Graph, GraphEdge
from workflows.graphs.interface import check_fields, interface_of
from workflows.graphs.params import CheckedNode, check_nodes
from workflows.graphs.resolved import ResolvedGraph, ResolvedNode, Source


@dataclass(frozen=True, slots=True)
class Resolution:
    """What came of it: `graph` can run only where there are no `problems`."""

    graph: ResolvedGraph
    problems: tuple[Issue, ...]


def resolve(graph: Graph, catalogue: Catalogue, calls: Calls | None = None) -> Resolution:
    """Check a graph and bind its ports; `calls` are the workflows that its nodes may run.

    Problems come in the order nodes, edges, structure, kinds, interface; with problems the
    resolved graph holds what could be resolved, which is enough to show its inputs and outputs.
    """
    problems: list[Issue] = []
    if not graph.nodes:
        problems.append(Issue("nodes", "missing", "The graph has no nodes."))
    wired = {(edge.target, edge.target_handle) for edge in graph.edges}
    nodes = check_nodes(graph, catalogue, wired, problems, calls)
    all_ids = {node.id for node in graph.nodes}
    edges = [edge for edge in graph.edges if _edge_stands(edge, nodes, all_ids, problems)]
    edges = _without_seconds(edges, nodes, problems)
    feeds = _bypass_disabled(_feeds_of(edges), nodes)
    order = _ordered(nodes, feeds, problems)
    resolved = _bind_all(order, nodes, feeds, problems)
    problems.extend(check_fields(interface_of(resolved)))
    return Resolution(resolved, tuple(problems[:MAX_ISSUES]))


Feeds = dict[str, dict[str, list[tuple[str, Source]]]]  # node -> port -> (edge id, source)


def _edge_stands(
    edge: GraphEdge,
    nodes: Mapping[str, CheckedNode],
    all_ids: set[str],
    problems: list[Issue],
) -> bool:
    """Say whether both ends of an edge exist; ends at unknown types are reported there alone."""
    at = f"edges/{edge.id}"
    for end in (edge.source, edge.target):
        if end not in all_ids:
            problems.append(Issue(at, "not_found", f"There is no node {end}."))
            return False
    source, target = nodes.get(edge.source), nodes.get(edge.target)
    if source is None or target is None:
        return False
    if edge.source_handle not in {port.name for port in source.spec.outputs}:
        message = f"{source.title} has no output {edge.source_handle}."
        problems.append(Issue(at, "not_found", message))
        return False
    if edge.target_handle not in target.ports:
        message = f"{target.title} has no input {edge.target_handle}."
        problems.append(Issue(at, "not_found", message))
        return False
    return True


def _without_seconds(
    edges: list[GraphEdge], nodes: Mapping[str, CheckedNode], problems: list[Issue]
) -> list[GraphEdge]:
    """Drop second edges into ports that take one, with a problem for each."""
    taken: set[tuple[str, str]] = set()
    kept = []
    for edge in edges:
        place = (edge.target, edge.target_handle)
        if place in taken and not nodes[edge.target].ports[edge.target_handle].many:
            message = f"{edge.target_handle} takes one edge."
            problems.append(Issue(f"edges/{edge.id}", "not_allowed", message))
            continue
        taken.add(place)
        kept.append(edge)
    return kept


def _feeds_of(edges: list[GraphEdge]) -> Feeds:
    feeds: Feeds = {}
    for edge in edges:
        sources = feeds.setdefault(edge.target, {}).setdefault(edge.target_handle, [])
        sources.append((edge.id, Source(edge.source, edge.source_handle)))
    return feeds


def _bypass_disabled(feeds: Feeds, nodes: dict[str, CheckedNode]) -> Feeds:
    """Take disabled nodes out: what fed their first matching input feeds their consumers."""
    disabled = {id_ for id_, node in nodes.items() if node.disabled}
    if not disabled:
        return feeds
    bypassed: Feeds = {}
    for target, ports in feeds.items():
        if target in disabled:
            continue
        for port, sources in ports.items():
            followed = [(edge, _origin(source, feeds, nodes, disabled)) for edge, source in sources]
            kept = [(edge, source) for edge, source in followed if source is not None]
            if kept:
                bypassed.setdefault(target, {})[port] = kept
    for id_ in disabled:
        del nodes[id_]
    return bypassed


def _origin(
    source: Source, feeds: Feeds, nodes: Mapping[str, CheckedNode], disabled: set[str]
) -> Source | None:
    """Follow a source back through disabled nodes; None where nothing passes through."""
    seen: set[str] = set()
    current: Source | None = source
    while current is not None and current.node in disabled:
        if current.node in seen:
            return None
        seen.add(current.node)
        current = _passed_through(nodes[current.node], current.port, feeds.get(current.node, {}))
    return current


def _passed_through(
    node: CheckedNode, port: str, feeds: Mapping[str, list[tuple[str, Source]]]
) -> Source | None:
    kind = next(output.kind for output in node.spec.outputs if output.name == port)
    for name, declared in node.ports.items():
        if name in feeds and (declared.kind == kind or fits(declared.kind, kind)):
            return feeds[name][0][1]
    return None


def _ordered(nodes: Mapping[str, CheckedNode], feeds: Feeds, problems: list[Issue]) -> list[str]:
    """Return node ids so that sources come first, else in document order; report a cycle."""
    waiting = {
        id_: {source.node for sources in feeds.get(id_, {}).values() for _, source in sources}
        for id_ in nodes
    }
    consumers: dict[str, list[str]] = {}
    for id_, sources in waiting.items():
        for source in sources:
            consumers.setdefault(source, []).append(id_)
    ready = [id_ for id_, sources in waiting.items() if not sources]
    order = []
    for id_ in ready:  # grows while it is walked
        order.append(id_)
        for consumer in consumers.get(id_, []):
            waiting[consumer].discard(id_)
            if not waiting[consumer]:
                ready.append(consumer)
    if len(order) < len(nodes):
        id_ = _node_on_cycle(waiting, set(order))
        problems.append(Issue(f"nodes/{id_}", "cycle", "This node feeds itself."))
    return order


def _node_on_cycle(waiting: Mapping[str, set[str]], done: set[str]) -> str:
    """Return a node that is on a cycle itself, not merely behind one."""
    current = next(id_ for id_ in waiting if id_ not in done)
    seen: set[str] = set()
    while current not in seen:
        seen.add(current)
        current = min(waiting[current] - done)
    return current


def _bind_all(
    order: list[str], nodes: Mapping[str, CheckedNode], feeds: Feeds, problems: list[Issue]
) -> ResolvedGraph:
    wires: dict[Source, Wire] = {}
    resolved: list[ResolvedNode] = []
    for id_ in order:
        binder = NodeBinder(nodes[id_], feeds.get(id_, {}), wires, problems)
        node = binder.bind()
        wires.update(binder.outputs(node))
        resolved.append(node)
    return ResolvedGraph(tuple(resolved))
