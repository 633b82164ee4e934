"""Random graphs with inputs for them, grown node by node beside the reference interpreter."""

import random
from dataclasses import dataclass, field
from typing import Any

from tests.executor.engine_nodes import CATALOGUE
from tests.executor.reference import NOTHING, Interpreter, Unsupported, Wire, has_empty, leaves
from workflows.catalogue.ports import Port

NUMBERS = ("number", "integer", "any")
MAX_LEVELS = 3
MAX_LEAVES = 150  # well under the engine's own limit, which stops a graph that grows
FAILURES_KEPT = 0.3

# How often each type is tried, and what its ports take; a port beside these stays unwired.
TYPES: dict[str, tuple[int, dict[str, Any]]] = {
    "t.add": (12, {}),
    "t.costly": (8, {}),
    "t.pair": (9, {}),
    "t.divide": (5, {}),
    "t.sum": (6, {}),
    "t.place": (4, {}),
    "t.down": (8, {}),
    "t.costlydown": (3, {}),
    "t.count": (3, {}),
    "t.small": (9, {}),
    "logic.if": (14, {}),
    "logic.switch": (6, {"cases": ["0", "1", "2"]}),
    "logic.merge": (10, {}),
    "logic.fallback": (6, {}),
    "list.make": (3, {}),
    "list.join": (3, {}),
    "list.cross": (5, {}),
    "list.zip": (5, {"mode": "shortest"}),
    "list.reverse": (2, {}),
    "list.length": (2, {}),
    "list.chunk": (3, {"size": 2}),
    "list.flatten": (3, {}),
}
INPUTS: dict[str, tuple[str, dict[str, Any]]] = {
    "number": ("input.number", {}),
    "list": ("input.list", {"items": "number"}),
    "nested": ("input.list", {"items": "list[number]"}),
    "boolean": ("input.boolean", {}),
    "flags": ("input.list", {"items": "boolean"}),
    "null": ("input.number", {"required": False}),
}
INNER = {"list": (4, "number"), "flags": (4, "boolean"), "nested": (3, "list")}
MAY_BE_DISABLED = ("t.add", "t.costly", "logic.if", "logic.switch", "logic.merge", "list.reverse")


@dataclass
class RandomGraph:
    """A document, inputs for it, what the reference says comes of it, and which features it has."""

    document: dict[str, Any]
    inputs: dict[str, Any]
    expected: Interpreter
    features: set[str]


@dataclass
class Grower:
    """Makes one graph; thrown away with it."""

    random: random.Random
    nodes: list[dict[str, Any]] = field(default_factory=list)
    edges: list[dict[str, str]] = field(default_factory=list)
    inputs: dict[str, Any] = field(default_factory=dict)
    features: set[str] = field(default_factory=set)
    optional: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.reference = Interpreter(CATALOGUE, self.inputs)

    def grow(self) -> RandomGraph:
        """Return the graph."""
        for _ in range(self.random.randint(1, 3)):
            self._add_input()
        wanted = len(self.nodes) + self.random.randint(4, 16)
        for _ in range(200):
            if len(self.nodes) >= wanted:
                break
            self._try_node()
        self._add_outputs()
        document = {"schema": 1, "nodes": self._shuffled(), "edges": self.edges}
        return RandomGraph(document, self.inputs, self.reference, self.features)

    def _shuffled(self) -> list[dict[str, Any]]:
        """The order of nodes in a document means nothing."""
        return self.random.sample(self.nodes, len(self.nodes))

    def _add_input(self) -> None:
        name = f"in{len(self.nodes)}"
        kind = self.random.choice(("number", "list", "list", "nested", "boolean", "flags", "null"))
        if kind == "null":
            self.optional.add((name, "value"))
        type_, params = INPUTS[kind]
        self.inputs[name] = self._value_of(kind)
        self._keep({"id": name, "type": type_, "params": {"name": name, **params}}, {})

    def _value_of(self, kind: str) -> Any:
        match kind:
            case "boolean":
                return self.random.random() < 0.5
            case "null":
                return self.random.choice((None, None, 2.0))
            case "list" | "flags" | "nested":
                most, inner = INNER[kind]
                return [self._value_of(inner) for _ in range(self.random.randint(0, most))]
            case _:
                return float(self.random.choice((0, 1, 2, 3, 4, 5, 6, 13)))

    def _try_node(self) -> None:
        """Add a node of some type, if what is there already can feed it."""
        type_ = self.random.choices(list(TYPES), [weight for weight, _ in TYPES.values()])[0]
        id_ = f"n{len(self.nodes)}"
        node: dict[str, Any] = {"id": id_, "type": type_, "params": dict(TYPES[type_][1])}
        if type_ == "t.count":
            node["params"]["count"] = self.random.randint(0, 4)
        if type_ in MAY_BE_DISABLED and self.random.random() < 0.06:
            node["disabled"] = True
        spec = CATALOGUE.specs[type_]
        edges: dict[str, list[tuple[str, str]]] = {}
        for port in spec.static_ports.values():
            if port.required or (port.name in ("add", "selector") and self.random.random() < 0.4):
                found = self._sources(port, type_, [s for ss in edges.values() for s in ss])
                if not found:
                    return
                edges[port.name] = found
        self._keep(node, edges, is_open=True)

    def _sources(
        self, port: Port, type_: str, others: list[tuple[str, str]]
    ) -> list[tuple[str, str]]:
        wires = self.reference.wires
        may_be_null = (type_ == "logic.fallback" and port.name == "value") or port.name == "add"
        fitting = [
            address
            for address, wire in wires.items()
            if _takes(port, wire) and (may_be_null or address not in self.optional)
        ]
        if not fitting:
            return []
        nulls = [address for address in fitting if address in self.optional]
        if may_be_null and nulls and self.random.random() < 0.7:
            return [self.random.choice(nulls)]
        # Lists that are to go pairwise come from one place more often than not.
        alike = [a for a in fitting for other in others if _is_alike(wires[a], wires[other])]
        number = self.random.randint(1, 3) if port.many else 1
        recent = fitting[-6:]
        return [
            self.random.choice(alike if alike and self.random.random() < 0.7 else recent)
            if self.random.random() < 0.8
            else self.random.choice(fitting)
            for _ in range(number)
        ]

    def _add_outputs(self) -> None:
        for number in range(self.random.randint(1, 3)):
            source = self.random.choice(list(self.reference.wires)[-8:])
            node = {"id": f"out{number}", "type": "output", "params": {"name": f"out{number}"}}
            self._keep(node, {"value": [source]})

    def _keep(
        self,
        node: dict[str, Any],
        edges: dict[str, list[tuple[str, str]]],
        *,
        is_open: bool = False,
    ) -> None:
        """Add a node unless it makes no sense, or too much; most of those that fail are left out."""
        before = self.reference
        after = Interpreter(
            CATALOGUE,
            self.inputs,
            dict(before.statuses),
            dict(before.depths),
            dict(before.wires),
            dict(before.outputs),
        )
        try:
            after.add(node, edges)
        except Unsupported:
            return
        status = after.statuses.get(node["id"])
        if is_open and (status is None or self._is_too_much(after, node["id"])):
            return
        if status == "FAILED" and self.random.random() > FAILURES_KEPT:
            return
        self.features |= features_of(node, edges, before, after)
        self.reference = after
        self.nodes.append({**node, "position": {"x": 0, "y": 0}})
        for port, sources in edges.items():
            for source, handle in sources:
                edge = {"source": source, "sourceHandle": handle, "targetHandle": port}
                self.edges.append({"id": f"e{len(self.edges)}", "target": node["id"], **edge})

    def _is_too_much(self, after: Interpreter, id_: str) -> bool:
        return any(
            wire.levels > MAX_LEVELS or sum(1 for _ in leaves(wire.value)) > MAX_LEAVES
            for (node, _), wire in after.wires.items()
            if node == id_
        )


def grow(seed: int) -> RandomGraph:
    """Return the graph of a seed."""
    return Grower(random.Random(seed)).grow()


def _takes(port: Port, wire: Wire) -> bool:
    base = wire.kind.replace("list[", "").rstrip("]")
    wanted = port.kind.replace("list[", "").rstrip("]")
    if wire.levels < port.kind.count("list[") and not port.many:
        return False
    if wanted.startswith("$"):
        return True
    return base in NUMBERS if wanted in ("number", "json") else base == wanted


def _is_alike(one: Wire, other: Wire) -> bool:
    def lengths(value: Any) -> Any:
        return [lengths(item) for item in value] if isinstance(value, list) else None

    return one.mapped > 0 and lengths(one.value) == lengths(other.value)


def features_of(
    node: dict[str, Any],
    edges: dict[str, list[tuple[str, str]]],
    before: Interpreter,
    after: Interpreter,
) -> set[str]:
    """Name what a new node brings into a graph."""
    id_, spec = node["id"], CATALOGUE.specs[node["type"]]
    depth = after.depths.get(id_, 0)
    status = after.statuses[id_]
    wires = [(name, before.wires[source]) for name, sources in edges.items() for source in sources]
    outputs = [wire for (owner, _), wire in after.wires.items() if owner == id_]
    is_costly = spec.cost != "inline"
    found = {
        "disabled": bool(node.get("disabled")),
        "mapped": depth == 1,
        "nested": depth == 2,
        "nested thrice": depth >= 3,
        "costly": is_costly and not depth,
        "costly mapped": is_costly and depth == 1,
        "costly nested": is_costly and depth > 1,
        "pairwise": depth > 0 and len({source for s in edges.values() for source in s}) > 1,
        "broadcast": depth > 0 and len({wire.levels for _, wire in wires}) > 1,
        "whole list of a mapped node": any(
            wire.mapped and "list[" in spec.static_ports[name].kind for name, wire in wires
        ),
        "several outputs": len(outputs) > 1 and not node["type"].startswith("logic."),
        "skipped": status == "SKIPPED" and spec.meta.role == "plain",
        "costly skipped": status == "SKIPPED" and is_costly,
        "mapped skipped": status == "SKIPPED" and depth > 0,
        "failed": status == "FAILED",
        "mapped failed": status == "FAILED" and depth > 0,
        "blocked": status == "BLOCKED",
        "holes": any(NOTHING in list(leaves(w.value)) for w in outputs if w.value is not NOTHING),
        "missing inner list": any(
            isinstance(w.value, list) and NOTHING in w.value and w.mapped > 1 for w in outputs
        ),
        "empty list": any(w.value == [] and w.mapped for w in outputs),
        "empty inner list": any(w.value != [] and has_empty(w.value) for w in outputs),
        "null": any(wire.value is None for _, wire in wires),
        node["type"]: status == "COMPLETED",
        f"{node['type']} mapped": status == "COMPLETED" and depth > 0,
        f"{node['type']} nested": status == "COMPLETED" and depth > 1,
    }
    return {name for name, is_there in found.items() if is_there}
