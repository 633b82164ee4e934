"""Running to a node: what is left of a graph that holds this node and all that it needs."""

from collections.abc import Mapping
from typing import Any

from common.errors import InvalidGraph, Issue
from workflows.graphs.document import Graph, escape, parse_graph


def prune(document: Mapping[str, Any], to_node: str) -> dict[str, Any]:
    """Return a graph document with nothing in it but a node, what feeds it, and their edges.

    Raises:
        InvalidGraph: it is malformed, or has no such node that is not disabled.
    """
    graph = parse_graph(document)
    _check_there(graph, to_node)
    kept = _needed_by(graph, to_node)
    return {
        **document,
        "nodes": [node for node in document["nodes"] if node["id"] in kept],
        "edges": [edge for edge in document.get("edges", []) if edge["target"] in kept],
    }


def _check_there(graph: Graph, to_node: str) -> None:
    at = f"nodes/{escape(to_node)}"
    node = next((node for node in graph.nodes if node.id == to_node), None)
    if node is None:
        raise InvalidGraph([Issue(at, "not_found", "There is no such node to run to.")])
    if node.disabled:
        raise InvalidGraph([Issue(at, "not_allowed", "This node is disabled.")])


def _needed_by(graph: Graph, to_node: str) -> set[str]:
    """Return a node's id with those of all nodes before it; ends of edges need not exist."""
    feeding: dict[str, list[str]] = {}
    for edge in graph.edges:
        feeding.setdefault(edge.target, []).append(edge.source)
    needed: set[str] = set()
    open_ids = [to_node]
    while open_ids:
        id_ = open_ids.pop()
        if id_ not in needed:
            needed.add(id_)
            open_ids.extend(feeding.get(id_, ()))
    return needed
