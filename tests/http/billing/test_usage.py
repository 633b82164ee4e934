"""`GET /usage`: what was run and what it cost."""

from datetime import timedelta

import pytest

from common.clock import utc_now
from executor.services.usage import count_usage
from tests.billing.usage_rows import ended
from tests.client import ApiClient
from tests.factories import make_finished_execution, make_key
from tests.http.problem import assert_problem

DAY = timedelta(days=1)


def day(back=0):
    return (utc_now().date() - back * DAY).isoformat()


@pytest.fixture
def runs(workspace):
    """Three runs: two of today, and one of the day before with another key."""
    ended(workspace, key_id="key_1", charged_credits=5, spent={"model.a": [1, 5]})
    ended(
        workspace,
        key_id="key_1",
        workflow_id="wf_two",
        charged_credits=9,
        spent={"model.a": [1, 4], "model.b": [2, 5]},
    )
    count_usage()
    ended(workspace, finished_at=utc_now() - DAY, charged_credits=2, spent={"model.b": [1, 2]})


def test_the_last_thirty_days_come_by_day_when_nothing_is_asked(api, runs, workspace):
    ended(workspace, finished_at=utc_now() - 29 * DAY, charged_credits=1)
    ended(workspace, finished_at=utc_now() - 30 * DAY, charged_credits=1)

    response = api.get("/usage")

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json() == {
        "from": day(29),
        "to": day(),
        "groupBy": "day",
        "items": [
            {"day": day(29), "executions": 1, "credits": 1},
            {"day": day(1), "executions": 1, "credits": 2},
            {"day": day(), "executions": 2, "credits": 14},
        ],
        "nextCursor": None,
        "totals": {"executions": 4, "credits": 17},
    }


@pytest.mark.parametrize(
    ("group", "items"),
    [
        ("workflow", [("workflowId", "wf_two", 1, 9), ("workflowId", "wf_one", 2, 7)]),
        ("key", [("keyId", "key_1", 2, 14), ("keyId", None, 1, 2)]),
        ("model", [("model", "model.a", 2, 9), ("model", "model.b", 3, 7)]),
    ],
)
def test_other_groups_come_with_the_dearest_first(api, runs, group, items):
    answer = api.get("/usage", {"groupBy": group}).json()

    assert answer["groupBy"] == group
    assert answer["items"] == [
        {field: name, "executions": executions, "credits": cost}
        for field, name, executions, cost in items
    ]
    assert answer["totals"] == {"executions": 3, "credits": 16}


def test_both_days_of_a_range_belong_to_it(api, runs):
    yesterday = api.get("/usage", {"from": day(1), "to": day(1)}).json()
    both = api.get("/usage", {"from": day(1), "to": day()}).json()

    assert yesterday["totals"] == {"executions": 1, "credits": 2}
    assert both["totals"] == {"executions": 3, "credits": 16}


def test_one_end_of_a_range_is_enough(api, runs):
    since = api.get("/usage", {"from": day()}).json()
    until = api.get("/usage", {"to": day(1)}).json()

    assert (since["from"], since["to"], since["totals"]["executions"]) == (day(), day(), 2)
    assert (until["from"], until["to"], until["totals"]["executions"]) == (day(30), day(1), 1)


def test_nothing_was_used(api):
    answer = api.get("/usage").json()

    assert answer["items"] == []
    assert answer["totals"] == {"executions": 0, "credits": 0}


def test_i3_what_was_charged_is_what_a_poll_says_and_what_the_report_says(api, workflow):
    accepted = make_finished_execution(workflow)

    poll = api.get(f"/workflows/executions/{accepted.execution_id}/poll").json()
    before = api.get("/usage", {"groupBy": "workflow"}).json()
    count_usage()
    after = api.get("/usage", {"groupBy": "workflow"}).json()

    assert before == after
    assert before["items"] == [
        {"workflowId": workflow.id, "executions": 1, "credits": poll["credits"]["charged"]}
    ]


def test_a_test_key_sees_test_runs_alone_and_they_cost_nothing(workspace, runs):
    ended(workspace, mode="test", spent={"model.a": [3, 0]})
    api = ApiClient(make_key(workspace, mode="test").secret)

    assert api.get("/usage").json()["totals"] == {"executions": 1, "credits": 0}
    models = api.get("/usage", {"groupBy": "model"}).json()["items"]
    assert models == [{"model": "model.a", "executions": 3, "credits": 0}]


@pytest.mark.parametrize("group", ["day", "workflow", "key", "model"])
def test_another_workspace_sees_none_of_it(api, runs, stranger_key, group):
    answer = api.with_key(stranger_key).get("/usage", {"groupBy": group}).json()

    assert answer["items"] == []
    assert answer["totals"] == {"executions": 0, "credits": 0}


def test_the_scope_usage_is_needed(workspace):
    api = ApiClient(make_key(workspace, scopes=["read", "write", "execute"]).secret)

    for path in ("/usage", "/usage/balance"):
        assert assert_problem(api.get(path), 403, "insufficient_scope")["requiredScope"] == "usage"
        assert_problem(api.with_key(None).get(path), 401, "unauthenticated")


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize(
    "text",
    [
        "0000-00-00",
        "0000-01-01",
        "10000-01-01",
        "+2026-01-01",
        "2026-02-29",
        "2026-02-30",
        "2026-13-01",
        "2026-1-1",
        "20260101",
        "2026-W01-1",
        "2026-01-01T00:00:00Z",
        "2026-06-30T23:59:60Z",
        "2026-01-01+14:00",
        " 2026-01-01",
        "2026-01-01\n",
        "2026-01-01\x00",
        "1767225600",
        "-1",
        "NaN",
        "today",
        "",
        "２０２６-01-01",
        "9" * 5_000,
    ],
)
def test_b18_a_date_that_is_none_is_refused(api, name, text):
    problem = assert_problem(api.get("/usage", {name: text}), 400, "malformed_request")

    assert problem["detail"].startswith(name)


@pytest.mark.parametrize(
    ("first", "last", "status"),
    [
        ("0001-01-01", "0001-01-01", 200),
        ("9999-12-31", "9999-12-31", 200),
        ("2024-02-29", "2024-02-29", 200),
        (None, "0001-01-05", 200),
        ("2024-01-01", "2024-12-31", 200),  # 366 days
        ("2024-01-01", "2025-01-01", 400),
        ("0001-01-01", "9999-12-31", 400),
        ("2026-01-02", "2026-01-01", 400),
        ("9999-12-31", None, 400),
        ("0001-01-01", None, 400),
    ],
)
def test_b18_the_ends_of_the_calendar_and_of_a_range(api, first, last, status):
    query = {name: text for name, text in (("from", first), ("to", last)) if text}

    response = api.get("/usage", query)

    assert response.status_code == status
    if status == 200:
        assert response.json()["totals"] == {"executions": 0, "credits": 0}
    else:
        assert_problem(response, 400, "malformed_request")


@pytest.mark.parametrize("group", ["", "hour", "DAY", "day,key", "day\x00"])
def test_a_group_that_is_none_is_refused(api, group):
    problem = assert_problem(api.get("/usage", {"groupBy": group}), 400, "malformed_request")

    assert problem["detail"] == "groupBy must be one of day, workflow, key, model."


@pytest.mark.parametrize("path", ["/usage", "/usage/balance"])
def test_usage_is_read_and_not_written(api, path):
    assert_problem(api.post(path, {}), 405, "method_not_allowed")
