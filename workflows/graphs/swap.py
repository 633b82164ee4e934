"""Putting another model in the place of one in a graph document: pure, and nothing else changes.

The node keeps its id, place and label, the edges whose ports the other model has too, and the
parameters of the same name whose values may stand there. What had to go is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from common.errors import InvalidInputs, Issue
from workflows.catalogue.load import Catalogue
from workflows.catalogue.ports import Port, bind
from workflows.catalogue.spec import NodeSpec
from workflows.graphs.document import GraphEdge, GraphNode, parse_graph


@dataclass(frozen=True, slots=True)
class Dropped:
    """What could not stay: a parameter by its name, or an edge by its id; `reason` is for people."""

    kind: Literal["param", "edge"]
    name: str
    reason: str

    def as_json(self) -> dict[str, str]:
        """Return it as the canvas gets it."""
        return {"kind": self.kind, "name": self.name, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Swapped:
    """A document with another model in it, and what of the node could not stay."""

    document: dict[str, Any]
    dropped: tuple[Dropped, ...]


def swap_model(
    document: Mapping[str, Any], node_id: str, model_key: str, catalogue: Catalogue
) -> Swapped:
    """Return a document in which a model's node is one of another model of the same task.

    What arrives at the node and what it gives is judged by the declared ports of the two models,
    so what could be wired before can be wired after.

    Raises:
        InvalidGraph: the document is malformed.
        InvalidInputs: there is no such node or model, or they do not have the same task.
    """
    graph = parse_graph(document)
    node = next((each for each in graph.nodes if each.id == node_id), None)
    before, after = _specs(node, model_key, catalogue)
    params, dropped = _kept_params(node, after)
    lost = [
        Dropped("edge", edge.id, reason)
        for edge in graph.edges
        if (reason := _why_not(edge, node_id, before, after))
    ]
    gone = {each.name for each in lost}
    return Swapped(
        {
            **document,
            "nodes": [
                _with_type(each, after, params) if each["id"] == node_id else each
                for each in document["nodes"]
            ],
            "edges": [each for each in document.get("edges", []) if each["id"] not in gone],
        },
        (*dropped, *lost),
    )


def _specs(
    node: GraphNode | None, model_key: str, catalogue: Catalogue
) -> tuple[NodeSpec, NodeSpec]:
    """Return the node types before and after.

    Raises:
        InvalidInputs: one is missing or no model's, or their tasks differ.
    """
    before = None if node is None else catalogue.get(node.type)
    after = catalogue.get(f"model.{model_key}")
    if before is None:
        raise _refusal("/nodeId", "not_found", "There is no such node.")
    if after is None or after.model is None:
        raise _refusal("/model", "not_found", "There is no such model.")
    if before.model is None:
        raise _refusal("/nodeId", "not_allowed", "This node is no model's.")
    if before.model.task != after.model.task:
        message = f"{after.model.name} is for another task than {before.model.name}."
        raise _refusal("/model", "not_allowed", message)
    return before, after


def _kept_params(
    node: GraphNode | None, after: NodeSpec
) -> tuple[dict[str, Any], tuple[Dropped, ...]]:
    kept: dict[str, Any] = {}
    dropped: list[Dropped] = []
    for name, value in (node.params if node else {}).items():
        param = after.params_by_name.get(name)
        if param is None:
            dropped.append(Dropped("param", name, f"{after.meta.title} has no setting {name}."))
            continue
        problem = param.problem_with(value)
        if problem is None or (value is None and param.wired_kind is not None):
            kept[name] = value
        else:
            dropped.append(Dropped("param", name, problem[1]))
    return kept, tuple(dropped)


def _why_not(edge: GraphEdge, node_id: str, before: NodeSpec, after: NodeSpec) -> str | None:
    """Return why an edge cannot stay; None where it can, or where it does not end at the node."""
    if edge.target == node_id:
        name = edge.target_handle
        old, new = before.static_ports.get(name), after.static_ports.get(name)
        # What the old port took, the new one takes: its kind may be wider, never narrower.
        if new is None or (old is not None and not bind(new.kind, old.kind, {})):
            return f"{after.meta.title} takes no such {name}."
    if edge.source == node_id:
        name = edge.source_handle
        old, new = _output(before, name), _output(after, name)
        if new is None or (old is not None and not bind(old.kind, new.kind, {})):
            return f"{after.meta.title} gives no such {name}."
    return None


def _output(spec: NodeSpec, name: str) -> Port | None:
    return next((port for port in spec.outputs if port.name == name), None)


def _with_type(
    node: Mapping[str, Any], after: NodeSpec, params: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a node of the document as one of another type, with its members in their order."""
    swapped = {**node, "type": after.type, "params": dict(params)}
    if "version" in node:
        swapped["version"] = after.meta.version
    return swapped


def _refusal(path: str, code: str, message: str) -> InvalidInputs:
    return InvalidInputs([Issue(path, code, message)])
