"""A graph as a picture: SVG for pages, coloured by the page's own style sheet.

No styles are written into it, so it obeys a strict content policy and follows light and dark: shapes
carry classes (`pf-node`, `pf-port pf-port-image`, `pf-wire pf-wire-image`, …) that the site's
`graph.css` colours by port type. Every kind of value has a shape of its own as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from workflows.catalogue.load import Catalogue
from workflows.catalogue.ports import Port, element_of, is_list
from workflows.catalogue.spec import NodeSpec
from workflows.graphs.calls import Calls
from workflows.graphs.document import Graph, GraphNode, parse_graph
from workflows.graphs.icons import GLYPHS, glyph_of, tint_of
from workflows.graphs.layout import Layout, Point, Size, place
from workflows.graphs.resolve import resolve

WIDTH = 224
HEAD = 48
ROW = 22
FOOT = 10
MARGIN = 16
MAX_PARAMS = 3
MAX_PORTS = 8
TITLE_CHARS = 22
SUB_CHARS = 28
VALUE_CHARS = 17
PORT_CHARS = 14
MAX_STEPS_TOLD = 12

# Kinds of value that have a colour and a shape; others are drawn as one of them.
_DRAWN_AS: Mapping[str, str] = {"integer": "number"}
_KINDS = frozenset(
    {"image", "mask", "video", "audio", "text", "number", "boolean", "json", "model3d", "any"}
)
# Centred on 0,0 within 12 units.
_SHAPES: Mapping[str, str] = {
    "image": '<circle r="5.5"/>',
    "mask": '<circle class="pf-hollow" r="5.25"/><path d="M0-5.5a5.5 5.5 0 0 1 0 11z"/>',
    "video": '<path d="M-3.5-5.5h7a2 2 0 0 1 2 2V-1.5L3 0l2.5 1.5v2a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2v-7a2'
    ' 2 0 0 1 2-2z"/>',
    "audio": '<path d="M0-6.25 6.25 0 0 6.25-6.25 0z"/>',
    "text": '<rect x="-7" y="-3.75" width="14" height="7.5" rx="3.75"/>',
    "number": '<path d="M0-5.75 6 5-6 5z"/>',
    "boolean": '<rect x="-5" y="-5" width="10" height="10"/>',
    "json": '<path d="M-3-5.5h6L6 0 3 5.5h-6L-6 0z"/>',
    "model3d": '<path d="M0-6 5.5-2 3.4 5h-6.8l-2.1-7z"/>',
    "any": '<circle class="pf-hollow" r="5"/>',
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A port as it is drawn; `is_open`: it must be wired and is not."""

    name: str
    title: str
    kind: str
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A node as it is drawn."""

    id: str
    title: str
    subtitle: str
    glyph: str
    tint: str
    inputs: tuple[Mark, ...]
    outputs: tuple[Mark, ...]
    params: tuple[tuple[str, str], ...]
    is_disabled: bool = False

    @property
    def size(self) -> Size:
        """Width and height, in units of the drawing."""
        rows = max(len(self.inputs), len(self.outputs)) + len(self.params)
        return Size(WIDTH, HEAD + ROW * rows + FOOT)


@dataclass(frozen=True, slots=True)
class Step:
    """A node in words, in the order of the run: for lists of steps and for those who see no picture."""

    title: str
    type: str
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawn graph: `svg` is markup that may stand in a page as it is; all text in it is escaped."""

    svg: str
    width: int
    height: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Wire:
    source: str
    source_port: str
    target: str
    target_port: str
    kind: str


def draw_graph(
    document: object, catalogue: Catalogue, *, title: str, name: str = "graph"
) -> Drawing:
    """Draw a graph document; node types that the catalogue does not know are drawn as far as wired.

    `name` begins the ids in the markup: two drawings on one page need two names.

    Raises:
        InvalidGraph: it is malformed.
    """
    graph = parse_graph(document)
    resolution = resolve(graph, catalogue, Calls(lambda *_: None))
    kinds = {
        (node.id, port): node.wire_kind(port)
        for node in resolution.graph.nodes
        for port in node.out_kinds
    }
    boxes = {node.id: _box(node, graph, catalogue, kinds) for node in graph.nodes}
    wires = _wires(graph, boxes)
    order = [node.id for node in resolution.graph.nodes if node.id in boxes]
    order += [id_ for id_ in boxes if id_ not in set(order)]
    layout = place(
        {id_: box.size for id_, box in boxes.items()},
        [(wire.source, wire.target) for wire in wires],
        _positions(document),
    )
    steps = tuple(_step(boxes[id_], wires, boxes) for id_ in order)
    return _draw(boxes, wires, layout, steps, title=title, name=name)


def _positions(document: Any) -> dict[str, Point]:
    return {
        node["id"]: (node["position"]["x"], node["position"]["y"])
        for node in document.get("nodes", [])
        if isinstance(node.get("position"), Mapping) and {"x", "y"} <= set(node["position"])
    }


def _box(
    node: GraphNode,
    graph: Graph,
    catalogue: Catalogue,
    kinds: Mapping[tuple[str, str], str],
) -> Box:
    spec = catalogue.get(node.type)
    category = spec.meta.category if spec else ""
    type_title = spec.meta.title if spec else node.type
    named = node.params.get("label")
    title = node.label or (named if isinstance(named, str) else "") or type_title
    return Box(
        id=node.id,
        title=title,
        subtitle=node.type if title == type_title else type_title,
        glyph=glyph_of(node.type, category),
        tint=tint_of(node.type, category),
        inputs=_inputs(node, graph, spec, kinds),
        outputs=_outputs(node, graph, spec, kinds),
        params=_params(node, graph, spec),
        is_disabled=node.disabled,
    )


def _inputs(
    node: GraphNode,
    graph: Graph,
    spec: NodeSpec | None,
    kinds: Mapping[tuple[str, str], str],
) -> tuple[Mark, ...]:
    """Return the ports that are wired or must be, in declared order, then wired ones not declared."""
    wired = {
        edge.target_handle: kinds.get((edge.source, edge.source_handle), "any")
        for edge in graph.edges
        if edge.target == node.id
    }
    declared = dict(spec.input_ports(node.params)) if spec else {}
    marks = [
        Mark(port.name, _port_title(port), _kind(port.kind, wired.get(name)), name not in wired)
        for name, port in declared.items()
        if name in wired or (port.required and node.params.get(name) is None)
    ]
    marks += [
        Mark(name, name, _kind("any", kind)) for name, kind in wired.items() if name not in declared
    ]
    return tuple(marks[:MAX_PORTS])


def _outputs(
    node: GraphNode,
    graph: Graph,
    spec: NodeSpec | None,
    kinds: Mapping[tuple[str, str], str],
) -> tuple[Mark, ...]:
    wired = [edge.source_handle for edge in graph.edges if edge.source == node.id]
    declared = {port.name: port for port in spec.outputs} if spec else {}
    names = [name for name in declared if name in wired] or list(declared)[:1]
    names += [name for name in dict.fromkeys(wired) if name not in declared]
    return tuple(
        Mark(
            name,
            _port_title(declared[name]) if name in declared else name,
            _kind(declared[name].kind if name in declared else "any", kinds.get((node.id, name))),
        )
        for name in names[:MAX_PORTS]
    )


def _port_title(port: Port) -> str:
    return port.title or port.name.replace("_", " ").capitalize()


def _kind(declared: str, seen: str | None) -> str:
    """Return the kind to draw: the declared one, or for one that takes any, the kind that arrives."""
    is_open = declared[:1] in "$@" or "$" in declared or "@" in declared or declared == "any"
    return (seen or "any") if is_open else declared


def _params(node: GraphNode, graph: Graph, spec: NodeSpec | None) -> tuple[tuple[str, str], ...]:
    """Return the first parameters that say what a node does; names and labels stand elsewhere."""
    if spec is None or spec.meta.role in ("input", "output"):
        return ()
    wired = {edge.target_handle for edge in graph.edges if edge.target == node.id}
    shown = []
    for param in spec.params:
        value = node.params.get(param.name)
        if param.name in node.params and param.name not in wired and value != param.default:
            words = _words(value)
            if words:
                shown.append((param.title or param.name, words))
    return tuple(shown[:MAX_PARAMS])


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return f"{value:g}"
    return " ".join(value.split()) if isinstance(value, str) else ""


def _wires(graph: Graph, boxes: Mapping[str, Box]) -> list[_Wire]:
    """Return the edges both ends of which are drawn."""
    wires = []
    for edge in graph.edges:
        source, target = boxes.get(edge.source), boxes.get(edge.target)
        if source is None or target is None:
            continue
        mark = next((mark for mark in source.outputs if mark.name == edge.source_handle), None)
        ends = any(mark.name == edge.target_handle for mark in target.inputs)
        if mark is not None and ends:
            wires.append(_Wire(edge.source, mark.name, edge.target, edge.target_handle, mark.kind))
    return wires


def _step(box: Box, wires: Sequence[_Wire], boxes: Mapping[str, Box]) -> Step:
    feeders = list(
        dict.fromkeys(boxes[wire.source].title for wire in wires if wire.target == box.id)
    )
    facts = [f"{name} {value}" for name, value in box.params]
    takes = f"takes {', '.join(feeders)}" if feeders else ""
    return Step(box.title, box.subtitle, "; ".join(part for part in (takes, *facts) if part))


# --- markup


def _draw(
    boxes: Mapping[str, Box],
    wires: Sequence[_Wire],
    layout: Layout,
    steps: tuple[Step, ...],
    *,
    title: str,
    name: str,
) -> Drawing:
    places = layout.places
    width = max((x + WIDTH for x, _ in places.values()), default=WIDTH) + 2 * MARGIN
    height = max((y + boxes[id_].size.height for id_, (_, y) in places.items()), default=HEAD)
    height += 2 * MARGIN
    parts = [
        (
            f'<svg class="pf-graph" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
            f' width="{width:g}" height="{height:g}" role="img"'
            f' aria-labelledby="{escape(name)}-title {escape(name)}-desc">'
        ),
        f'<title id="{escape(name)}-title">{_text(title)}</title>',
        f'<desc id="{escape(name)}-desc">{_text(_told(steps))}</desc>',
        f'<g transform="translate({MARGIN} {MARGIN})">',
        *[_wire(wire, boxes, layout) for wire in wires],
        *[_node(box, places[id_]) for id_, box in boxes.items()],
        "</g></svg>",
    ]
    return Drawing("".join(parts), round(width), round(height), steps)


def _told(steps: Sequence[Step]) -> str:
    told = [f"{step.title}{f' {step.text}' if step.text else ''}" for step in steps]
    more = len(told) - MAX_STEPS_TOLD
    rest = [f"and {more} more"] if more > 0 else []
    return f"{len(steps)} nodes: " + ". ".join([*told[:MAX_STEPS_TOLD], *rest]) + "."


def _wire(wire: _Wire, boxes: Mapping[str, Box], layout: Layout) -> str:
    start = _end(boxes[wire.source], layout.places[wire.source], wire.source_port, is_output=True)
    end = _end(boxes[wire.target], layout.places[wire.target], wire.target_port, is_output=False)
    path, at = f"M{start[0]:g} {start[1]:g}", start
    for (x, y), length in layout.lanes.get((wire.source, wire.target), ()):
        path += f"{_curve(at, (x, y))}H{x + length:g}"
        at = x + length, y
    path += _curve(at, end)
    base = _base(wire.kind)
    halo = f'<path class="pf-halo" d="{path}"/>'
    if not is_list(wire.kind):
        return f'{halo}<path class="pf-wire pf-wire-{base}" d="{path}"/>'
    return (
        f'{halo}<path class="pf-wire pf-wire-list pf-wire-{base}" d="{path}"/>'
        f'<path class="pf-wire-core" d="{path}"/>'
    )


def _curve(start: Point, end: Point) -> str:
    """Continue a path from one point to another, level at both."""
    reach = max(36.0, abs(end[0] - start[0]) / 2)
    return f"C{start[0] + reach:g} {start[1]:g} {end[0] - reach:g} {end[1]:g} {end[0]:g} {end[1]:g}"


def _end(box: Box, at: Point, port: str, *, is_output: bool) -> Point:
    marks = box.outputs if is_output else box.inputs
    row = next((number for number, mark in enumerate(marks) if mark.name == port), 0)
    return at[0] + (WIDTH if is_output else 0), at[1] + HEAD + ROW * row + ROW / 2


def _node(box: Box, at: Point) -> str:
    size = box.size
    ports = max(len(box.inputs), len(box.outputs))
    state = " pf-off" if box.is_disabled else ""
    parts = [
        f'<g class="pf-node{state}" transform="translate({at[0]:g} {at[1]:g})">',
        f"<title>{_text(box.title)}</title>",
        f'<rect class="pf-box" width="{size.width:g}" height="{size.height:g}" rx="12"/>',
        f'<rect class="pf-tile pf-tint-{box.tint}" x="10" y="10" width="28" height="28" rx="7"/>',
        (
            f'<g class="pf-glyph pf-ink-{box.tint}" transform="translate(16 16) scale(.667)">'
            f"{GLYPHS[box.glyph]}</g>"
        ),
        f'<text class="pf-title" x="48" y="22">{_text(_cut(box.title, TITLE_CHARS))}</text>',
        f'<text class="pf-sub" x="48" y="37">{_text(_cut(box.subtitle, SUB_CHARS))}</text>',
        *[_port(mark, row, is_output=False) for row, mark in enumerate(box.inputs)],
        *[_port(mark, row, is_output=True) for row, mark in enumerate(box.outputs)],
        *[_param(pair, ports + row) for row, pair in enumerate(box.params)],
        "</g>",
    ]
    return "".join(parts)


def _port(mark: Mark, row: int, *, is_output: bool) -> str:
    x, y = (WIDTH if is_output else 0), HEAD + ROW * row + ROW / 2
    base = _base(mark.kind)
    shape = _SHAPES[base]
    ring = f'<g class="pf-ring" transform="scale(1.55)">{shape}</g>' if is_list(mark.kind) else ""
    classes = f"pf-port pf-port-{base}{' pf-open' if mark.is_open else ''}"
    label = _text(_cut(mark.title, PORT_CHARS)) + ("*" if mark.is_open else "")
    anchor = ' text-anchor="end"' if is_output else ""
    side = x - 14 if is_output else x + 14
    return (
        f'<g class="{classes}" transform="translate({x} {y:g})">'
        f"<title>{_text(mark.title)}: {_text(mark.kind)}</title>{ring}{shape}</g>"
        f'<text class="pf-label" x="{side}" y="{y + 4:g}"{anchor}>{label}</text>'
    )


def _param(pair: tuple[str, str], row: int) -> str:
    y = HEAD + ROW * row + ROW / 2 + 4
    name, value = pair
    return (
        f'<text class="pf-param" x="14" y="{y:g}">{_text(_cut(name, PORT_CHARS))}</text>'
        f'<text class="pf-value" x="{WIDTH - 14}" y="{y:g}" text-anchor="end">'
        f"{_text(_cut(value, VALUE_CHARS))}</text>"
    )


def shape_of(kind: str) -> tuple[str, str]:
    """Return the kind whose colour a value has, and its shape around 0,0; a list's are its elements'."""
    base = _base(kind)
    return base, _SHAPES[base]


def _base(kind: str) -> str:
    while is_list(kind):
        kind = element_of(kind)
    kind = _DRAWN_AS.get(kind, kind)
    return kind if kind in _KINDS else "any"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _text(text: str) -> str:
    """Escape, and leave out what XML may not hold."""
    return escape("".join(char for char in text if char.isprintable()), quote=True)
