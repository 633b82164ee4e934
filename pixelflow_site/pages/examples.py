"""A small graph for each node type: inputs for what it must be given, and its first output."""

from collections.abc import Mapping
from typing import Any

# Inputs that a person gives, by the kind of port that they are wired to.
_INPUTS = frozenset(
    {"text", "number", "integer", "boolean", "image", "mask", "video", "audio", "json"}
)
_TEXT = "A lighthouse in a storm, at night"


def example_graph(type_: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the graph document of a node with all that it requires; `entry` is as `GET /nodes` has it."""
    params = entry["params"]
    node = {
        name: _value(params["properties"][name])
        for name in params["required"]
        if params["properties"][name]["x-kind"] in _EXAMPLES
        or params["properties"][name].get("enum")
    }
    nodes = [_node("node", type_, 240, node)]
    edges: list[dict[str, str]] = []
    ports = [port for port in entry["inputs"] if port["required"]]
    for number, port in enumerate(ports):
        made = _input(port)
        if made is not None:
            nodes.append({**made, "position": {"x": 0, "y": 120 * number}})
            edges.append(_edge(len(edges), (made["id"], "value"), ("node", port["name"])))
    if entry["outputs"]:
        port = entry["outputs"][0]["name"]
        nodes.append(_node("out", "output", 480, {"name": "result"}))
        edges.append(_edge(len(edges), ("node", port), ("out", "value")))
    return {"schema": 1, "nodes": nodes, "edges": edges}


def _input(port: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the node that gives what a port takes; None where no single input does."""
    name, kind = port["name"], port["kind"]
    params: dict[str, Any] = {"name": name, "required": True}
    if kind.startswith("list[") and kind[5:-1] in _INPUTS:
        return _node(f"in_{name}", "input.list", 0, {**params, "items": kind[5:-1]})
    if kind == "any":
        return _node(f"in_{name}", "input.text", 0, params)
    return _node(f"in_{name}", f"input.{kind}", 0, params) if kind in _INPUTS else None


def _node(id_: str, type_: str, x: int, params: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": id_, "type": type_, "params": dict(params), "position": {"x": x, "y": 0}}


def _edge(number: int, source: tuple[str, str], target: tuple[str, str]) -> dict[str, str]:
    return {
        "id": f"e{number + 1}",
        "source": source[0],
        "sourceHandle": source[1],
        "target": target[0],
        "targetHandle": target[1],
    }


_EXAMPLES: Mapping[str, Any] = {
    "text": _TEXT,
    "number": 1,
    "integer": 1,
    "boolean": True,
    "colour": "#336699",
}


def _value(part: Mapping[str, Any]) -> Any:
    """Return a value that a parameter takes."""
    if part.get("enum"):
        return part["enum"][0]
    value = _EXAMPLES[part["x-kind"]]
    if part["x-kind"] in ("number", "integer"):
        return max(value, part.get("minimum", value))
    return value[: part["maxLength"]] if "maxLength" in part and isinstance(value, str) else value
