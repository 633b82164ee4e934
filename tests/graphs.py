"""Writing graphs in tests: `graph(nodes, edges)` with `"a.port -> b.port"` for an edge."""

from typing import Any


def graph(nodes: dict[str, Any], edges: list[str]) -> dict[str, Any]:
    """A graph document; a node is its type, or `(type, params)`."""
    return {
        "schema": 1,
        "nodes": [_node(id_, node) for id_, node in nodes.items()],
        "edges": [_edge(index, text) for index, text in enumerate(edges)],
    }


def chain(length: int, *, type_: str = "text.case", port: str = "text") -> dict[str, Any]:
    """An input, `length` nodes in a row, an output."""
    nodes: dict[str, Any] = {"in": ("input.text", {"name": "text"})}
    edges, before = [], "in.value"
    for index in range(length):
        nodes[f"n{index}"] = type_
        edges.append(f"{before} -> n{index}.{port}")
        before = f"n{index}.{port}"
    nodes["out"] = ("output", {"name": "text"})
    return graph(nodes, [*edges, f"{before} -> out.value"])


def _node(id_: str, node: Any) -> dict[str, Any]:
    type_, params = (node, {}) if isinstance(node, str) else node
    return {"id": id_, "type": type_, "params": params, "position": {"x": 0, "y": 0}}


def _edge(index: int, text: str) -> dict[str, str]:
    source, target = (end.strip().split(".") for end in text.split("->"))
    return {
        "id": f"e{index}",
        "source": source[0],
        "sourceHandle": source[1],
        "target": target[0],
        "targetHandle": target[1],
    }
