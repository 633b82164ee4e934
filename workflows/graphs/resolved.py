"""A graph after resolution: every node with its spec, full parameters and bound ports."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from workflows.catalogue.spec import NodeSpec


@dataclass(frozen=True, slots=True)
class Source:
    """An output port that an input port is fed from."""

    node: str
    port: str


@dataclass(frozen=True, slots=True)
class Binding:
    """How one input port is fed.

    `mapped`: the source is a list and the node runs once for each element. `many`: several sources
    make one list; with `spread` a source that is a list is strung in, else each is one element.
    `lists` says, per source, whether it gives a list.
    """

    port: str
    sources: tuple[Source, ...]
    mapped: bool = False
    many: bool = False
    spread: bool = False
    lists: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class ResolvedNode:
    """A node that can run.

    `space` names the iteration it is mapped over (None: it runs once). Nodes of one space run
    element by element beside each other. `out_kinds` are the kinds of one run's outputs; a mapped
    node's consumers see lists of them.
    """

    id: str
    spec: NodeSpec
    params: Mapping[str, Any]
    label: str
    bindings: tuple[Binding, ...]
    space: str | None
    out_kinds: Mapping[str, str]

    @property
    def title(self) -> str:
        """What people call the node."""
        return self.label or self.spec.meta.title


@dataclass(frozen=True)
class ResolvedGraph:
    """Nodes in an order in which every node follows what feeds it. Disabled nodes are gone."""

    nodes: tuple[ResolvedNode, ...]

    @cached_property
    def by_id(self) -> Mapping[str, ResolvedNode]:
        """The nodes by id."""
        return {node.id: node for node in self.nodes}

    def of_role(self, role: str) -> list[ResolvedNode]:
        """Return the nodes whose role is `input` or `output`."""
        return [node for node in self.nodes if node.spec.meta.role == role]
