"""What follows from a graph under today's catalogue: interface, cost, models, facets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from common.errors import InvalidGraph, Issue
from templates_gallery.models import TemplateVersion
from workflows.api import (
    Catalogue,
    Estimate,
    Interface,
    ResolvedGraph,
    ResolvedNode,
    check_graph,
    estimate_graph,
    get_catalogue,
    input_schema,
    interface_of,
    output_schema,
)

KEPT = 512  # versions whose graphs one process keeps resolved

_MEDIA = frozenset({"image", "mask", "video", "audio", "model3d"})
_INPUT_KINDS = {"mask": "image", "integer": "number"}
_MODALITIES = {"image": "image", "mask": "image", "video": "video", "audio": "audio"}
_NODE_MS = {"cpu": 300}  # what a node takes that runs here, so that chains of them differ


@dataclass(frozen=True, slots=True)
class GraphFacts:
    """A graph that has no problems, and what it takes and gives."""

    graph: ResolvedGraph
    interface: Interface

    @property
    def input_schema(self) -> dict[str, Any]:
        """JSON Schema of the inputs."""
        return input_schema(self.interface)

    @property
    def output_schema(self) -> dict[str, Any]:
        """JSON Schema of the outputs."""
        return output_schema(self.interface)

    @property
    def modality(self) -> str:
        """What comes out first: image, video, audio, text or 3d."""
        kind = element_kind(self.interface.outputs[0].kind) if self.interface.outputs else "text"
        return "3d" if kind == "model3d" else _MODALITIES.get(kind, "text")

    @property
    def input_kinds(self) -> list[str]:
        """The kinds of the inputs, each once, in their order; a mask counts as an image."""
        kinds = (element_kind(field.kind) for field in self.interface.inputs)
        return list(dict.fromkeys(_INPUT_KINDS.get(kind, kind) for kind in kinds))

    @property
    def model_keys(self) -> list[str]:
        """The models that it uses, each once."""
        models = (node.spec.model for node in self.graph.nodes)
        return list(dict.fromkeys(model.key for model in models if model is not None))

    @property
    def is_local(self) -> bool:
        """Say whether it runs for real on any installation."""
        return not any(node.spec.model or node.spec.cost == "remote" for node in self.graph.nodes)

    @property
    def expected_ms(self) -> int:
        """How long a run usually takes: along the slowest way through the graph."""
        done: dict[str, int] = {}
        for node in self.graph.nodes:
            sources = (source.node for binding in node.bindings for source in binding.sources)
            start = max((done[id_] for id_ in sources), default=0)
            done[node.id] = start + _node_ms(node)
        return max(done.values(), default=0)

    def estimate(self, inputs: Mapping[str, Any]) -> Estimate:
        """Return what a run costs with an example's inputs; nothing is known of its files."""
        return estimate_graph(self.graph, inputs=stored_forms(self.interface, inputs))


def facts_of(document: object) -> GraphFacts:
    """Return what follows from a graph document.

    Raises:
        InvalidGraph: it has problems, or gives nothing; a template may not run other workflows.
    """
    resolution = check_graph(document, None)
    if resolution.problems:
        raise InvalidGraph(resolution.problems)
    interface = interface_of(resolution.graph)
    if not interface.outputs:
        raise InvalidGraph([Issue("nodes", "missing", "The graph has no output.")])
    return GraphFacts(resolution.graph, _as_written(interface, document))


def _as_written(interface: Interface, document: Any) -> Interface:
    """Put outputs in the order in which the document has them: the author's first is the cover."""
    order = {node["id"]: place for place, node in enumerate(document["nodes"])}
    outputs = sorted(interface.outputs, key=lambda field: order[field.node_id])
    return replace(interface, outputs=tuple(outputs))


def facts_of_version(version: TemplateVersion) -> GraphFacts | None:
    """Return what follows from a stored version; None where it does not stand any more."""
    return _kept(version.pk, get_catalogue(), _Document(version.pk, version.graph))


@dataclass(frozen=True, slots=True)
class _Document:
    """A graph that is told apart by its version alone: versions never change."""

    version_id: str
    graph: Any

    def __hash__(self) -> int:
        return hash(self.version_id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Document) and other.version_id == self.version_id


@lru_cache(maxsize=KEPT)
def _kept(version_id: str, catalogue: Catalogue, document: _Document) -> GraphFacts | None:  # noqa: ARG001 - parts of the key
    try:
        return facts_of(document.graph)
    except InvalidGraph:
        return None


def stored_forms(interface: Interface, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return an example's inputs as estimates take them: files, and what is left out but needed, unknown."""
    forms: dict[str, Any] = {}
    for field in interface.inputs:
        if element_kind(field.kind) in _MEDIA:
            is_given = inputs.get(field.name) is not None or field.default is not None
            forms[field.name] = None if is_given or field.required else {"v": None}
        elif inputs.get(field.name) is not None:
            forms[field.name] = {"v": inputs[field.name]}
    return forms


def element_kind(kind: str) -> str:
    """Return the kind of what is in a list, however deep, or the kind itself."""
    while kind.startswith("list["):
        kind = kind[len("list[") : -1]
    return kind


def _node_ms(node: ResolvedNode) -> int:
    if node.spec.model is not None:
        return int(node.spec.model.expected_s * 1_000)
    return _NODE_MS.get(node.spec.cost, 0)
