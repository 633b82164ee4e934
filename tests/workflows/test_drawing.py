"""Graphs as pictures: what is drawn, where, and that it may stand in a page as it is."""

from itertools import combinations
from time import perf_counter
from xml.etree import ElementTree

import pytest

from tests.graphs import chain, graph
from workflows.api import draw_graph, get_catalogue
from workflows.graphs.drawing import WIDTH
from workflows.graphs.layout import Size, place

SVG = "{http://www.w3.org/2000/svg}"
FAN = graph(
    {
        "photo": ("input.image", {"name": "photo", "label": "Photo"}),
        "words": ("input.list", {"name": "words", "items": "text", "label": "Words"}),
        "line": ("text.template", {"template": "A {{word}}"}),
        "size": ("image.resize", {"width": 640, "height": 480}),
        "write": "image.text",
        "out": ("output", {"name": "pictures"}),
    },
    [
        "photo.value -> size.image",
        "words.value -> line.word",
        "size.image -> write.image",
        "line.text -> write.text",
        "write.image -> out.value",
    ],
)


def draw(document: object, **kwargs: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg_of(document, **kwargs))


def svg_of(document: object, title: str = "Graph", name: str = "graph") -> str:
    return draw_graph(document, get_catalogue(), title=title, name=name).svg


def nodes_of(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [part for part in root.iter(f"{SVG}g") if "pf-node" in part.get("class", "").split()]


def classes_of(root: ElementTree.Element) -> set[str]:
    return {name for part in root.iter() for name in part.get("class", "").split()}


def test_every_node_and_wire_is_drawn() -> None:
    root = draw(FAN)

    wires = [part for part in root.iter() if "pf-wire" in part.get("class", "").split()]
    assert len(nodes_of(root)) == 6
    assert len(wires) == 5


def test_ports_and_wires_go_by_the_kind_of_their_values() -> None:
    found = classes_of(draw(FAN))

    assert {"pf-port-image", "pf-port-text", "pf-wire-image", "pf-wire-text"} <= found


def test_lists_are_drawn_double() -> None:
    root = draw(FAN)

    found = classes_of(root)
    assert {"pf-ring", "pf-wire-list", "pf-wire-core"} <= found


def test_a_required_port_without_a_wire_is_marked() -> None:
    lonely = graph({"size": ("image.resize", {"width": 10})}, [])

    assert "pf-open" in classes_of(draw(lonely))
    assert "pf-open" not in classes_of(draw(FAN))


def test_the_picture_tells_what_it_shows() -> None:
    root = draw(FAN, title="Cards", name="one")

    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "one-title one-desc"
    assert root.findtext(f"{SVG}title") == "Cards"
    told = root.findtext(f"{SVG}desc") or ""
    assert told.startswith("6 nodes: ")
    assert "takes Photo" in told


def test_nothing_in_it_breaks_a_strict_content_policy() -> None:
    root = draw(FAN)

    names = {name for part in root.iter() for name in part.keys()}  # noqa: SIM118 - an element's
    assert not [name for name in names if name == "style" or name.startswith("on")]
    assert not {"script", "style"} & {part.tag.removeprefix(SVG) for part in root.iter()}


def test_v2_labels_and_values_cannot_become_markup() -> None:
    nasty = '"><script>alert(1)</script>'
    document = graph(
        {
            "in": ("input.text", {"name": "text", "label": nasty}),
            "make": ("text.template", {"template": nasty}),
            "bad": f"x.{'y' * 20}",
        },
        ["in.value -> make.text"],
    )
    document["nodes"][2]["label"] = nasty

    svg = svg_of(document, title=nasty)

    ElementTree.fromstring(svg)
    assert "<script" not in svg


def test_characters_that_xml_may_not_hold_are_left_out() -> None:
    document = graph({"in": ("input.text", {"name": "text", "label": "a\x01b"})}, [])

    root = draw(document)

    assert "ab" in ElementTree.tostring(root, encoding="unicode")


def test_unknown_types_are_drawn_as_far_as_they_are_wired() -> None:
    document = graph(
        {
            "in": ("input.text", {"name": "t"}),
            "odd": "acme.thing",
            "out": ("output", {"name": "o"}),
        },
        ["in.value -> odd.left", "odd.right -> out.value"],
    )

    root = draw(document)

    assert len(nodes_of(root)) == 3
    assert "acme.thing" in ElementTree.tostring(root, encoding="unicode")


def test_an_empty_graph_is_drawn_as_an_empty_picture() -> None:
    assert nodes_of(draw({"schema": 1, "nodes": [], "edges": []})) == []


def test_places_that_people_chose_are_kept_where_nothing_overlaps() -> None:
    sizes = {name: Size(WIDTH, 100) for name in "ab"}

    kept = place(sizes, [("a", "b")], {"a": (100, 50), "b": (600, 0)})

    assert kept.places == {"a": (0, 50), "b": (500, 0)}


@pytest.mark.parametrize(
    "given", [{}, {"a": (0.0, 0.0)}, {"a": (0.0, 0.0), "b": (10.0, 10.0), "c": (20.0, 20.0)}]
)
def test_missing_or_overlapping_places_are_replaced_by_layers(
    given: dict[str, tuple[float, float]],
) -> None:
    sizes = {name: Size(WIDTH, 100) for name in "abc"}

    placed = place(sizes, [("a", "b"), ("b", "c")], given).places

    assert [placed[name][0] for name in "abc"] == sorted({x for x, _ in placed.values()})
    assert len({x for x, _ in placed.values()}) == 3


def test_layers_never_overlap() -> None:
    names = [f"n{number}" for number in range(24)]
    edges = [(names[at], names[(at * 7 + 3) % 24]) for at in range(24)]  # with cycles among them
    sizes = {name: Size(WIDTH, 60 + 10 * (number % 5)) for number, name in enumerate(names)}

    placed = place(sizes, edges, {}).places

    for one, two in combinations(names, 2):
        (x1, y1), (x2, y2) = placed[one], placed[two]
        assert abs(x1 - x2) >= WIDTH or y2 >= y1 + sizes[one].height or y1 >= y2 + sizes[two].height


def test_places_that_hide_a_wire_beneath_a_box_are_replaced() -> None:
    sizes = {name: Size(WIDTH, 100) for name in "abc"}
    in_a_row = {"a": (0.0, 0.0), "b": (300.0, 0.0), "c": (600.0, 0.0)}

    layout = place(sizes, [("a", "b"), ("b", "c"), ("a", "c")], in_a_row)

    assert layout.places != in_a_row
    (((_, lane), _),) = layout.lanes["a", "c"]
    assert not layout.places["b"][1] < lane < layout.places["b"][1] + 100


def test_a_thicket_is_drawn_in_bounded_time() -> None:
    names = [f"n{number}" for number in range(500)]
    edges = [(names[at % 499], names[(at * 37) % 500]) for at in range(2_000)]
    began = perf_counter()

    layout = place({name: Size(WIDTH, 80) for name in names}, edges, {})

    assert len(layout.places) == 500
    assert perf_counter() - began < 5


def test_a_graph_of_the_greatest_size_is_drawn_in_under_two_seconds() -> None:
    began = perf_counter()
    drawing = draw_graph(chain(496), get_catalogue(), title="Long")

    assert len(drawing.steps) == 498
    assert perf_counter() - began < 2
