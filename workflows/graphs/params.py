"""Checking each node by itself: its type, its version, its parameters, its name in the interface."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.errors import Issue
from workflows.catalogue.chooser import ChooserSpec
from workflows.catalogue.load import Catalogue, upgrade_params
from workflows.catalogue.params import Param
from workflows.catalogue.ports import Port, is_kind
from workflows.catalogue.spec import NodeSpec
from workflows.graphs.calls import Calls, called_by, spec_of_call
from workflows.graphs.document import MAX_LABEL, Graph, GraphNode
from workflows.graphs.fields import Callee

MAX_KIND = 64  # characters: deeper nesting than any list of lists has


@dataclass(frozen=True, slots=True)
class CheckedNode:
    """A node of a known type with all its parameters (defaults filled in) and input ports."""

    id: str
    spec: NodeSpec
    params: Mapping[str, Any]
    ports: Mapping[str, Port]
    label: str
    disabled: bool
    callee: Callee | None = None

    @property
    def title(self) -> str:
        """What people call the node."""
        return self.label or self.spec.meta.title


def check_nodes(
    graph: Graph,
    catalogue: Catalogue,
    wired: set[tuple[str, str]],
    problems: list[Issue],
    calls: Calls | None = None,
) -> dict[str, CheckedNode]:
    """Return the nodes of known types by id, in document order; `wired` are fed (node, port).

    A node that runs a workflow that is not there is left out like one of an unknown type.
    """
    nodes = {}
    names: set[tuple[str, str]] = set()
    for node in graph.nodes:
        spec = _spec_of(node, catalogue, problems)
        if spec is None:
            continue
        given = _upgraded_params(node, catalogue)
        if not node.disabled:
            _check_params(node, spec, given, wired, problems)
            _check_name(node, spec, given, names, problems)
        params = {param.name: param.default for param in spec.params} | given
        callee = None
        if spec.meta.role == "call":
            callee = called_by(node, params, calls, [] if node.disabled else problems)
            if callee is None:
                continue
            spec = spec_of_call(spec, callee)
        if isinstance(spec, ChooserSpec):
            spec, params = spec.choose(params)
        ports = spec.input_ports(params)
        nodes[node.id] = CheckedNode(
            node.id, spec, params, ports, node.label, node.disabled, callee
        )
    return nodes


def names_kind(value: object) -> bool:
    """Say whether a parameter names a kind of value; nothing that long does."""
    return isinstance(value, str) and len(value) <= MAX_KIND and is_kind(value)


def _spec_of(node: GraphNode, catalogue: Catalogue, problems: list[Issue]) -> NodeSpec | None:
    saved, spec = catalogue.specs.get(node.type), catalogue.get(node.type)
    at = f"nodes/{node.id}"
    if saved is None or spec is None:
        problems.append(Issue(at, "unknown_type", f"There is no node type {node.type}."))
        return None
    if node.version is not None and node.version > saved.meta.version:
        message = f"{node.type} version {node.version} is newer than this server knows."
        problems.append(Issue(at, "unknown_type", message))
        return None
    return spec


def _upgraded_params(node: GraphNode, catalogue: Catalogue) -> dict[str, Any]:
    """Return a node's parameters as its present type takes them.

    Those of a retired type are brought up to its last version, which has the parameters of its
    successor's first one.
    """
    spec = catalogue.specs[node.type]
    params = upgrade_params(spec, node.params, node.version or spec.meta.version)
    while spec.meta.replaced_by is not None:
        spec = catalogue.specs[spec.meta.replaced_by]
        params = upgrade_params(spec, params, 1)
    return params


def _check_params(
    node: GraphNode,
    spec: NodeSpec,
    given: Mapping[str, Any],
    wired: set[tuple[str, str]],
    problems: list[Issue],
) -> None:
    before = len(problems)
    problems.extend(
        _issue(
            node, name[:MAX_LABEL], "unknown_field", f"There is no parameter {name[:MAX_LABEL]}."
        )
        for name in given
        if name not in spec.params_by_name
    )
    for name, param in spec.params_by_name.items():
        is_wired = param.wired_kind is not None and (node.id, name) in wired
        if name not in given:
            if param.required and not is_wired:
                problems.append(_issue(node, name, "missing", f"{param.title} is missing."))
            continue
        problem = None if is_wired and given[name] is None else _problem_with(param, given[name])
        if problem:
            problems.append(_issue(node, name, *problem))
    if len(problems) == before:
        problems.extend(_issue(node, *found) for found in spec.node.check(given))


def _problem_with(param: Param, value: object) -> tuple[str, str] | None:
    if param.kind == "kind" and isinstance(value, str) and not names_kind(value):
        return "not_allowed", "This is no kind of value."
    return param.problem_with(value)


def _check_name(
    node: GraphNode,
    spec: NodeSpec,
    given: Mapping[str, Any],
    names: set[tuple[str, str]],
    problems: list[Issue],
) -> None:
    """Inputs have different names, and so have outputs: they are fields of the API."""
    role = spec.meta.role
    if role not in ("input", "output"):
        return
    name = given.get("name", spec.params_by_name["name"].default)
    if not isinstance(name, str):
        return  # reported with the parameters
    if not name:
        problems.append(_issue(node, "name", "missing", "Give it a name."))
    elif (role, name) in names:
        message = f"Another {role} is called {name} already."
        problems.append(_issue(node, "name", "not_allowed", message))
    names.add((role, name))


def _issue(node: GraphNode, param: str, code: str, message: str) -> Issue:
    return Issue(f"nodes/{node.id}/params/{param}", code, message)
