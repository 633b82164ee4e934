"""Reading graph documents: what is malformed is refused, with the place."""

import pytest

from common.errors import InvalidGraph
from tests.factories import make_edge, make_graph
from workflows.graphs.document import MAX_EDGES, MAX_ISSUES, MAX_NODES, parse_graph


def issues_of(document):
    with pytest.raises(InvalidGraph) as caught:
        parse_graph(document)
    return [(issue.path, issue.code) for issue in caught.value.issues]


def node(id_="n", **fields):
    return {"id": id_, "type": "text.case", **fields}


def test_a_document_is_read_with_its_fields():
    document = make_graph()
    document["nodes"][1] |= {
        "version": 1,
        "label": "Loud",
        "disabled": True,
        "position": {"x": 1, "y": -2.5},
    }

    graph = parse_graph(document)

    case = graph.nodes[1]
    assert (case.id, case.type, case.version, case.label) == ("case", "text.case", 1, "Loud")
    assert case.disabled
    assert case.params == {"case": "upper"}
    assert graph.edges[0].source_handle == "value"
    assert graph.edges[1].target == "out"


@pytest.mark.parametrize("document", [{}, {"nodes": []}, {"schema": 1, "nodes": [], "edges": []}])
def test_an_empty_graph_is_well_formed(document):
    assert parse_graph(document).nodes == ()


@pytest.mark.parametrize("value", [None, [], "x", 1, True])
def test_a_graph_that_is_no_object_is_refused(value):
    assert issues_of(value) == [("/graph", "wrong_kind")]


@pytest.mark.parametrize("version", [0, 2, "1", None, True])
def test_another_schema_is_refused(version):
    assert issues_of({"schema": version}) == [("/graph/schema", "not_allowed")]


@pytest.mark.parametrize(
    ("id_", "code"),
    [
        ("__proto__", "not_allowed"),
        ("constructor", "not_allowed"),
        ("prototype", "not_allowed"),
        ("a" * 65, "not_allowed"),
        ("knoten-ä", "not_allowed"),
        ("a b", "not_allowed"),
        ("n\n", "not_allowed"),
        ("", "not_allowed"),
        (1, "not_allowed"),
        (None, "missing"),
    ],
)
def test_G5_a_node_id_of_another_shape_is_refused(id_, code):
    assert issues_of({"nodes": [node(id_)]}) == [("/graph/nodes/0/id", code)]


@pytest.mark.parametrize("id_", ["a", "A-9_", "a" * 64])
def test_a_node_id_of_the_right_shape_is_taken(id_):
    assert parse_graph({"nodes": [node(id_)]}).nodes[0].id == id_


def test_G5_a_node_id_that_is_there_twice_is_refused():
    document = {"nodes": [node("a"), node("b"), node("a")]}

    assert issues_of(document) == [("/graph/nodes/2/id", "not_allowed")]


def test_an_edge_id_that_is_there_twice_is_refused():
    document = make_graph()
    document["edges"][1]["id"] = document["edges"][0]["id"]

    assert issues_of(document) == [("/graph/edges/1/id", "not_allowed")]


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"type": None}, "type", "missing"),
        ({"type": 7}, "type", "wrong_kind"),
        ({"type": "a b"}, "type", "wrong_kind"),
        ({"version": 0}, "version", "wrong_kind"),
        ({"version": True}, "version", "wrong_kind"),
        ({"version": 1.5}, "version", "wrong_kind"),
        ({"params": []}, "params", "wrong_kind"),
        ({"label": 1}, "label", "wrong_kind"),
        ({"label": "x" * 201}, "label", "wrong_kind"),
        ({"disabled": 1}, "disabled", "wrong_kind"),
        ({"position": 1}, "position", "wrong_kind"),
        ({"position": {"z": 1}}, "position", "wrong_kind"),
        ({"position": {"x": "1"}}, "position/x", "wrong_kind"),
        ({"colour": "red"}, "colour", "unknown_field"),
        ({"a/b~c": 1}, "a~1b~0c", "unknown_field"),
    ],
)
def test_a_field_of_a_node_is_checked(fields, path, code):
    assert issues_of({"nodes": [node(**fields)]}) == [(f"/graph/nodes/0/{path}", code)]


@pytest.mark.parametrize("item", [None, 1, "n", []])
def test_a_node_or_edge_that_is_no_object_is_refused(item):
    assert issues_of({"nodes": [item]})[0] == ("/graph/nodes/0", "wrong_kind")
    assert issues_of({"edges": [item]})[0] == ("/graph/edges/0", "wrong_kind")


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("source", None, "missing"),
        ("target", "ä", "not_allowed"),
        ("sourceHandle", None, "missing"),
        ("targetHandle", 1, "wrong_kind"),
        ("targetHandle", "", "wrong_kind"),
        ("kind", "x", "unknown_field"),
    ],
)
def test_a_field_of_an_edge_is_checked(field, value, code):
    document = make_graph()
    document["edges"][0][field] = value

    assert issues_of(document) == [(f"/graph/edges/0/{field}", code)]


@pytest.mark.parametrize("value", [{}, "n", None, 1])
def test_nodes_and_edges_are_lists(value):
    assert issues_of({"nodes": value}) == [("/graph/nodes", "wrong_kind")]
    assert issues_of({"edges": value}) == [("/graph/edges", "wrong_kind")]


def test_the_limits_are_the_contracts():
    nodes = [node(f"n{index}") for index in range(MAX_NODES)]
    edges = [make_edge("n0.text", "n1.text", edge_id=f"e{index}") for index in range(MAX_EDGES)]

    assert len(parse_graph({"nodes": nodes, "edges": edges}).edges) == 2_000
    assert issues_of({"nodes": [*nodes, node("more")]}) == [("/graph/nodes", "out_of_range")]
    assert issues_of({"edges": [*edges, edges[0]]}) == [("/graph/edges", "out_of_range")]


def test_a_graph_over_one_mebibyte_is_refused():
    document = {"nodes": [node(params={"text": "x" * 1024 * 1024})]}

    assert issues_of(document) == [("/graph", "out_of_range")]


def test_a_graph_of_rubbish_is_answered_with_a_bounded_list():
    document = {"nodes": [{str(index): 0 for index in range(500)}]}

    assert len(issues_of(document)) == MAX_ISSUES
