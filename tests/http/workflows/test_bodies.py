"""What no body may hold, on the endpoints that take one (TRUST.md, table B)."""

import json
from typing import Any

import pytest

from common.canonical import canonical_json
from tests.factories import make_graph, make_workflow
from tests.http.problem import assert_problem, items_of
from workflows.models import Workflow

MIB = 1024 * 1024


@pytest.fixture(params=["create", "change"])
def send(request, api, workspace):
    """Send a raw body to an endpoint that takes a graph."""
    if request.param == "create":
        return lambda raw, **headers: api.post("/workflows", raw, **headers)
    workflow = make_workflow(workspace)
    return lambda raw, **headers: api.patch(f"/workflows/{workflow.id}", raw, **headers)


def raw(graph: str) -> bytes:
    return f'{{"name": "x", "graph": {graph}}}'.encode()


def nested(depth: int) -> str:
    return (
        '{"nodes": [{"id": "a", "type": "t", "params": {"p": ' + "[" * depth + "]" * depth + "}}]}"
    )


@pytest.mark.parametrize("depth", [64, 1_000, 5_000, 200_000])
def test_B1_deep_json_is_malformed(send, depth):
    assert_problem(send(raw(nested(depth))), 400, "malformed_request")


@pytest.mark.parametrize("text", [r"\ud800", r"\udc00x", r"\udfff\ud800"])
def test_B2_a_lone_surrogate_is_malformed_and_stores_nothing(send, api, workspace, text):
    before = Workflow.objects.of(workspace.id).count()

    response = send(f'{{"name": "{text}", "graph": {{}}}}'.encode())

    assert_problem(response, 400, "malformed_request")
    assert Workflow.objects.of(workspace.id).count() == before
    assert api.get("/workflows").status_code == 200


@pytest.mark.parametrize("graph", [r'{"a": "\u0000"}', r'{"\u0000": 1}'])
def test_B3_nul_is_malformed(send, graph):
    assert_problem(send(raw(graph)), 400, "malformed_request")


@pytest.mark.parametrize(
    "number",
    ["NaN", "Infinity", "-Infinity", "1e999", "-0", "9" * 5_000, "9" * 200, str(2**53 + 1)],
)
def test_B4_a_number_that_browsers_read_differently_is_malformed(send, number):
    assert_problem(send(raw(f'{{"x": {number}}}')), 400, "malformed_request")


def test_B4_the_largest_safe_integer_is_taken(send):
    graph = {"nodes": [{"id": "a", "type": "output", "position": {"x": 2**53, "y": -(2**53)}}]}

    assert send(raw(json.dumps(graph))).status_code in (200, 201)


@pytest.mark.parametrize("text", ['{"name": "a", "name": "b"}', raw('{"nodes": [], "nodes": []}')])
def test_B5_a_doubled_key_is_malformed(send, text):
    sent = text if isinstance(text, bytes) else text.encode()

    assert_problem(send(sent), 400, "malformed_request")


@pytest.mark.parametrize("text", [b"[]", b'"x"', b"null", b"1", b"true"])
def test_B6_a_body_that_is_no_object_is_invalid(send, text):
    problem = assert_problem(send(text), 422, "invalid_inputs")

    assert items_of(problem) == [("", "wrong_kind")]


@pytest.mark.parametrize("text", [b"", b"  \n"])
def test_B6_an_empty_body_is_read_as_no_fields(api, text):
    problem = assert_problem(api.post("/workflows", text), 422, "invalid_inputs")

    assert items_of(problem) == [("/name", "missing"), ("/graph", "missing")]


@pytest.mark.parametrize("text", [b"{", b"{'a': 1}", b"\xff\xfe", b"\xef\xbb\xbf{}", b"{}{}", b"["])
def test_a_body_that_is_no_json_is_malformed(send, text):
    assert_problem(send(text), 400, "malformed_request")


@pytest.mark.parametrize("size", [MIB + 1, 2 * MIB + 1])
def test_B9_a_body_over_one_mebibyte_is_too_large(send, size):
    sent = raw("{}") + b" " * size

    problem = assert_problem(send(sent[:size]), 413, "too_large")

    assert problem["limitBytes"] == MIB


def test_a_graph_over_one_mebibyte_is_an_invalid_graph(send):
    graph = {"nodes": [{"id": "a", "type": "output", "params": {"name": "x" * MIB}}]}

    problem = assert_problem(send(raw(json.dumps(graph))), 422, "invalid_graph")

    assert items_of(problem) == [("/graph", "out_of_range")]


def test_a_graph_of_one_mebibyte_is_taken_with_what_stands_around_it(send):
    node: dict[str, Any] = {"id": "a", "type": "output", "params": {"name": ""}}
    graph: dict[str, Any] = {"nodes": [node], "edges": []}
    node["params"]["name"] = "x" * (MIB - len(canonical_json(graph)))
    sent = raw(json.dumps(graph))

    response = send(sent)

    assert len(sent) > MIB
    assert response.status_code in (200, 201), response.content
    assert response.json()["graph"] == graph


def test_B9_a_large_body_around_a_small_graph_is_too_large(send):
    sent = json.dumps({"name": "x", "description": "d" * MIB, "graph": {}}).encode()

    assert_problem(send(sent), 413, "too_large")


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", '"iso-8859-1"'])
def test_json_in_another_charset_is_not_taken(send, charset):
    response = send(raw("{}"), Content_Type=f"application/json; charset={charset}")

    assert_problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"'])
def test_json_may_say_that_it_is_utf_8(send, charset):
    response = send(raw("{}"), Content_Type=f"application/json; charset={charset}")

    assert response.status_code in (200, 201), response.content


def test_B9_a_compressed_body_is_not_taken(send):
    response = send(b"\x1f\x8b", Content_Encoding="gzip")

    assert_problem(response, 415, "unsupported_media_type")


def test_another_content_type_is_not_taken(send):
    response = send(b"name=x", Content_Type="application/x-www-form-urlencoded")

    assert_problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("method", ["TRACE", "BREW", "PUT"])
def test_B14_an_unknown_method_is_not_allowed(api, workspace, method):
    workflow = make_workflow(workspace)

    for path in ("/workflows", f"/workflows/{workflow.id}"):
        response = api.send(method, path)
        assert_problem(response, 405, "method_not_allowed")
        assert "GET" in response.headers["Allow"]


def test_B14_head_on_a_post_route_is_not_allowed(api, workspace):
    workflow = make_workflow(workspace)

    response = api.send("HEAD", f"/workflows/{workflow.id}/publish")

    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


def test_B14_a_method_override_is_not_honoured(api, workspace):
    workflow = make_workflow(workspace)

    api.post(f"/workflows/{workflow.id}/publish", X_HTTP_Method_Override="DELETE")

    assert api.get(f"/workflows/{workflow.id}").status_code == 200


def test_B16_a_thousand_query_values_are_malformed(api):
    query = {f"p{index}": "1" for index in range(1_500)}

    assert_problem(api.get("/workflows", query), 400, "malformed_request")


@pytest.mark.parametrize("verb", ["publish", "versions/1/restore"])
def test_B11_a_call_without_fields_takes_none(api, workspace, verb):
    workflow = make_workflow(workspace)

    problem = assert_problem(
        api.post(f"/workflows/{workflow.id}/{verb}", {"isStaff": True}), 422, "invalid_inputs"
    )

    assert items_of(problem) == [("/isStaff", "unknown_field")]


def test_a_graph_without_problems_passes_the_same_gate(send):
    response = send(raw(json.dumps(make_graph())))

    assert response.json()["problems"] == []
