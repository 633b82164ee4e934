"""The executions of a UTC day: counted in the transaction that accepts a run, so exactly."""

import threading
from datetime import UTC, date, datetime

import pytest
from django.db import connections, transaction

from billing.api import DailyQuotaExceeded, RunRequest, reserve_run
from billing.models import Account
from common.clock import FixedClock
from common.errors import PixelFlowError
from executor.models import Execution
from tests.client import ApiClient
from tests.factories import AMPLE_LIMITS, make_key, make_published_workflow, make_workspace
from tests.http.problem import assert_problem

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def limited_to(count: int):
    return make_workspace(limits={**AMPLE_LIMITS, "executionsPerDay": count})


def take(workspace, now: datetime, *, mode: str = "live", price: int = 0) -> bool:
    """Accept an execution's share of the day, as the executor's transaction does."""
    run = RunRequest(
        workspace_id=workspace.id,
        execution_id=f"exec_{threading.get_ident()}_{now.timestamp()}",
        mode=mode,
        credits=price,
        actor="system",
    )
    try:
        with transaction.atomic():
            reserve_run(run, now=now)
    except DailyQuotaExceeded:
        return False
    return True


def take_side_by_side(workspace, threads: int) -> list[bool]:
    taken, faults, line = [], [], threading.Barrier(threads)

    def go() -> None:
        try:
            line.wait()
            taken.append(take(workspace, NOON))
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            faults.append(error)
        finally:
            connections.close_all()

    started = [threading.Thread(target=go) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    assert faults == []
    return taken


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("left", [1, 7])
def test_r5_of_64_threads_exactly_as_many_get_in_as_are_left_of_the_day(left: int) -> None:
    workspace = limited_to(10)
    for _ in range(10 - left):
        assert take(workspace, NOON)

    taken = take_side_by_side(workspace, 64)

    assert sum(taken) == left
    assert Account.objects.get(pk=workspace.id).day_live == 10


@pytest.mark.django_db(transaction=True)
def test_r5_a_day_that_begins_side_by_side_is_counted_from_nothing() -> None:
    workspace = limited_to(5)
    yesterday = datetime(2026, 2, 28, 23, 0, tzinfo=UTC)
    for _ in range(5):
        assert take(workspace, yesterday)

    taken = take_side_by_side(workspace, 64)

    account = Account.objects.get(pk=workspace.id)
    assert sum(taken) == 5
    assert (account.day, account.day_live) == (date(2026, 3, 1), 5)


@pytest.mark.django_db
def test_r4_a_day_ends_at_midnight_utc_and_says_when() -> None:
    workspace = limited_to(2)
    clock = FixedClock(datetime(2026, 3, 1, 23, 59, 59, 900_000, tzinfo=UTC))
    assert take(workspace, clock.now())
    assert take(workspace, clock.now())

    run = RunRequest(
        workspace_id=workspace.id, execution_id="exec_x", mode="live", credits=0, actor="system"
    )
    with pytest.raises(DailyQuotaExceeded) as refused:
        reserve_run(run, now=clock.now())
    clock.advance(0.2)

    assert refused.value.fields == {"retryAfter": 1, "limit": 2, "window": "day"}
    assert [take(workspace, clock.now()) for _ in range(3)] == [True, True, False]


@pytest.mark.django_db
def test_r4_live_and_test_runs_have_days_of_their_own() -> None:
    workspace = limited_to(1)

    assert take(workspace, NOON)
    assert not take(workspace, NOON)
    assert take(workspace, NOON, mode="test")
    assert not take(workspace, NOON, mode="test")


@pytest.mark.django_db
def test_r4_the_51st_of_a_day_is_refused_and_refused_calls_count_nothing() -> None:
    workspace = make_workspace(
        limits={"requestsPerMinute": 1_000, "executionsPerMinute": 1_000}, credits=1_000
    )
    flow, api = make_published_workflow(workspace), ApiClient(make_key(workspace).secret)
    path, body = f"/workflows/{flow.id}/execute", {"inputs": {"text": "x"}}
    for _ in range(5):
        assert api.post(path, {"inputs": {"text": 7}}).status_code == 422
        assert api.post("/workflows/wf_none/execute", body).status_code == 404
    for number in range(50):
        assert api.post(path, body, Idempotency_Key=str(number)).status_code == 202

    refusal = api.post(path, body)
    replayed = api.post(path, body, Idempotency_Key="7")

    problem = assert_problem(refusal, 429, "daily_quota_exceeded")
    assert (problem["limit"], problem["window"]) == (50, "day")
    assert 0 < problem["retryAfter"] <= 86_400
    assert refusal.headers["Retry-After"] == str(problem["retryAfter"])
    assert replayed.status_code == 202
    assert Execution.objects.of(workspace.id).count() == 50
    assert Account.objects.get(pk=workspace.id).day_live == 50


@pytest.mark.django_db
def test_r4_a_run_that_cannot_be_paid_is_no_execution_of_the_day() -> None:
    workspace = make_workspace(credits=5)

    with pytest.raises(PixelFlowError, match="credits"):
        take(workspace, NOON, price=6)

    assert Account.objects.get(pk=workspace.id).day_live == 0
