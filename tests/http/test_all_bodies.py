"""What no body may hold, on every route that takes one (TRUST.md, table B).

The routes are those of `post_routes`, and the one that changes a workflow; an upload, whose body is
no JSON, has tests of its own.
"""

import json
import re

import pytest

from tests.factories import make_published_workflow
from tests.http.post_routes import ROUTES
from tests.http.problem import assert_problem, items_of
from tests.rules.test_operations import METHODS, list_patterns

MIB = 1024 * 1024
CHANGE = "workflows/<wf:workflow_id>"
JSON_ROUTES = sorted({*ROUTES, CHANGE} - {"files"})


@pytest.fixture(params=JSON_ROUTES)
def send(request, api, workspace):
    """Send bytes to a route; what they would do else is done."""
    if request.param == CHANGE:
        path = f"/workflows/{make_published_workflow(workspace).id}"
        return lambda raw, **headers: api.patch(path, raw, **headers)
    post = ROUTES[request.param].prepare(workspace)
    return lambda raw, **headers: api.post(post.path, raw, **headers)


MALFORMED = {
    "B1": [b'{"a": ' + b"[" * depth + b"]" * depth + b"}" for depth in (65, 1_000, 200_000)],
    "B2": [rb'{"a": "\ud800"}', rb'{"\udfff": 1}'],
    "B3": [rb'{"a": "\u0000"}'],
    "B4": [
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5_000 + b"}",
        b'{"a": 9007199254740993}',
    ],
    "B5": [b'{"a": 1, "a": 2}'],
}


def test_B1_B2_B3_B4_B5_what_readers_disagree_about_is_malformed_everywhere(send):
    for raw in [raw for row in MALFORMED.values() for raw in row]:
        assert_problem(send(raw), 400, "malformed_request")


def test_B6_a_body_that_is_no_object_is_invalid_everywhere(send):
    for raw in (b"[]", b'"x"', b"null", b"1"):
        problem = assert_problem(send(raw), 422, "invalid_inputs")
        assert items_of(problem) == [("", "wrong_kind")]


def test_B6_an_empty_body_is_a_body_without_fields_everywhere(send):
    empty, spaces, nothing = send(b""), send(b" \n"), send(b"{}")

    # A later call may find done what the first one did.
    assert {spaces.status_code, nothing.status_code} <= {empty.status_code, 409}
    if empty.status_code == 422:
        assert items_of(empty.json()) == items_of(nothing.json())


def test_B9_a_body_over_its_limit_or_compressed_is_not_taken_anywhere(send):
    large = send(b'{"a": "' + b"x" * (2 * MIB) + b'"}')
    packed = send(b"\x1f\x8b\x08", Content_Encoding="gzip")

    assert assert_problem(large, 413, "too_large")["limitBytes"] <= 2 * MIB
    assert_problem(packed, 415, "unsupported_media_type")


def test_B11_nobody_writes_what_is_not_theirs_to_write(send):
    names = ["workspaceId", "credits", "isStaff", "status"]

    problem = assert_problem(
        send(json.dumps(dict.fromkeys(names, 1)).encode()), 422, "invalid_inputs"
    )

    assert {(f"/{name}", "unknown_field") for name in names} <= set(items_of(problem))


PATHS = {
    pattern: getattr(callback, "cls", None)
    for pattern, callback in list_patterns()
    if pattern.startswith("api/v1/")
}
SAMPLES = {
    "slug": "no-such-template",
    "exec": "exec_" + "0" * 26,
    "wf": "wf_" + "0" * 26,
    "rev": "rev_" + "0" * 26,
    "file": "file_" + "0" * 26,
    "int": "1",
    "str": "image.resize",
}


def path_of(pattern: str) -> str:
    return "/" + re.sub(
        r"<(\w+):\w+>", lambda match: SAMPLES[match.group(1)], pattern.removeprefix("api/v1/")
    )


def test_B14_a_method_that_a_route_has_not_is_not_allowed_anywhere(api):
    for pattern, view in PATHS.items():
        has = {name.upper() for name in METHODS if hasattr(view, name)}
        # HEAD goes where GET goes.
        for method in ["TRACE", "BREW", "PUT", *([] if "GET" in has else ["HEAD"])]:
            response = api.send(method, path_of(pattern))
            assert response.status_code == 405, (method, pattern)
            allowed = set(response.headers["Allow"].split(", "))
            assert has <= allowed, pattern
            assert method not in allowed, pattern


def test_B16_what_is_too_long_is_no_fault_of_ours_anywhere(api):
    many = {f"p{index}": "1" for index in range(1_500)}
    cookies = "; ".join(f"c{index}=1" for index in range(200))

    for pattern, view in PATHS.items():
        method = "GET" if hasattr(view, "get") else "POST"
        for options in (
            {"query": many},
            {"query": {"q": "x" * 65_536}},
            {"Cookie": cookies},
            {"X_Long": "x" * 65_536},
        ):
            assert api.send(method, path_of(pattern), **options).status_code != 500, pattern


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/workflows/executions", "since"),
        ("/workflows/executions", "until"),
        ("/usage", "from"),
        ("/usage", "to"),
    ],
)
def test_B18_what_is_no_time_is_malformed_wherever_times_are_taken(api, path, name):
    for text in (
        "0000-00-00",
        "0000-00-00T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "2016-12-31T23:59:60Z",
        "1700000000",
        "2026-02-30",
        "now",
        "",
    ):
        assert_problem(api.get(path, {name: text}), 400, "malformed_request")


LISTS = ("/workflows", "/workflows/executions", "/reviews")


@pytest.mark.parametrize("path", LISTS)
def test_L2_L4_L7_what_asks_for_a_page_that_cannot_be_is_malformed_everywhere(api, path):
    bad = {
        "limit": ["0", "101", "-1", "1.0", "ten", "9" * 40],
        "cursor": ["x", "e30.e30", "=" * 5_000, "\x00", "é"],
        "sort": ["password", "-id;drop", "name"],
    }

    for name, texts in bad.items():
        for text in texts:
            assert_problem(api.get(path, {name: text}), 400, "malformed_request")


@pytest.mark.parametrize("path", LISTS)
def test_L4_pages_by_number_are_ignored_everywhere(api, path):
    for name in ("page", "offset"):
        assert api.get(path, {name: "9" * 40}).json() == {"items": [], "nextCursor": None}


@pytest.mark.parametrize("path", ["/workflows/executions", "/reviews"])
def test_L6_a_status_that_there_is_not_is_malformed_everywhere(api, path):
    for text in ("COMPLETED,FAILED", "completed", "open", "DONE", "", "\x00"):
        assert_problem(api.get(path, {"status": text}), 400, "malformed_request")


def test_the_routes_with_bodies_are_all_here():
    with_bodies = {
        pattern.removeprefix("api/v1/")
        for pattern, view in PATHS.items()
        if any(hasattr(view, name) for name in ("post", "put", "patch"))
        and not getattr(view, "public", False)
    }

    assert with_bodies == {*JSON_ROUTES, "files"}
