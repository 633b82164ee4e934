"""The graph document of API.md: reading it strictly. A malformed one never gets further."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from common.canonical import canonical_json
from common.errors import InvalidGraph, Issue

SCHEMA_VERSION = 1
MAX_NODES = 500
MAX_EDGES = 2_000
MAX_BYTES = 1024 * 1024
MAX_LABEL = 200
MAX_ISSUES = 100  # a graph of rubbish is not answered with megabytes of complaints

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TYPE = re.compile(r"[a-z0-9_.-]{1,128}", re.IGNORECASE)
# Names that mean something to JavaScript objects; a canvas keyed by them would break.
_RESERVED_IDS = frozenset({"__proto__", "constructor", "prototype"})


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A node as it was saved; `version` is None where the document does not say."""

    id: str
    type: str
    version: int | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """An edge from an output port to an input port, by name."""

    id: str
    source: str
    source_handle: str
    target: str
    target_handle: str


@dataclass(frozen=True, slots=True)
class Graph:
    """A well-formed graph: ids are unique and sane, everything has its type."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]


def parse_graph(value: object, *, at: str = "/graph") -> Graph:
    """Read a graph document; `at` is where it stands in the request body.

    Raises:
        InvalidGraph: when it is malformed or over a limit; each issue says where.
    """
    reader = _Reader(at)
    graph = reader.read(value)
    if reader.issues:
        raise InvalidGraph(reader.issues)
    return graph


def check_size(value: object, *, at: str = "/graph") -> None:
    """Check the size of a graph document alone, whatever it is.

    Raises:
        InvalidGraph: it is over `MAX_BYTES`.
    """
    if len(canonical_json(value)) > MAX_BYTES:
        raise InvalidGraph([Issue(at, "out_of_range", f"The graph is over {MAX_BYTES} bytes.")])


class _Reader:
    """Reads one document and collects what is wrong with it."""

    def __init__(self, at: str) -> None:
        self.at = at
        self.issues: list[Issue] = []

    def read(self, value: object) -> Graph:
        if not isinstance(value, Mapping):
            self._add(self.at, "wrong_kind", "A graph is an object with nodes and edges.")
            return Graph((), ())
        self._check_fields(self.at, value, {"schema", "nodes", "edges"})
        self._check_schema(value.get("schema", SCHEMA_VERSION))
        nodes = self._items(value, "nodes", MAX_NODES)
        edges = self._items(value, "edges", MAX_EDGES)
        if self.issues:
            return Graph((), ())
        check_size(value, at=self.at)
        graph = Graph(
            tuple(self._node(index, item) for index, item in enumerate(nodes)),
            tuple(self._edge(index, item) for index, item in enumerate(edges)),
        )
        self._check_unique("nodes", [node.id for node in graph.nodes])
        self._check_unique("edges", [edge.id for edge in graph.edges])
        return graph

    def _check_schema(self, version: object) -> None:
        if version != SCHEMA_VERSION or isinstance(version, bool):
            self._add(f"{self.at}/schema", "not_allowed", f"schema must be {SCHEMA_VERSION}.")

    def _items(self, value: Mapping[str, Any], name: str, limit: int) -> list[Any]:
        items = value.get(name, [])
        if not isinstance(items, list):
            self._add(f"{self.at}/{name}", "wrong_kind", f"{name} must be a list.")
            return []
        if len(items) > limit:
            self._add(f"{self.at}/{name}", "out_of_range", f"A graph has at most {limit} {name}.")
            return []
        return items

    def _node(self, index: int, item: object) -> GraphNode:
        at = f"{self.at}/nodes/{index}"
        if not isinstance(item, Mapping):
            self._add(at, "wrong_kind", "A node is an object.")
            return GraphNode("", "")
        fields = {"id", "type", "version", "params", "position", "label", "disabled"}
        self._check_fields(at, item, fields)
        self._check_position(f"{at}/position", item.get("position"))
        return GraphNode(
            id=self._id(f"{at}/id", item.get("id")),
            type=self._type(f"{at}/type", item.get("type")),
            version=self._version(f"{at}/version", item.get("version")),
            params=self._params(f"{at}/params", item.get("params", {})),
            label=self._label(f"{at}/label", item.get("label", "")),
            disabled=self._flag(f"{at}/disabled", item.get("disabled", False)),
        )

    def _edge(self, index: int, item: object) -> GraphEdge:
        at = f"{self.at}/edges/{index}"
        if not isinstance(item, Mapping):
            self._add(at, "wrong_kind", "An edge is an object.")
            return GraphEdge("", "", "", "", "")
        self._check_fields(at, item, {"id", "source", "sourceHandle", "target", "targetHandle"})
        return GraphEdge(
            id=self._id(f"{at}/id", item.get("id")),
            source=self._id(f"{at}/source", item.get("source")),
            source_handle=self._handle(f"{at}/sourceHandle", item.get("sourceHandle")),
            target=self._id(f"{at}/target", item.get("target")),
            target_handle=self._handle(f"{at}/targetHandle", item.get("targetHandle")),
        )

    def _check_fields(self, at: str, value: Mapping[str, Any], known: set[str]) -> None:
        for name in value:
            if name not in known:
                place = f"{at}/{escape(name[:MAX_LABEL])}"
                self._add(place, "unknown_field", "There is no such field here.")

    def _id(self, at: str, value: object) -> str:
        if value is None:
            self._add(at, "missing", "An id is missing.")
        elif not isinstance(value, str) or not _ID.fullmatch(value) or value in _RESERVED_IDS:
            self._add(at, "not_allowed", "An id has 1 to 64 of A-Z a-z 0-9 _ -.")
        else:
            return value
        return ""

    def _type(self, at: str, value: object) -> str:
        if isinstance(value, str) and _TYPE.fullmatch(value):
            return value
        self._add(at, "missing" if value is None else "wrong_kind", "A node needs a type.")
        return ""

    def _version(self, at: str, value: object) -> int | None:
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            return value
        self._add(at, "wrong_kind", "A version is a whole number from 1.")
        return None

    def _params(self, at: str, value: object) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self._add(at, "wrong_kind", "params must be an object.")
        return {}

    def _label(self, at: str, value: object) -> str:
        if isinstance(value, str) and len(value) <= MAX_LABEL:
            return value
        self._add(at, "wrong_kind", f"A label is a text of at most {MAX_LABEL} characters.")
        return ""

    def _flag(self, at: str, value: object) -> bool:
        if isinstance(value, bool):
            return value
        self._add(at, "wrong_kind", "disabled must be true or false.")
        return False

    def _handle(self, at: str, value: object) -> str:
        if isinstance(value, str) and 0 < len(value) <= MAX_LABEL:
            return value
        self._add(at, "missing" if value is None else "wrong_kind", "A port's name is missing.")
        return ""

    def _check_position(self, at: str, value: object) -> None:
        if value is None:
            return
        if not isinstance(value, Mapping) or set(value) - {"x", "y"}:
            self._add(at, "wrong_kind", "A position has x and y.")
            return
        for axis, number in value.items():
            if isinstance(number, bool) or not isinstance(number, int | float):
                self._add(f"{at}/{axis}", "wrong_kind", "A coordinate is a number.")

    def _check_unique(self, name: str, ids: list[str]) -> None:
        seen: set[str] = set()
        for index, id_ in enumerate(ids):
            if id_ in seen:
                self._add(f"{self.at}/{name}/{index}/id", "not_allowed", f"{id_} is there twice.")
            seen.add(id_)

    def _add(self, at: str, code: str, message: str) -> None:
        if len(self.issues) < MAX_ISSUES:
            self.issues.append(Issue(at, code, message))


def escape(name: str) -> str:
    """Return a name as a part of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
