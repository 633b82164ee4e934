"""What a graph means: a small interpreter over plain values, to hold the engine against.

Written from the API's words on graph documents, and sharing nothing with the engine but the node
types themselves: no plan, no segments, no tasks. It runs everything, in no hurry, one element after
the other. Ports of its node types are for numbers, texts, truths, lists of these, or anything (`$T`).
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.load import Catalogue
from workflows.catalogue.ports import Port
from workflows.catalogue.spec import NodeSpec

BLOCKED = "BLOCKED"  # it stands behind a failed node


class Nothing:
    """The type of `NOTHING`."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Any = Nothing()  # where no value came, for the branch was not taken


class Unsupported(Exception):
    """The graph is wired in a way that has no meaning here."""


@dataclass(frozen=True)
class Wire:
    """What an output gives: a kind, a value with `NOTHING` for missing elements.

    `mapped` of its levels of lists came from running the node once for each element. One that is
    `missing` gives nothing at all; its value then says no more than how many times nothing.
    """

    kind: str
    value: Any
    mapped: int = 0
    missing: bool = False

    @property
    def levels(self) -> int:
        """How many lists lie inside each other."""
        return self.kind.count("list[")

    @property
    def arrived(self) -> Any:
        """The value as one sees it who takes it whole."""
        return NOTHING if self.missing else without_gaps(self.value, self.mapped)


@dataclass(frozen=True)
class Feed:
    """One edge into a port, of which `depth` levels of lists are run over."""

    port: Port
    wire: Wire
    depth: int


Address = tuple[str, str]
Feeds = Mapping[str, list[Address]]


@dataclass
class Interpreter:
    """Runs nodes, each added after those that feed it.

    `statuses` are those of the API and `BLOCKED`; `depths` says how deep nodes are mapped; `wires`
    are there of failed nodes too, without a value.
    """

    catalogue: Catalogue
    inputs: Mapping[str, Any]
    statuses: dict[str, str] = field(default_factory=dict)
    depths: dict[str, int] = field(default_factory=dict)
    wires: dict[Address, Wire] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def has_failed(self) -> bool:
        """Whether the run as a whole fails."""
        return "FAILED" in self.statuses.values()

    def add(self, node: Mapping[str, Any], edges: Feeds) -> None:
        """Run a node of a document; `edges` are the sources of its ports, in order.

        Raises:
            Unsupported: the wiring has no meaning.
        """
        spec = self.catalogue.specs[node["type"]]
        params = {param.name: param.default for param in spec.params} | node["params"]
        if spec.meta.role == "input":
            self._add_input(node["id"], spec, params)
        elif node.get("disabled"):
            self._pass_through(node["id"], spec, edges)
        elif spec.meta.role == "output":
            self._add_output(node["id"], params["name"], edges["value"][0])
        else:
            self._add_running(node["id"], spec, params, edges)

    def node_outputs(self, id_: str) -> dict[str, Any]:
        """Return what the API shows of a completed node's outputs."""
        found = {port: wire.arrived for (node, port), wire in self.wires.items() if node == id_}
        return {port: value for port, value in found.items() if value is not NOTHING}

    def _add_input(self, id_: str, spec: NodeSpec, params: Mapping[str, Any]) -> None:
        kind = spec.outputs[0].kind.replace("@items", str(params.get("items")))
        self.statuses[id_] = "COMPLETED"
        self.wires[id_, "value"] = Wire(kind, self.inputs[params["name"]])

    def _pass_through(self, id_: str, spec: NodeSpec, edges: Feeds) -> None:
        for output in spec.outputs:
            for port in spec.static_ports.values():
                if port.name in edges and port.kind == output.kind:
                    self.wires[id_, output.name] = self.wires[edges[port.name][0]]
                    self.statuses[id_] = self.statuses[edges[port.name][0][0]]
                    break

    def _add_output(self, id_: str, name: str, source: Address) -> None:
        value = self.wires[source].arrived
        if self._is_broken(source):
            self.statuses[id_] = BLOCKED
        elif value is NOTHING:
            self.statuses[id_] = "SKIPPED"
        else:
            self.statuses[id_], self.outputs[name] = "COMPLETED", value

    def _add_running(
        self, id_: str, spec: NodeSpec, params: Mapping[str, Any], edges: Feeds
    ) -> None:
        feeds = feeds_of(spec, {name: [self.wires[s] for s in edges[name]] for name in edges})
        depth = max((feed.depth for feed in feeds), default=0)
        self.depths[id_] = depth
        kinds = output_kinds(spec, feeds)
        tree: Any = NOTHING
        if any(self._is_broken(source) for sources in edges.values() for source in sources):
            self.statuses[id_] = BLOCKED
        elif is_missing(feeds):
            self.statuses[id_] = "SKIPPED"
            with suppress(NodeFailed):
                tree = run_over(feeds, 0, depth, lambda _: NOTHING)
        else:
            try:
                tree = run_over(feeds, 0, depth, lambda leaf: run_once(spec, params, leaf))
                self.statuses[id_] = "COMPLETED" if has_run(tree) else "SKIPPED"
            except NodeFailed:
                self.statuses[id_] = "FAILED"
        for port, kind in kinds.items():
            value = outputs_of(tree, port)
            is_missing_whole = self.statuses[id_] != "COMPLETED" or not has_run(value)
            whole_kind = "list[" * depth + kind + "]" * depth
            self.wires[id_, port] = Wire(whole_kind, value, depth, is_missing_whole)

    def _is_broken(self, source: Address) -> bool:
        return self.statuses[source[0]] in ("FAILED", BLOCKED)


def interpret(
    document: Mapping[str, Any], catalogue: Catalogue, inputs: Mapping[str, Any]
) -> Interpreter:
    """Run a whole document."""
    nodes = {node["id"]: node for node in document["nodes"]}
    edges: dict[str, dict[str, list[Address]]] = {id_: {} for id_ in nodes}
    for edge in document["edges"]:
        sources = edges[edge["target"]].setdefault(edge["targetHandle"], [])
        sources.append((edge["source"], edge["sourceHandle"]))
    interpreter = Interpreter(catalogue, inputs)

    def visit(id_: str) -> None:
        if id_ in interpreter.statuses:
            return
        for sources in edges[id_].values():
            for source, _ in sources:
                visit(source)
        interpreter.add(nodes[id_], edges[id_])

    for id_ in nodes:
        visit(id_)
    return interpreter


def feeds_of(spec: NodeSpec, wired: Mapping[str, list[Wire]]) -> list[Feed]:
    """Say how deep each wire is run over: a list at a port of its element kind, once an element."""
    ports = spec.static_ports
    pairs = [(ports[name], wire) for name, wires in wired.items() for wire in wires]
    node_depth = max((own_depth(port, wire) for port, wire in pairs), default=0)
    return [
        Feed(
            port,
            wire,
            min(node_depth, wire.levels) if port.elementwise else own_depth(port, wire),
        )
        for port, wire in pairs
    ]


def own_depth(port: Port, wire: Wire) -> int:
    """Say how many levels a port does not take itself."""
    wanted = port.kind.count("list[")
    if port.kind == "$T":
        return wire.mapped if port.elementwise else 0
    if wire.levels < wanted and not port.many:
        raise Unsupported("no list")
    return 0 if "$" in port.kind else max(wire.levels - wanted, 0)


def output_kinds(spec: NodeSpec, feeds: list[Feed]) -> dict[str, str]:
    """Return the kinds of one run's outputs."""
    bound: dict[str, set[str]] = {}
    for feed in feeds:
        if "$" in feed.port.kind:
            wanted = feed.port.kind.count("list[")
            is_single = feed.port.many and feed.wire.levels - feed.depth < wanted
            kind = inside(feed.wire.kind, feed.depth + (0 if is_single else wanted))
            bound.setdefault(feed.port.kind.strip("list[]"), set()).add(kind)
    for kinds in bound.values():
        if len({kind.count("list[") for kind in kinds}) > 1:
            raise Unsupported("lists beside single values")
    found = {}
    for port in spec.outputs:
        variable = port.kind.strip("list[]")
        kinds = bound.get(variable, {variable})
        (kind,) = kinds if len(kinds) == 1 else ("any",)
        found[port.name] = port.kind.replace(variable, kind)
    return found


def inside(kind: str, levels: int) -> str:
    """Return the kind inside of so many lists."""
    return kind[5 * levels : len(kind) - levels]


def is_missing(feeds: list[Feed]) -> bool:
    """Say whether a port gets nothing, from any of its wires."""
    values = by_port(feeds)
    return any(all(value is NOTHING for value in values[name]) for name in values)


def by_port(feeds: list[Feed]) -> dict[str, list[Any]]:
    """Return what arrives at each port."""
    values: dict[str, list[Any]] = {}
    for feed in feeds:
        values.setdefault(feed.port.name, []).append(feed.wire.arrived)
    return values


def run_over(feeds: list[Feed], level: int, depth: int, run: Any) -> Any:
    """Run once for each element, pairwise; lists of fewer levels repeat inside."""
    if level == depth:
        return run(feeds)
    lists = [feed.wire.value for feed in feeds if feed.depth > level]
    lengths = {len(values) for values in lists if values is not NOTHING}
    if not lengths:
        return NOTHING
    if len(lengths) > 1:
        raise NodeFailed("invalid_value", "Lists of different lengths.")
    return [
        run_over([at(feed, index, level) for feed in feeds], level + 1, depth, run)
        for index in range(*lengths)
    ]


def at(feed: Feed, index: int, level: int) -> Feed:
    """Return a feed inside of one element of the lists that are run over."""
    wire = feed.wire
    if feed.depth <= level or wire.value is NOTHING:
        return feed
    mapped = max(wire.mapped - 1, 0)
    inner = Wire(inside(wire.kind, 1), wire.value[index], mapped, wire.missing)
    return Feed(feed.port, inner, feed.depth)


def run_once(spec: NodeSpec, params: Mapping[str, Any], feeds: list[Feed]) -> Any:
    """Run a node on what arrived; `NOTHING` where something it needs did not."""
    arguments = dict(params)
    if is_missing(feeds):
        return NOTHING
    for feed in feeds:
        port, value = feed.port, feed.wire.arrived
        if port.many:
            arguments.setdefault(port.name, [])
            items = value if isinstance(value, list) and port.kind != "$T" else [value]
            arguments[port.name] = arguments[port.name] + [i for i in items if i is not NOTHING]
        elif value is not None or port.name not in spec.params_by_name:
            arguments[port.name] = value
    try:
        record = spec.input_record.model_validate(arguments, strict=True)
        spec.node().run(None, record).send(None)  # type: ignore[arg-type] # these need no context
    except StopIteration as stop:
        return {name: getattr(stop.value, name) for name in stop.value.model_fields_set}
    except ValidationError as error:
        raise NodeFailed("invalid_value", "A value does not fit.") from error
    raise AssertionError("a node waited")


def without_gaps(value: Any, levels: int) -> Any:
    """Drop missing elements; a list that loses all of them is missing itself."""
    if not levels or value is NOTHING or value == []:
        return value
    found = [without_gaps(item, levels - 1) for item in value]
    return [item for item in found if item is not NOTHING] or NOTHING


def outputs_of(tree: Any, port: str) -> Any:
    """Return one output of a tree of runs."""
    if isinstance(tree, list):
        return [outputs_of(inner, port) for inner in tree]
    return tree if tree is NOTHING else tree.get(port, NOTHING)


def has_run(tree: Any) -> bool:
    """Say whether a node did anything: it ran for an element, or there was an empty list to run over."""
    return tree == [] or any(run is not NOTHING for run in leaves(tree)) or has_empty(tree)


def has_empty(tree: Any) -> bool:
    """Say whether a list is empty somewhere."""
    return isinstance(tree, list) and (not tree or any(has_empty(inner) for inner in tree))


def leaves(tree: Any) -> Iterator[Any]:
    """Yield what lies in lists inside of lists."""
    if isinstance(tree, list):
        for inner in tree:
            yield from leaves(inner)
    else:
        yield tree
