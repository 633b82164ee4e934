"""Binding one node's input ports: which kind arrives, what is mapped, where null could come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from common.errors import Issue
from workflows.catalogue.ports import (
    Port,
    bind,
    element_of,
    is_list,
    is_variable,
    list_of,
    substitute,
)
from workflows.graphs.params import CheckedNode, names_kind
from workflows.graphs.resolved import Binding, ResolvedNode, Source, Space


@dataclass(frozen=True, slots=True)
class Wire:
    """What comes out of an output port, as its consumers see it.

    `kind` is a list where the node was mapped, as deep as its `space`: the iterations, one a level.
    """

    kind: str
    space: Space = ()
    nullable: bool = False


EdgeSources = Mapping[str, Sequence[tuple[str, Source]]]


class NodeBinder:
    """Binds the ports of one node; made for it and thrown away."""

    def __init__(
        self,
        node: CheckedNode,
        feeds: EdgeSources,
        wires: Mapping[Source, Wire],
        problems: list[Issue],
    ) -> None:
        self.node = node
        self.feeds = feeds
        self.wires = wires
        self.problems = problems
        self.variables = self._variables_of_params()
        self.spaces: list[Space] = []
        self.null_variables: set[str] = set()

    def bind(self) -> ResolvedNode:
        """Bind every port and return the node; what does not fit becomes a problem."""
        depth = max((self._depth_of(self.node.ports[name]) for name in self.feeds), default=0)
        bindings = []
        for name, port in self.node.ports.items():
            if name in self.feeds:
                bindings.append(self._binding(port, depth))
            elif port.required:
                message = f"Nothing is wired to {port.title or name}."
                self._problem(f"nodes/{self.node.id}", "missing", message)
        return ResolvedNode(
            id=self.node.id,
            spec=self.node.spec,
            params=self.node.params,
            label=self.node.label,
            bindings=tuple(bindings),
            space=self._space(),
            out_kinds={
                port.name: substitute(port.kind, self.variables) for port in self.node.spec.outputs
            },
            nullable=frozenset(self._nullable_outputs()),
            callee=self.node.callee,
        )

    def outputs(self, node: ResolvedNode) -> dict[Source, Wire]:
        """Return what the bound node's outputs give to those behind it."""
        wires = {}
        for port in self.node.spec.outputs:
            kind = node.wire_kind(port.name)
            is_nullable = port.name in node.nullable
            wires[Source(node.id, port.name)] = Wire(kind, node.space or (), is_nullable)
        return wires

    def _nullable_outputs(self) -> list[str]:
        is_optional = self._is_optional_input()
        return [
            port.name
            for port in self.node.spec.outputs
            if port.nullable or self._lets_null_through(port.kind) or is_optional
        ]

    def _lets_null_through(self, kind: str) -> bool:
        """Say whether null could come out that came in; not where another port stands in for it."""
        declared = self.node.ports.values()
        has_stand_in = any(port.kind == kind and not port.nullable for port in declared)
        return kind in self.null_variables and not has_stand_in

    def _variables_of_params(self) -> dict[str, str]:
        """Bind `@name` variables to parameters whose value is a kind."""
        return {
            f"@{name}": value
            for name, value in self.node.params.items()
            if name in self.node.spec.params_by_name
            and self.node.spec.params_by_name[name].kind == "kind"
            and names_kind(value)
        }

    def _is_optional_input(self) -> bool:
        params = self.node.params
        return (
            self.node.spec.meta.role == "input"
            and params.get("required") is False
            and params.get("default") is None
        )

    def _wires_into(self, port: Port) -> list[tuple[str, Source, Wire]]:
        return [
            (edge, source, self.wires.get(source, Wire("any")))
            for edge, source in self.feeds[port.name]
        ]

    def _depth_of(self, port: Port) -> int:
        """Return how many levels of what is wired to a port its node must be mapped over for it."""
        return max(self._own_depth(port, wire) for _, _, wire in self._wires_into(port))

    def _own_depth(self, port: Port, wire: Wire) -> int:
        """Return the fewest levels to take off a list for the rest to fit; 0 where nothing does.

        A port that takes any kind goes with the mapping that the list came from, or takes it whole.
        """
        if port.kind.startswith("$"):
            return len(wire.space) if port.elementwise else 0
        depth, kind = 0, wire.kind
        while not _fits(port, kind):
            if not is_list(kind):
                return 0
            depth, kind = depth + 1, element_of(kind)
        return depth

    def _binding(self, port: Port, node_depth: int) -> Binding:
        depths, gaps = [], []
        for edge, source, wire in self._wires_into(port):
            depth = self._own_depth(port, wire)
            if port.elementwise:  # it follows where another port is mapped
                depth = min(node_depth, levels_of(wire.kind))
            if depth:
                self.spaces.append(_iterated(source, wire, depth))
            self._check_null(port, wire, source, is_mapped=depth > len(wire.space))
            self._check_fit(edge, port, _inside(wire.kind, depth))
            depths.append(depth)
            gaps.append(max(len(wire.space) - depth, 0))
        sources = tuple(source for _, source in self.feeds[port.name])
        spread = _is_spread(port)
        return Binding(port.name, sources, tuple(depths), tuple(gaps), port.many, spread)

    def _check_fit(self, edge: str, port: Port, kind: str) -> None:
        if _is_spread(port) and not is_list(kind):
            kind = list_of(kind)
        if not bind(port.kind, kind, self.variables):
            shown = substitute(port.kind, self.variables)
            message = f"{port.title or port.name} takes {shown}, and this gives {kind}."
            self._problem(f"edges/{edge}", "wrong_kind", message)

    def _check_null(self, port: Port, wire: Wire, source: Source, *, is_mapped: bool) -> None:
        """Refuse null where a value is needed, or a list to run over."""
        if not wire.nullable:
            return
        if port.nullable and is_variable(port.kind) and not is_mapped:
            self.null_variables.add(port.kind)
        elif is_mapped or self._needs_value(port):
            message = (
                f"{port.title or port.name} could get nothing from {source.node}: "
                "make that input required or give it a default."
            )
            self._problem(f"nodes/{self.node.id}", "missing", message)

    def _needs_value(self, port: Port) -> bool:
        """Say whether null may not come in here; for a setting it means its own value instead."""
        param = self.node.spec.params_by_name.get(port.name)
        if param is not None:
            return param.required and self.node.params.get(port.name) is None
        return port.required and not port.nullable

    def _space(self) -> Space | None:
        """Name the iterations: those of the sources, or ones of the node's own from where they differ.

        A list of fewer levels than another goes with its outer ones.
        """
        if not self.spaces:
            return None
        longest = max(self.spaces, key=len)
        for level, name in enumerate(longest):
            if any(space[level : level + 1] not in ((), (name,)) for space in self.spaces):
                own = (f"{self.node.id}#{deeper or ''}" for deeper in range(len(longest) - level))
                return longest[:level] + tuple(own)
        return longest

    def _problem(self, at: str, code: str, message: str) -> None:
        self.problems.append(Issue(at, code, message))


def levels_of(kind: str) -> int:
    """Return how many lists lie inside each other: 2 for `list[list[text]]`."""
    levels = 0
    while is_list(kind):
        levels, kind = levels + 1, element_of(kind)
    return levels


def _is_spread(port: Port) -> bool:
    return port.many and is_list(port.kind)


def _fits(port: Port, kind: str) -> bool:
    """Say whether a port takes a value of this kind as it is, whatever its variables stand for."""
    return bind(port.kind, kind, {}) or (_is_spread(port) and bind(port.kind, list_of(kind), {}))


def _inside(kind: str, depth: int) -> str:
    for _ in range(depth):
        kind = element_of(kind)
    return kind


def _iterated(source: Source, wire: Wire, depth: int) -> Space:
    """Name the iterations over a list's levels: those it came from, then ones of its own."""
    own = (
        f"{source.node}.{source.port}" + (f"/{level}" if level else "")
        for level in range(depth - len(wire.space))
    )
    return wire.space[:depth] + tuple(own)
