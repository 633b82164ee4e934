"""From a template's nodes and edges to a graph document, laid out from left to right."""

from collections.abc import Mapping, Sequence
from typing import Any

from templates_gallery.services.library_files import NodeFile, read_edge

COLUMN = 300
ROW = 180

Edge = tuple[str, str, str, str]


def expand_graph(nodes: Mapping[str, NodeFile], edges: Sequence[str]) -> dict[str, Any]:
    """Return the graph document of API.md.

    Raises:
        LibraryProblem: an edge is not written as it should be.
    """
    read = [read_edge(text) for text in edges]
    places = lay_out(list(nodes), read)
    return {
        "schema": 1,
        "nodes": [_node(id_, node, places[id_]) for id_, node in nodes.items()],
        "edges": [_edge(index, edge) for index, edge in enumerate(read, 1)],
    }


def lay_out(ids: Sequence[str], edges: Sequence[Edge]) -> dict[str, tuple[int, int]]:
    """Return where each node stands: a column further right than all that feed it.

    In a column the nodes stand in the order of what feeds them, centred on the tallest column.
    """
    feeds: dict[str, list[str]] = {id_: [] for id_ in ids}
    for source, _, target, _ in edges:
        if source in feeds and target in feeds:
            feeds[target].append(source)
    columns = _columns(_depths(ids, feeds))
    tallest = max(len(column) for column in columns)
    rows: dict[str, float] = {}
    for column in columns:
        column.sort(key=lambda id_: _mean_row(feeds[id_], rows))
        top = (tallest - len(column)) / 2
        rows.update({id_: top + index for index, id_ in enumerate(column)})
    return {
        id_: (x * COLUMN, round(rows[id_] * ROW))
        for x, column in enumerate(columns)
        for id_ in column
    }


def _depths(ids: Sequence[str], feeds: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return how many nodes stand before each at most; a circle ends the count."""
    depths = dict.fromkeys(ids, 0)
    for _ in ids:
        changed = False
        for id_ in ids:
            depth = max((depths[source] + 1 for source in feeds[id_]), default=0)
            if depth > depths[id_] and depth < len(ids):
                depths[id_], changed = depth, True
        if not changed:
            break
    return depths


def _columns(depths: Mapping[str, int]) -> list[list[str]]:
    columns: list[list[str]] = [[] for _ in range(max(depths.values()) + 1)]
    for id_, depth in depths.items():
        columns[depth].append(id_)
    return [column for column in columns if column]


def _mean_row(sources: Sequence[str], rows: Mapping[str, float]) -> float:
    known = [rows[source] for source in sources if source in rows]
    return sum(known) / len(known) if known else 0.0


def _node(id_: str, node: NodeFile, place: tuple[int, int]) -> dict[str, Any]:
    document = {
        "id": id_,
        "type": node.type,
        "params": node.params,
        "position": {"x": place[0], "y": place[1]},
    }
    return {**document, "label": node.title} if node.title else document


def _edge(number: int, edge: Edge) -> dict[str, str]:
    source, source_handle, target, target_handle = edge
    return {
        "id": f"e{number}",
        "source": source,
        "sourceHandle": source_handle,
        "target": target,
        "targetHandle": target_handle,
    }
