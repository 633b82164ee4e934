"""Random graphs of nodes that make lists out of texts, numbers and lists, and of texts for each element."""

import random
from dataclasses import dataclass, field
from typing import Any

from tests.graphs import graph
from workflows.catalogue.load import build_catalogue
from workflows.catalogue.ports import element_of, is_list
from workflows.graphs.document import parse_graph
from workflows.graphs.resolve import resolve

CATALOGUE = build_catalogue()
MAX_LEVELS = 3
TEXTS = ("", "one", "a,b,c", "x\ny\n\nz", "the quick brown fox", "1,,2\n3,4,5")

# Types by what their ports take: a text, a whole number, a list, or several of anything.
PORTS: dict[str, dict[str, str]] = {
    "text.split": {"text": "text"},
    "text.case": {"text": "text"},
    "list.make": {"values": "many"},
    "list.join": {"lists": "many"},
    "list.slice": {"list": "list"},
    "list.chunk": {"list": "list"},
    "list.flatten": {"lists": "nested"},
    "list.reverse": {"list": "list"},
    "list.unique": {"list": "list"},
    "list.sort": {"list": "list"},
    "list.cross": {"a": "list", "b": "list"},
    "list.zip": {"a": "list", "b": "list"},
    "list.range": {},
    "list.steps": {},
    "logic.if": {"value": "list", "condition": "boolean"},
    "logic.fallback": {"value": "list", "fallback": "list"},
}
WEIGHTS = {"text.split": 4, "text.case": 5, "list.make": 3, "list.range": 0.5, "list.steps": 0.5}
WIRABLE = {
    "text.split": "limit",
    "list.slice": "count",
    "list.chunk": "size",
    "list.steps": "count",
}


@dataclass
class ListGraph:
    """A document and inputs for it."""

    document: dict[str, Any]
    inputs: dict[str, Any]


@dataclass
class _Grower:
    chance: random.Random
    nodes: dict[str, Any] = field(default_factory=dict)
    edges: list[str] = field(default_factory=list)
    inputs: dict[str, Any] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)  # of each "node.port"

    def grow(self) -> ListGraph:
        self._input("text", "input.text", self.chance.choice(TEXTS))
        texts = self.chance.choices(TEXTS, k=self.chance.randint(0, 4))
        self._input("list[text]", "input.list", texts, items="text")
        self._input("integer", "input.integer", self.chance.randint(1, 4), minimum=1, maximum=5)
        self._input("boolean", "input.boolean", self.chance.random() < 0.7)
        for number in range(self.chance.randint(2, 8)):
            self._node(f"n{number}")
        last = list(self.kinds)[-1]
        self.nodes["out"] = ("output", {"name": "out"})
        return ListGraph(graph(self.nodes, [*self.edges, f"{last} -> out.value"]), self.inputs)

    def _input(self, kind: str, type_: str, value: Any, **params: Any) -> None:
        name = f"in{len(self.inputs)}"
        self.nodes[name] = (type_, {"name": name, **params})
        self.inputs[name] = value
        self.kinds[f"{name}.value"] = kind

    def _node(self, id_: str) -> None:
        weights = [WEIGHTS.get(type_, 1) for type_ in PORTS]
        (type_,) = self.chance.choices(list(PORTS), weights)
        feeds = {port: self._sources(wanted) for port, wanted in PORTS[type_].items()}
        if not all(feeds.values()):
            return
        wirable = WIRABLE.get(type_)
        if wirable and self.chance.random() < 0.3:
            feeds[wirable] = ["in2.value"]
        self.nodes[id_] = (type_, self._params(type_))
        edges = [f"{source} -> {id_}.{port}" for port, found in feeds.items() for source in found]
        self.edges += edges
        if not self._is_understood(id_):
            del self.nodes[id_]
            del self.edges[-len(edges) :]

    def _sources(self, wanted: str) -> list[str]:
        fitting = [place for place, kind in self.kinds.items() if _takes(wanted, kind)]
        number = self.chance.randint(1, 3) if wanted == "many" else 1
        return self.chance.choices(fitting[-8:], k=number) if fitting else []

    def _params(self, type_: str) -> dict[str, Any]:
        pick = self.chance.choice
        options: dict[str, dict[str, Any]] = {
            "text.split": {
                "mode": pick(("lines", "words", "separator")),
                "trim": pick((True, False)),
                "skipEmpty": pick((True, False)),
                "limit": pick((None, None, 1, 2, 10)),
            },
            "list.slice": {"start": pick((0, 0, 1, 3, -2)), "count": pick((None, 0, 1, 3))},
            "list.chunk": {"size": pick((1, 2, 3))},
            "list.zip": {"mode": pick(("shortest", "cycle", "strict"))},
            "list.range": {
                "start": pick((0, 2, -3)),
                "stop": pick((0, 5, 4)),
                "step": pick((1, 2, -1)),
                "inclusive": pick((True, False)),
            },
            "list.steps": {"count": pick((1, 3))},
        }
        return options.get(type_, {})

    def _is_understood(self, id_: str) -> bool:
        """Take in the kinds of a new node's outputs, if it is wired in a way that has a meaning."""
        resolution = resolve(parse_graph(graph(self.nodes, self.edges)), CATALOGUE)
        if resolution.problems:
            return False
        made = resolution.graph.by_id[id_]
        kinds = {f"{id_}.{port}": made.wire_kind(port) for port in made.out_kinds}
        if any(kind.count("list[") > MAX_LEVELS for kind in kinds.values()):
            return False
        self.kinds |= kinds
        return True


def grow(seed: int) -> ListGraph:
    """Return the graph of a seed."""
    return _Grower(random.Random(seed)).grow()


def _takes(wanted: str, kind: str) -> bool:
    base = kind.replace("list[", "").rstrip("]")
    match wanted:
        case "text" | "boolean":
            return base == wanted
        case "list":
            return is_list(kind)
        case "nested":
            return is_list(kind) and is_list(element_of(kind))
        case _:
            return base not in ("boolean", "integer")
