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
from workflows.graphs.resolved import Binding, ResolvedNode, Source


@dataclass(frozen=True, slots=True)
class Wire:
    """What comes out of an output port, as its consumers see it.

    `kind` is a list where the node was mapped, and `space` is then the iteration it came from.
    """

    kind: str
    space: str | None = None
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
        self.spaces: set[str] = set()
        self.null_variables: set[str] = set()

    def bind(self) -> ResolvedNode:
        """Bind every port and return the node; what does not fit becomes a problem."""
        mapped = {name for name in self.feeds if self._is_mapped(self.node.ports[name])}
        if mapped:
            mapped |= {name for name in self.feeds if self._follows(self.node.ports[name])}
        bindings = []
        for name, port in self.node.ports.items():
            if name in self.feeds:
                bindings.append(self._binding(port, mapped=name in mapped))
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
        )

    def outputs(self, node: ResolvedNode) -> dict[Source, Wire]:
        """Return what the bound node's outputs give to those behind it."""
        wires = {}
        for port in self.node.spec.outputs:
            kind = node.out_kinds[port.name]
            nullable = port.kind in self.null_variables or self._is_optional_input()
            wires[Source(node.id, port.name)] = Wire(
                kind if node.space is None else list_of(kind), node.space, nullable
            )
        return wires

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

    def _is_mapped(self, port: Port) -> bool:
        """Say whether a port makes its node run once for each element of what is wired to it."""
        if port.many and is_list(port.kind):
            return False
        wires = [wire for _, _, wire in self._wires_into(port)]
        if port.kind.startswith("$"):
            return port.elementwise and any(wire.space is not None for wire in wires)
        return any(is_list(wire.kind) and not bind(port.kind, wire.kind, {}) for wire in wires)

    def _follows(self, port: Port) -> bool:
        """Say whether a port goes along element by element when another port is mapped."""
        return port.elementwise and any(is_list(wire.kind) for _, _, wire in self._wires_into(port))

    def _binding(self, port: Port, *, mapped: bool) -> Binding:
        spread = port.many and is_list(port.kind)
        lists = []
        for edge, source, wire in self._wires_into(port):
            self._check_null(port, wire, source)
            is_mapped_source = mapped and is_list(wire.kind)
            kind = element_of(wire.kind) if is_mapped_source else wire.kind
            if is_mapped_source:
                self.spaces.add(wire.space or f"{source.node}.{source.port}")
            self._check_fit(edge, port, kind, spread=spread)
            lists.append(is_list(wire.kind))
        sources = tuple(source for _, source in self.feeds[port.name])
        return Binding(port.name, sources, mapped, port.many, spread, tuple(lists))

    def _check_fit(self, edge: str, port: Port, kind: str, *, spread: bool) -> None:
        if spread and not is_list(kind):
            kind = list_of(kind)
        if not bind(port.kind, kind, self.variables):
            shown = substitute(port.kind, self.variables)
            message = f"{port.title or port.name} takes {shown}, and this gives {kind}."
            self._problem(f"edges/{edge}", "wrong_kind", message)

    def _check_null(self, port: Port, wire: Wire, source: Source) -> None:
        if not wire.nullable:
            return
        if port.nullable and is_variable(port.kind):
            self.null_variables.add(port.kind)
        elif self._needs_value(port):
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

    def _space(self) -> str | None:
        """Name the iteration: that of the sources, or one of the node's own where they differ."""
        if not self.spaces:
            return None
        return next(iter(self.spaces)) if len(self.spaces) == 1 else f"{self.node.id}#"

    def _problem(self, at: str, code: str, message: str) -> None:
        self.problems.append(Issue(at, code, message))
