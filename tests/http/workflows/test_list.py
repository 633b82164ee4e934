"""`GET /workflows`."""

import base64
from datetime import timedelta

import pytest
from django.db import connection

from common.clock import utc_now
from common.paging import ListScope, make_cursor
from tests.factories import make_key, make_version, make_workflow
from tests.http.problem import assert_problem
from workflows.conf import cursor_secret
from workflows.models import Workflow

on_sqlite = pytest.mark.skipif(
    connection.vendor != "sqlite",
    reason="PostgreSQL refuses such JSON itself, and reads a table of three rows without an index",
)


@pytest.fixture
def three(workspace):
    """Three workflows, oldest first."""
    return [make_workflow(workspace, name=f"Number {number}") for number in range(3)]


def ids_of(response):
    assert response.status_code == 200, response.content
    return [item["id"] for item in response.json()["items"]]


def test_a_workspace_without_workflows_has_an_empty_page(api):
    assert api.get("/workflows").json() == {"items": [], "nextCursor": None}


def test_workflows_are_listed_newest_first_without_their_graphs(api, three):
    make_version(three[1])

    response = api.get("/workflows")

    assert ids_of(response) == [workflow.id for workflow in reversed(three)]
    assert set(response.json()["items"][1]) == {
        "id",
        "name",
        "description",
        "revision",
        "problems",
        "publishedVersion",
        "webhook",
        "callbackUrl",
        "createdAt",
        "updatedAt",
    }
    assert response.json()["items"][1]["publishedVersion"] == 1


def test_pages_follow_each_other_to_the_end(api, three):
    first = api.get("/workflows", {"limit": 2})
    second = api.get("/workflows", {"limit": 2, "cursor": first.json()["nextCursor"]})

    assert ids_of(first) + ids_of(second) == [workflow.id for workflow in reversed(three)]
    assert second.json()["nextCursor"] is None


def test_a_full_last_page_has_no_cursor(api, three):
    assert api.get("/workflows", {"limit": 3}).json()["nextCursor"] is None


def test_a_page_stands_still_while_others_are_made(api, workspace, three):
    first = api.get("/workflows", {"limit": 2}).json()
    make_workflow(workspace)

    second = api.get("/workflows", {"limit": 2, "cursor": first["nextCursor"]})

    assert ids_of(second) == [three[0].id]


def test_q_looks_in_names_and_descriptions(api, workspace):
    by_name = make_workflow(workspace, name="Résumé photo")
    by_text = make_workflow(workspace, name="Other", description="For a RÉSUMÉ")

    assert ids_of(api.get("/workflows", {"q": "résumé"})) == [by_text.id, by_name.id]
    assert ids_of(api.get("/workflows", {"q": "nothing"})) == []


@pytest.mark.parametrize("query", [{"q": "x" * 201}, {"q": "a\x00"}])
def test_a_search_that_cannot_be_is_malformed(api, query):
    assert_problem(api.get("/workflows", query), 400, "malformed_request")


def test_T1_another_workspaces_workflows_are_not_listed(api, stranger_workspace):
    make_workflow(stranger_workspace)

    assert ids_of(api.get("/workflows")) == []


@pytest.mark.parametrize("limit", ["0", "101", "-1", "abc", "1.5", "1e1", "٣", "9" * 30])
def test_a_limit_outside_of_1_to_100_is_malformed(api, limit):
    assert_problem(api.get("/workflows", {"limit": limit}), 400, "malformed_request")


def test_the_limit_is_25_when_left_out(api, workspace):
    for _ in range(26):
        make_workflow(workspace, graph={})

    assert len(ids_of(api.get("/workflows"))) == 25


@pytest.mark.parametrize("cursor", ["garbage", "!!!", "AAAA", "é", "x" * 5_000, "bnVsbA"])
def test_L2_a_cursor_that_is_garbage_is_malformed(api, cursor):
    assert_problem(api.get("/workflows", {"cursor": cursor}), 400, "malformed_request")


def test_L2_a_cut_or_changed_cursor_is_malformed(api, three):
    cursor = api.get("/workflows", {"limit": 1}).json()["nextCursor"]
    flipped = base64.urlsafe_b64encode(base64.urlsafe_b64decode(cursor + "==")[:-1] + b"x")

    for bad in (cursor[:-4], cursor[4:], flipped.decode()):
        assert_problem(api.get("/workflows", {"cursor": bad}), 400, "malformed_request")


def test_L2_a_cursor_of_another_search_or_list_is_malformed(api, three):
    version = make_version(three[0])
    make_version(three[0])
    cursor = api.get("/workflows", {"limit": 1}).json()["nextCursor"]
    versions = f"/workflows/{version.workflow_id}/versions"
    other = api.get(versions, {"limit": 1}).json()["nextCursor"]

    assert other is not None
    for path, query in (
        ("/workflows", {"q": "number", "cursor": cursor}),
        ("/workflows", {"cursor": other}),
        (versions, {"cursor": cursor}),
        (f"/workflows/{three[1].id}/versions", {"cursor": other}),
    ):
        assert_problem(api.get(path, query), 400, "malformed_request")


def test_L2_a_cursor_of_another_workspace_is_malformed(api, three, stranger_key):
    cursor = api.get("/workflows", {"limit": 1}).json()["nextCursor"]

    response = api.with_key(stranger_key).get("/workflows", {"cursor": cursor})

    assert_problem(response, 400, "malformed_request")


@pytest.mark.parametrize(("days", "status"), [(29, 200), (90, 400)])
def test_L2_a_cursor_lives_for_a_month(api, workspace, three, days, status):
    given_at = int((utc_now() - timedelta(days=days)).timestamp())
    scope = ListScope("workflows", workspace.id, {"q": ""})
    cursor = make_cursor(scope, [three[2].id, str(given_at)], secret=cursor_secret())

    assert api.get("/workflows", {"cursor": cursor}).status_code == status


@pytest.mark.parametrize(
    "query",
    [
        {"page": "9" * 20},
        {"offset": "-1"},
        {"status": "COMPLETED,FAILED"},
        {"since": "0000-00-00"},
    ],
)
def test_L4_L6_B18_query_values_of_other_lists_are_ignored(api, three, query):
    assert len(ids_of(api.get("/workflows", query))) == 3


@pytest.mark.parametrize("sort", ["password", "-id;drop", "created_at", ""])
def test_L7_a_sort_is_not_taken(api, sort):
    assert_problem(api.get("/workflows", {"sort": sort}), 400, "malformed_request")


@on_sqlite
def test_L8_one_poisoned_row_does_not_break_the_list(api, workspace, three):
    poison = r'[{"path": "\ud800", "code": "x", "message": "\u0000"}]'
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workflows_workflow SET problems = %s, graph = %s WHERE id = %s",
            [poison, r'{"nodes": "\ud800"}', three[1].id],
        )

    listed = api.get("/workflows")
    single = api.get(f"/workflows/{three[1].id}")

    assert ids_of(listed) == [workflow.id for workflow in reversed(three)]
    assert single.status_code == 200
    assert single.json()["problems"][0]["path"] == "/graph/nodes"
    assert rb"\ud800" in single.content


def test_a_page_costs_one_query_and_reads_no_graph(
    api, workspace, three, django_assert_num_queries
):
    api.get("/workflows")  # the key is known now

    with django_assert_num_queries(1) as queries:
        api.get("/workflows")

    assert '"graph"' not in queries[0]["sql"]


@on_sqlite
def test_the_list_is_answered_by_its_index(workspace, three):
    rows = Workflow.objects.of(workspace.id).filter(deleted_at__isnull=True).order_by("-id")

    assert "workflow_list" in rows.explain()


def test_the_scope_read_is_needed(api, workspace):
    writer = make_key(workspace, scopes=["write", "execute", "usage"])

    response = api.with_key(writer.secret).get("/workflows")

    assert assert_problem(response, 403, "insufficient_scope")["requiredScope"] == "read"
