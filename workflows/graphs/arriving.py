"""What is known of the values that will arrive at a node's ports, before anything has run."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from workflows.catalogue.params import MAX_TEXT, Param
from workflows.catalogue.ports import Port, element_of, is_list, list_of
from workflows.catalogue.price_check import gpu_seconds_within
from workflows.catalogue.quantities import (
    GPU_SECONDS,
    NO_LIST,
    NOTHING,
    Either,
    Joined,
    Levels,
    Quantities,
    Quantity,
    Several,
    Within,
    exactly,
    quantity_of,
    quantity_of_param,
)
from workflows.catalogue.values import MEDIA_CLASSES
from workflows.graphs.bind import levels_of
from workflows.graphs.fields import InputField
from workflows.graphs.levels import either, inside, paired
from workflows.graphs.resolved import Binding, ResolvedGraph, ResolvedNode, Source
from workflows.graphs.shapes import (
    Path,
    Shape,
    ShapesDiffer,
    cut,
    element_at,
    join,
    shape_of_form,
    totals,
)

Form = Mapping[str, Any]  # a value in stored form (`executor.engine.codec`); `u`: a URL to fetch
Known = Mapping[str, Form | None]

_NULL: Form = {"v": None}


@dataclass(frozen=True)
class Arriving:
    """Says what arrives where in a graph.

    `forms` are the values of its inputs by node, None for what is not known; `fields` the inputs
    themselves. `optional` are the (node, port) pairs that may give nothing. `foreseen` are values
    of other nodes that follow from the inputs. `runs` is how often mapped nodes run, by node, and
    `lists` how long lists are, by (node, port); both by level, as far as anything is known.
    `shapes` are those of the lists that nodes are mapped over, where they are known.
    """

    graph: ResolvedGraph
    forms: Mapping[str, Form | None]
    fields: Mapping[str, InputField]
    optional: Collection[tuple[str, str]]
    foreseen: dict[tuple[str, str], Form] = field(default_factory=dict, init=False)
    shapes: dict[str, Shape] = field(default_factory=dict, init=False)
    runs: dict[str, Levels] = field(default_factory=dict, init=False)
    lists: dict[tuple[str, str], Levels] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Follow the lists through the graph, from the inputs on."""
        for node in self.graph.nodes:
            if node.space is not None:
                self.shapes[node.id] = self._shape_of(node)
                self.runs[node.id] = self._runs_of(node)
            for port, levels in self._lists_of(node).items():
                self.lists[node.id, port] = levels

    def quantities(
        self, node: ResolvedNode, names: Collection[str], path: Path | None
    ) -> Quantities:
        """Return what is known of these parameters and inputs, for the element at `path`.

        Without a path: for any element.
        """
        bindings = {binding.port: binding for binding in node.bindings}
        return {
            name: self._at_port(node, bindings[name], path)
            if name in bindings
            else _left_out(node, name)
            for name in names
        }

    def differs(self, node: ResolvedNode, names: Collection[str]) -> bool:
        """Say whether more is known of a mapped node's elements than of all of them alike."""
        return any(
            depth and self._known(source) is not None
            for binding in node.bindings
            if binding.port in names
            for source, depth in binding.wires
        )

    def form_at(self, binding: Binding, path: Path | None) -> Form | None:
        """Return what arrives at a port with one source, in stored form, if it is known."""
        ((source, depth),) = binding.wires
        return self._form(source, depth, path)

    def _known(self, source: Source) -> Form | None:
        """Return what a source gives, if it is known."""
        return self.forms.get(source.node) or self.foreseen.get((source.node, source.port))

    def _shape_of(self, node: ResolvedNode) -> Shape:
        """Return the shape of the lists that a node is mapped over, if it is known."""
        wires = [wire for binding in node.bindings for wire in binding.wires if wire[1]]
        found = {wire: self._shape(*wire) for wire in wires}
        is_whole = any(shape is not None and wire[1] == node.depth for wire, shape in found.items())
        return _joined(found.values()) if is_whole else None

    def _runs_of(self, node: ResolvedNode) -> Levels:
        """Return how often a mapped node runs."""
        shape = self.shapes[node.id]
        if shape is not None:
            return _exact(shape, node.depth)
        return paired([self._iterated(binding) for binding in node.bindings if binding.mapped])

    def _iterated(self, binding: Binding) -> Levels:
        """Return what a node is mapped over by one port.

        Where a port takes what arrives, a list that does not says nothing about those that do.
        """
        found = [
            (source, self.lists.get((source.node, source.port), ())[:depth])
            for source, depth in binding.wires
            if depth
        ]
        sure = [
            levels for source, levels in found if (source.node, source.port) not in self.optional
        ]
        if sure or not binding.many:
            return paired(sure or [levels for _, levels in found])
        return either([levels for _, levels in found])

    def _lists_of(self, node: ResolvedNode) -> Mapping[str, Levels]:
        """Return how long the lists are that a node gives; a mapped one gives a list of each."""
        if node.spec.meta.role == "input":
            return self._given_lists(node)
        makes_lists = any(is_list(kind) for kind in node.out_kinds.values())
        if node.space is None and not makes_lists:
            return {}
        outer = self.runs.get(node.id, ())
        if len(outer) < node.depth:
            return dict.fromkeys(node.out_kinds, outer)
        made: Mapping[str, Levels] = {}
        if makes_lists:
            names = node.spec.params_by_name.keys() | node.spec.static_ports.keys()
            known = self.quantities(node, names, None)
            made = node.spec.node.lengths(known)
            self._foresee(node, known)
        times = outer[-1] if outer else exactly(1)
        return {
            port: (*outer, *(times * level for level in made.get(port, ())[: levels_of(kind)]))
            for port, kind in node.out_kinds.items()
        }

    def _foresee(self, node: ResolvedNode, known: Quantities) -> None:
        """Keep what a node will give, if that is sure; what may lack is not known."""
        if node.space is not None:
            return
        for port, value in node.spec.node.foreseen(known).items():
            if (node.id, port) not in self.optional:
                self.foreseen[node.id, port] = {"v": value}

    def _given_lists(self, node: ResolvedNode) -> Mapping[str, Levels]:
        form, depths = self.forms.get(node.id), levels_of(node.out_kinds["value"])
        if form is None or not depths:
            return {}
        return {"value": _exact(shape_of_form(form, depths), depths)}

    def _inside(self, source: Source, depth: int) -> Levels:
        """Return how long a list is that arrives from a source, below the levels that are mapped."""
        place = (source.node, source.port)
        levels = self.lists.get(place, ())
        return inside(levels, depth, may_lack=place in self.optional)

    def _shape(self, source: Source, depth: int) -> Shape:
        """Return the shape of the outer `depth` levels of what a source gives, if it is known."""
        form = self._known(source)
        if form is not None:
            return shape_of_form(form, depth)
        inner = self.graph.by_id[source.node]
        return cut(self.shapes.get(source.node), depth) if 0 < depth <= inner.depth else None

    def _form(self, source: Source, depth: int, path: Path | None) -> Form | None:
        form = self._known(source)
        if form is None or (depth and path is None):
            return None
        return element_at(form, (path or ())[:depth])

    def _at_port(self, node: ResolvedNode, binding: Binding, path: Path | None) -> Quantity:
        declared = node.spec.params_by_name.get(binding.port)
        port: Param | Port = declared or node.spec.static_ports[binding.port]
        if isinstance(port, Port) and port.many:
            return Joined(tuple(self._list_from(port, *wire, path) for wire in binding.wires))
        ((source, depth),) = binding.wires
        form = self._form(source, depth, path)
        null = quantity_of(node.params[port.name]) if isinstance(port, Param) else NOTHING
        if form == _NULL:
            return null
        found = self._within(port, source, depth) if form is None else _of_form(form, port)
        may_be_null = form is None and self._may_be_null(source, depth)
        return Either(found, null) if may_be_null else found

    def _list_from(self, port: Port, source: Source, depth: int, path: Path | None) -> Quantity:
        """Return what one source adds to a port that takes many, as a list."""
        form, kind = self._form(source, depth, path), self._kind(source, depth)
        is_spread = is_list(port.kind)
        element = element_of(port.kind) if is_spread else port.kind
        found: Quantity
        if form is not None:
            found = _of_form(form, port)
            found = found if is_spread and isinstance(found, Several) else Several((found,))
        elif is_spread and is_list(kind):
            found = Within(list_of(element), levels=self._inside(source, depth))
        elif is_spread and kind in ("any", "json"):  # it may turn out to be a list
            found = Within(list_of(element))
        else:
            found = Several((Within(element),))
        return Either(found, NO_LIST) if (source.node, source.port) in self.optional else found

    def _within(self, port: Param | Port, source: Source, depth: int) -> Quantity:
        """Return the bounds of what is not known: the port's own, and those of the run's input."""
        entry = None if depth else self.fields.get(source.node)
        longest = (entry.max_length or MAX_TEXT) if entry else None
        if isinstance(port, Port):
            return Within(
                self._kind(source, depth) if port.kind.startswith("$") else port.kind,
                minimum=entry.minimum if entry else None,
                maximum=entry.maximum if entry else None,
                max_length=longest,
                choices=entry.choices if entry else (),
                levels=self._inside(source, depth),
            )
        own = quantity_of_param(replace(port, nullable=False))
        assert isinstance(own, Within)  # noqa: S101 - not nullable
        if entry is None:
            return own
        return replace(
            own,
            minimum=_tighter(max, own.minimum, entry.minimum),
            maximum=_tighter(min, own.maximum, entry.maximum),
            max_length=_tighter(min, own.max_length, longest),
            choices=own.choices or entry.choices,
        )

    def _may_be_null(self, source: Source, depth: int) -> bool:
        maker = self.graph.by_id[source.node]
        return source.port in maker.nullable or self._kind(source, depth) in ("any", "json")

    def _kind(self, source: Source, depth: int) -> str:
        kind = self.graph.by_id[source.node].wire_kind(source.port)
        for _ in range(depth):
            kind = element_of(kind)
        return kind


def _joined(shapes: Iterable[Shape]) -> Shape:
    """Return the shape of lists that go together; where they do not fit, the node will not run."""
    try:
        return reduce(join, shapes, None)
    except ShapesDiffer:
        return 0


def _exact(shape: Shape, levels: int) -> Levels:
    return tuple(map(exactly, totals(shape, levels)))


def _tighter(pick: Any, one: Any, other: Any) -> Any:
    """Return the tighter of two bounds, either of which may be None."""
    return (
        pick(one, other) if one is not None and other is not None else other if one is None else one
    )


def _left_out(node: ResolvedNode, name: str) -> Quantity:
    """Return what stands at a parameter or port that nothing is wired to."""
    if name == GPU_SECONDS:
        return gpu_seconds_within()
    if name in node.spec.params_by_name:
        return quantity_of(node.params[name])
    return quantity_of(node.spec.input_record.model_fields[name].get_default())


def _of_form(form: Form, port: Param | Port) -> Quantity:
    """Return what is known of a value in stored form; of a URL, only what the port says."""
    if "l" in form:
        return Several(
            tuple(NOTHING if item is None else _of_form(item, port) for item in form["l"])
        )
    if "m" in form:
        fields = dict(form["m"])
        return quantity_of(MEDIA_CLASSES[fields["kind"]](**fields))
    if "v" in form:
        return quantity_of(form["v"])
    kind: str = port.kind
    while is_list(kind):
        kind = element_of(kind)
    return Within(kind)
