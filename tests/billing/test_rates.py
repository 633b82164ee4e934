"""Executions of a workspace within a minute: ten, wherever it starts; refused ones use up nothing."""

import pytest

from accounts.api import SYSTEM_ACTOR, override_limits
from billing.api import RateLimited, count_execution, forget_limits
from billing.models import Account
from common.limits.memory import MemoryWindows
from executor.models import Execution
from tests.client import ApiClient
from tests.common.test_limits_windows import Nanoseconds
from tests.counts import count_in
from tests.factories import (
    AMPLE_LIMITS,
    make_execution,
    make_key,
    make_published_workflow,
    make_workspace,
)
from tests.http.problem import assert_problem

pytestmark = pytest.mark.django_db

TEN = {**AMPLE_LIMITS, "executionsPerMinute": 10}


@pytest.fixture
def clock() -> Nanoseconds:
    moved = Nanoseconds()
    count_in(MemoryWindows(monotonic_ns=moved))
    return moved


@pytest.fixture
def workspace(db):
    return make_workspace(plan="pro", limits=TEN)


def counted(workspace_id: str, mode: str = "live") -> bool:
    try:
        count_execution(workspace_id, mode)
    except RateLimited:
        return False
    return True


def test_r1_the_minute_of_executions_slides_and_its_retry_is_true(workspace, clock) -> None:
    clock.advance(59.9)
    assert [counted(workspace.id) for _ in range(11)] == [True] * 10 + [False]
    clock.advance(30.5)

    with pytest.raises(RateLimited) as refused:
        count_execution(workspace.id, "live")
    clock.advance(refused.value.fields["retryAfter"])

    assert refused.value.fields == {"retryAfter": 30, "limit": 10, "window": "minute"}
    assert [counted(workspace.id) for _ in range(11)] == [True] * 10 + [False]


def test_live_and_test_runs_and_other_workspaces_count_apart(workspace, clock) -> None:
    other = make_workspace(limits={})
    for _ in range(10):
        count_execution(workspace.id, "live")

    assert not counted(workspace.id)
    assert counted(workspace.id, "test")
    assert counted(other.id)


def test_staff_set_the_figure_of_a_workspace(workspace, clock) -> None:
    limits = {**AMPLE_LIMITS, "executionsPerMinute": 12}
    override_limits(actor=SYSTEM_ACTOR, workspace_id=workspace.id, limits=limits)
    forget_limits()

    assert [counted(workspace.id) for _ in range(13)] == [True] * 12 + [False]


def test_r4_an_execute_over_the_minute_is_refused_and_uses_up_nothing(workspace, clock) -> None:
    flow = make_published_workflow(workspace)
    api = ApiClient(make_key(workspace).secret)
    body = {"inputs": {"text": "x"}}
    for _ in range(10):
        assert api.post(f"/workflows/{flow.id}/execute", body).status_code == 202

    refusal = api.post(f"/workflows/{flow.id}/execute", body, Idempotency_Key="once")
    clock.advance(60)
    after = api.post(f"/workflows/{flow.id}/execute", body, Idempotency_Key="once")

    problem = assert_problem(refusal, 429, "rate_limited")
    assert (problem["limit"], problem["window"], problem["retryAfter"]) == (10, "minute", 60)
    assert refusal.headers["Retry-After"] == "60"
    assert int(refusal.headers["X-RateLimit-Remaining"]) > 0
    assert after.status_code == 202
    assert Execution.objects.of(workspace.id).count() == 11
    assert Account.objects.get(pk=workspace.id).day_live == 11


def test_r4_calls_that_are_refused_for_their_inputs_count_no_execution(workspace, clock) -> None:
    flow = make_published_workflow(workspace)
    api = ApiClient(make_key(workspace).secret)
    for _ in range(20):
        refused = api.post(f"/workflows/{flow.id}/execute", {"inputs": {"text": 7}})
        assert refused.status_code == 422

    assert [make_execution(flow).estimated_credits for _ in range(10)] == [0] * 10
    assert Account.objects.get(pk=workspace.id).day_live == 10
