"""Nodes that run another workflow: their ports are its interface, and their version is pinned.

Each gets a `NodeSpec` of its own before anything else looks at it, so binding, planning and running
know no special case.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ConfigDict

from common.errors import Issue
from workflows.catalogue.load import Catalogue
from workflows.catalogue.node import Inputs
from workflows.catalogue.ports import Port, fits
from workflows.catalogue.spec import NodeSpec
from workflows.graphs.document import GraphNode, parse_graph
from workflows.graphs.fields import Callee, Interface

MAX_DEPTH = 4  # runs beneath a run, one below the other
LOOP = "loop.while"
AGAIN = "again"  # the output of a loop's body that says whether to go on
ROUNDS = "rounds"


@dataclass(frozen=True, slots=True)
class Calls:
    """What the nodes of a graph may run.

    `find` gives a workflow's version by its number, the published one for None; None when there is
    nothing to run. `caller` is the workflow that the graph belongs to, None for a new one.
    """

    find: Callable[[str, int | None], Callee | None]
    caller: str | None = None


class CallArguments(Inputs):
    """What arrived at a call's ports, all of it in `extra`: their names are the callee's own."""

    model_config = ConfigDict(extra="ignore")


def called_by(
    node: GraphNode, params: Mapping[str, Any], calls: Calls | None, problems: list[Issue]
) -> Callee | None:
    """Return what a node runs, with a problem for each reason why it cannot."""
    workflow_id, number = params.get("workflowId"), params.get("version")
    if not isinstance(workflow_id, str) or not isinstance(number, int | None):
        return None  # reported with the parameters
    callee = calls.find(workflow_id, number) if calls else None
    if calls is None or callee is None:
        has_others = calls and number is not None and calls.find(workflow_id, None) is not None
        problems.append(_not_found(node, "version" if has_others else "workflowId"))
        return None
    problems.extend(_problems_with(node, callee, calls.caller))
    return callee


def spec_of_call(spec: NodeSpec, callee: Callee) -> NodeSpec:
    """Return a node type with the ports of the workflow that one node of it runs.

    Its parameters are no part of it: they may have the names of ports.
    """
    return replace(
        spec,
        inputs=_ports_in(callee.interface),
        outputs=_ports_out(callee.interface, is_loop=spec.type == LOOP),
        params=(),
        make_record=lambda: CallArguments,
    )


def pin_calls(document: Any, catalogue: Catalogue, calls: Calls) -> Any:
    """Return a graph document in which every call names the number of the version that it runs.

    Raises:
        InvalidGraph: it is malformed.
    """
    numbers = {
        node.id: callee.number
        for node in parse_graph(document).nodes
        if _is_open(node, catalogue)
        and (callee := calls.find(node.params["workflowId"], None)) is not None
    }
    if not numbers:
        return document
    return {**document, "nodes": [_pinned(node, numbers) for node in document["nodes"]]}


def _is_open(node: GraphNode, catalogue: Catalogue) -> bool:
    spec = catalogue.get(node.type)
    is_call = spec is not None and spec.meta.role == "call"
    wanted = node.params.get("workflowId")
    return is_call and isinstance(wanted, str) and node.params.get("version") is None


def _pinned(node: Mapping[str, Any], numbers: Mapping[str, int]) -> Mapping[str, Any]:
    if node["id"] not in numbers:
        return node
    return {**node, "params": {**node["params"], "version": numbers[node["id"]]}}


def _problems_with(node: GraphNode, callee: Callee, caller: str | None) -> list[Issue]:
    at = f"nodes/{node.id}"
    issues = []
    if caller in callee.workflows:
        message = "This workflow would run itself: what the node runs leads back to it."
        issues.append(Issue(at, "cycle", message))
    if callee.depth >= MAX_DEPTH:
        message = f"Workflows may run each other {MAX_DEPTH} deep at most."
        issues.append(Issue(at, "out_of_range", message))
    problem = _problem_with_outputs(node, callee.interface)
    if problem is not None:
        issues.append(Issue(f"{at}/params/workflowId", *problem))
    return issues


def _problem_with_outputs(node: GraphNode, interface: Interface) -> tuple[str, str] | None:
    kinds = {field.name: field.kind for field in interface.outputs}
    if not kinds:
        return "not_allowed", "This workflow has no outputs, so there is nothing to run it for."
    if node.type != LOOP:
        return None
    if AGAIN not in kinds:
        return "missing", f"The workflow needs an output {AGAIN} that says whether to go on."
    if not fits(kinds[AGAIN], "boolean"):
        return "wrong_kind", f"The workflow's output {AGAIN} must be true or false."
    if ROUNDS in kinds:
        return "not_allowed", f"The workflow may have no output {ROUNDS}: the loop itself has one."
    return None


def _ports_in(interface: Interface) -> tuple[Port, ...]:
    return tuple(
        Port(
            field.name,
            field.kind,
            field.title,
            required=field.must_be_given,
            nullable=not field.must_be_given,
        )
        for field in interface.inputs
    )


def _ports_out(interface: Interface, *, is_loop: bool) -> tuple[Port, ...]:
    ports = tuple(
        Port(field.name, field.kind, field.title, nullable=field.nullable)
        for field in interface.outputs
        if not (is_loop and field.name == AGAIN)
    )
    return (*ports, Port(ROUNDS, "integer", "Rounds")) if is_loop else ports


def _not_found(node: GraphNode, param: str) -> Issue:
    message = (
        "This version is not there."
        if param == "version"
        else "There is no such workflow here, or nothing of it is published."
    )
    return Issue(f"nodes/{node.id}/params/{param}", "not_found", message)
