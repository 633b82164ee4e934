"""A graph after resolution: every node with its spec, full parameters and bound ports."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from workflows.catalogue.ports import list_of
from workflows.catalogue.spec import NodeSpec
from workflows.graphs.fields import Callee

Space = tuple[str, ...]  # the iterations that a node runs inside of, the outermost first


@dataclass(frozen=True, slots=True)
class Source:
    """An output port that an input port is fed from."""

    node: str
    port: str


@dataclass(frozen=True, slots=True)
class Binding:
    """How one input port is fed.

    `depths` says, per source, how many levels of its list the node is mapped over: 0 takes it as it
    is, 1 gives each run an element, 2 an element of an element. `gaps` are the levels below that
    came from mapping too, so that elements may be missing there. `many`: several sources make one
    list; with `spread` a source that is a list is strung in, else each is one element.
    """

    port: str
    sources: tuple[Source, ...]
    depths: tuple[int, ...]
    gaps: tuple[int, ...]
    many: bool = False
    spread: bool = False

    @property
    def mapped(self) -> bool:
        """Whether the node runs once for each element of a source."""
        return any(self.depths)

    @property
    def wires(self) -> list[tuple[Source, int]]:
        """The sources, each with its depth."""
        return list(zip(self.sources, self.depths, strict=True))


@dataclass(frozen=True, slots=True)
class ResolvedNode:
    """A node that can run.

    `space` names the iterations it is mapped over, one a level (None: it runs once). Nodes of one
    space run element by element beside each other, and one whose space begins with another's finds
    its elements inside those. `out_kinds` are the kinds of one run's outputs; a mapped node's
    consumers see lists of them, as deep as the space. `nullable` are the outputs that could give
    null; `callee` is the workflow that the node runs, if it runs one.
    """

    id: str
    spec: NodeSpec
    params: Mapping[str, Any]
    label: str
    bindings: tuple[Binding, ...]
    space: Space | None
    out_kinds: Mapping[str, str]
    nullable: frozenset[str] = frozenset()
    callee: Callee | None = None

    @property
    def depth(self) -> int:
        """How many levels of lists the node is mapped over."""
        return len(self.space) if self.space else 0

    def wire_kind(self, port: str) -> str:
        """Return the kind that an output's consumers see."""
        kind = self.out_kinds[port]
        for _ in range(self.depth):
            kind = list_of(kind)
        return kind

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
