"""`GET /workflows/executions` and `GET /workflows/executions/{id}`."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.clock import FixedClock, rfc3339, utc_now
from common.errors import MalformedRequest
from common.paging import ListScope, make_cursor
from executor.conf import cursor_secret
from executor.http.queries import read_execution_page, read_time
from tests.client import ApiClient
from tests.factories import (
    make_execution,
    make_finished_execution,
    make_key,
    make_published_workflow,
)
from tests.http.problem import assert_problem

LIST = "/workflows/executions"


@pytest.fixture
def workflow(workspace):
    return make_published_workflow(workspace)


def ids_of(response):
    assert response.status_code == 200, response.content
    return [item["executionId"] for item in response.json()["items"]]


def test_runs_are_listed_newest_first_with_what_a_list_shows(api, workflow):
    first = make_finished_execution(workflow)
    second = make_execution(workflow, inputs={"text": "other words"})

    answer = api.get(LIST).json()

    assert answer["nextCursor"] is None
    assert [item["executionId"] for item in answer["items"]] == [
        second.execution_id,
        first.execution_id,
    ]
    assert set(answer["items"][0]) == {
        "executionId", "status", "workflowId", "version", "trigger", "mode", "credits", "error",
        "createdAt", "startedAt", "finishedAt",
    }  # fmt: skip
    assert [item["status"] for item in answer["items"]] == ["QUEUED", "COMPLETED"]


def test_an_empty_list_is_a_list(api):
    assert api.get(LIST).json() == {"items": [], "nextCursor": None}


def test_pages_give_every_run_once(api, workflow):
    made = [make_execution(workflow).execution_id for _ in range(5)]

    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = api.get(LIST, {"limit": "2"} | ({"cursor": cursor} if cursor else {})).json()
        seen += [item["executionId"] for item in page["items"]]
        cursor, pages = page["nextCursor"], pages + 1

    assert seen == made[::-1]
    assert pages == 3


def test_the_list_is_one_statement(api, workflow):
    make_execution(workflow)
    make_execution(workflow)
    api.get(LIST)

    with CaptureQueriesContext(connection) as captured:
        api.get(LIST)

    assert len(captured) == 1, captured.captured_queries


def test_filters_narrow_the_list(api, workspace, workflow):
    other = make_published_workflow(workspace)
    done = make_finished_execution(workflow).execution_id
    waiting = make_execution(other, inputs={"text": "other words"}).execution_id

    assert ids_of(api.get(LIST, {"workflowId": workflow.id})) == [done]
    assert ids_of(api.get(LIST, {"status": "QUEUED"})) == [waiting]
    assert ids_of(api.get(LIST, {"status": "COMPLETED", "workflowId": other.id})) == []


def test_times_narrow_the_list_from_since_up_to_until(api, workflow):
    execution = make_execution(workflow)
    at = execution.created_at
    before, after = rfc3339(at - timedelta(seconds=5)), rfc3339(at + timedelta(seconds=5))

    assert ids_of(api.get(LIST, {"since": before, "until": after})) == [execution.execution_id]
    assert ids_of(api.get(LIST, {"since": after})) == []
    assert ids_of(api.get(LIST, {"until": before})) == []
    assert ids_of(api.get(LIST, {"since": before, "until": before})) == []


def test_T1_a_list_holds_nothing_of_a_neighbour(api, stranger_workspace):
    foreign = make_published_workflow(stranger_workspace)
    make_execution(foreign)

    assert ids_of(api.get(LIST)) == []
    assert ids_of(api.get(LIST, {"workflowId": foreign.id})) == []


@pytest.mark.parametrize(
    "query",
    [
        {"status": "COMPLETED,FAILED"},
        {"status": "completed"},
        {"status": "DONE"},
        {"status": ""},
        {"workflowId": "x"},
        {"workflowId": ""},
        {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        {"since": "yesterday"},
        {"until": "1700000000"},
    ],
)
def test_L6_a_filter_that_means_nothing_is_a_400(api, query):
    assert_problem(api.get(LIST, query), 400, "malformed_request")


@pytest.mark.parametrize("sort", ["password", "-id;drop", "created_at", ""])
def test_L7_a_sort_is_not_taken(api, sort):
    assert_problem(api.get(LIST, {"sort": sort}), 400, "malformed_request")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "abc", "99999999999999999999"])
def test_a_limit_out_of_range_is_a_400(api, limit):
    assert_problem(api.get(LIST, {"limit": limit}), 400, "malformed_request")


@pytest.mark.parametrize("query", [{"page": "9" * 20}, {"offset": "9" * 20}])
def test_L4_pages_by_number_are_ignored(api, query):
    assert api.get(LIST, query).status_code == 200


@pytest.mark.parametrize("cursor", ["x", "a" * 22, "€", "=", "AAAA" * 1000])
def test_L2_a_cursor_that_is_garbage_is_a_400(api, cursor):
    assert_problem(api.get(LIST, {"cursor": cursor}), 400, "malformed_request")


def test_L2_a_cursor_is_good_for_its_own_list_filters_and_workspace_alone(
    api, workflow, stranger_key
):
    make_execution(workflow)
    make_execution(workflow)
    cursor = api.get(LIST, {"limit": "1"}).json()["nextCursor"]
    workflows = make_cursor(
        ListScope("workflows", workflow.workspace_id, {}), ["x", "0"], secret=cursor_secret()
    )

    assert api.get(LIST, {"cursor": cursor}).status_code == 200
    for client, query in (
        (api, {"cursor": cursor, "status": "QUEUED"}),
        (api, {"cursor": cursor[:-4]}),
        (api, {"cursor": workflows}),
        (api.with_key(stranger_key), {"cursor": cursor}),
    ):
        assert_problem(client.get(LIST, query), 400, "malformed_request")


def test_L2_a_cursor_of_three_months_is_a_400(workspace):
    clock = FixedClock(utc_now())
    scope = ListScope("executions", workspace.id, {})
    given_at = str(int((clock.now() - timedelta(days=90)).timestamp()))
    cursor = make_cursor(scope, ["exec_x", given_at], secret=cursor_secret())

    with pytest.raises(MalformedRequest, match="too old"):
        read_execution_page({"cursor": cursor}, workspace.id, clock=clock)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T10:00:00Z", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31T10:00:00.123456789Z", datetime(2026, 1, 31, 10, 0, 0, 123456, UTC)),
        ("2026-01-31T10:00:00.5+02:00", datetime(2026, 1, 31, 8, 0, 0, 500_000, UTC)),
        ("2026-01-31T10:00:00+14:00", datetime(2026, 1, 30, 20, tzinfo=UTC)),
    ],
)
def test_B18_times_are_read_in_utc(text, expected):
    assert read_time("since", text) == expected


@pytest.mark.parametrize(
    "text",
    ["0000-00-00T00:00:00Z", "10000-01-01T00:00:00Z", "2026-01-31", "2026-01-31T10:00:00",
     "2026-01-31 10:00:00Z", "2026-01-31T10:00:60Z", "2026-02-30T10:00:00Z", "1700000000",
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-31T10:00:00+24:00",
     "2026-01-31T10:00:00+0200", "2026-W05-1T10:00:00Z", "", "2026-01-31T10:00:00Z\n"],
)  # fmt: skip
def test_B18_what_is_no_time_is_refused(text):
    with pytest.raises(MalformedRequest):
        read_time("since", text)


def test_one_run_is_its_poll_answer_with_what_it_was_given(api, workflow):
    execution = make_finished_execution(workflow, inputs={"text": "Hi"})
    path = f"{LIST}/{execution.execution_id}"

    response = api.get(path)

    answer = response.json()
    polled = api.get(f"{path}/poll").json()
    assert response.status_code == 200
    assert polled.items() <= answer.items()
    assert answer["inputs"] == {"text": "Hi"}
    assert (answer["trigger"], answer["version"], answer["metadata"]) == ("api", 1, None)
    assert answer["workflowId"] == workflow.id


def test_T1_a_foreign_run_reads_like_one_that_is_not_there(api, stranger_workspace):
    foreign = make_execution(make_published_workflow(stranger_workspace))

    details = [
        assert_problem(api.get(f"{LIST}/{id_}"), 404, "not_found")["detail"]
        for id_ in (foreign.execution_id, f"exec_{'0' * 26}")
    ]

    assert details[0] == details[1]


@pytest.mark.parametrize("tail", ["", "/exec_00000000000000000000000000"])
def test_reading_runs_needs_the_scope(workspace, tail):
    key = make_key(workspace, scopes=["execute", "write", "usage"])

    problem = assert_problem(ApiClient(key.secret).get(LIST + tail), 403, "insufficient_scope")

    assert problem["requiredScope"] == "read"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("tail", ["", "/exec_00000000000000000000000000"])
def test_B14_other_methods_are_refused(api, method, tail):
    assert_problem(api.send(method, LIST + tail), 405, "method_not_allowed")


def test_both_forms_of_the_path_answer(api):
    assert api.get(f"{LIST}/").status_code == 200
