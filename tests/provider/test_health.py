"""How providers have done, as staff see it: counts, failures, times, spend and blocks."""

from datetime import timedelta
from typing import Any

import pytest

from common.clock import FixedClock, utc_now
from common.ids import new_id
from executor.models import Attempt
from executor.selectors.provider_health import count_unknown, get_health
from executor.services.provider_blocks import block_account
from executor.services.upkeep import do_by_hand
from tests.factories import make_execution, make_published_workflow

NOW = utc_now()


@pytest.fixture
def execution_id(workspace) -> str:
    return make_execution(make_published_workflow(workspace)).execution_id


def attempt(execution_id: str, workspace: Any, state: str, **more: Any) -> Attempt:
    """An attempt that began ten minutes ago; `seconds` is how long it took."""
    began = more.pop("began", NOW - timedelta(minutes=10))
    seconds = more.pop("seconds", None)
    values = {"provider": "fal", "model": "fal-ai/x", "model_key": "x", **more}
    return Attempt.objects.create(
        id=new_id("att"),
        execution_id=execution_id,
        workspace_id=workspace.id,
        task_id=new_id("task"),
        node_id="n",
        number=1,
        state=state,
        client_ref=new_id("pf"),
        callback_token=new_id("cb"),
        request_digest="0" * 64,
        created_at=began,
        submitted_at=began,
        finished_at=None if seconds is None else began + timedelta(seconds=seconds),
        **values,
    )


def test_a_provider_is_counted_with_its_failures_times_and_spend(workspace, execution_id) -> None:
    for seconds in (1, 2, 3, 4, 100):
        attempt(execution_id, workspace, "done", seconds=seconds, cost_micros=40_000, credits=50)
    attempt(execution_id, workspace, "done", seconds=2, credits=50)
    attempt(execution_id, workspace, "failed", error={"code": "content_policy"}, cost_micros=10_000)
    attempt(execution_id, workspace, "failed", error={"code": "provider_error"})
    attempt(execution_id, workspace, "unknown", error={"code": "provider_outcome_unknown"})
    attempt(execution_id, workspace, "cancelled")
    attempt(execution_id, workspace, "submitted")

    (health,) = get_health("hour", clock=FixedClock(NOW)).providers

    assert (health.attempts, health.done, health.failed) == (11, 6, 2)
    assert (health.cancelled, health.unknown, health.open_jobs) == (1, 1, 1)
    assert health.failures == {
        "content_policy": 1, "provider_error": 1, "provider_outcome_unknown": 1,
    }  # fmt: skip
    assert (health.median_s, health.p95_s) == (3.0, 100.0)
    assert (health.spent_usd, health.priced, health.credits) == (0.21, 6, 300)


def test_models_are_counted_by_provider_and_nodes_of_an_own_module_are_none(
    workspace, execution_id
) -> None:
    attempt(execution_id, workspace, "done", seconds=1)
    attempt(execution_id, workspace, "done", seconds=1, provider="bfl")
    attempt(execution_id, workspace, "done", seconds=1, provider="own", model_key="")

    report = get_health("hour", clock=FixedClock(NOW))

    assert [(each.provider, each.model_key) for each in report.models] == [
        ("bfl", "x"), ("fal", "x"),
    ]  # fmt: skip
    assert [each.provider for each in report.providers] == ["bfl", "fal", "own"]


@pytest.mark.parametrize(("span", "counted"), [("hour", 1), ("day", 2), ("month", 3)])
def test_a_span_holds_what_began_within_it(workspace, execution_id, span, counted) -> None:
    for age in (timedelta(minutes=1), timedelta(hours=2), timedelta(days=20), timedelta(days=40)):
        attempt(execution_id, workspace, "done", seconds=1, began=NOW - age)

    (health,) = get_health(span, clock=FixedClock(NOW)).providers

    assert health.attempts == counted


def test_an_open_job_is_shown_however_old_it_is(workspace, execution_id) -> None:
    attempt(execution_id, workspace, "submitted", began=NOW - timedelta(days=2))

    (health,) = get_health("hour", clock=FixedClock(NOW)).providers

    assert (health.attempts, health.open_jobs) == (0, 1)


def test_accounts_that_are_refused_are_shown(db) -> None:
    block_account(provider="fal", account="", message="No money.", clock=FixedClock(NOW))

    (block,) = get_health("hour", clock=FixedClock(NOW)).blocks

    assert (block.provider, block.account, block.message) == ("fal", "", "No money.")


def test_the_page_takes_five_statements(workspace, execution_id, django_assert_num_queries) -> None:
    attempt(execution_id, workspace, "done", seconds=1)

    with django_assert_num_queries(5):
        get_health("month", clock=FixedClock(NOW))


def test_unknown_outcomes_are_told_of_each_day(workspace, execution_id) -> None:
    attempt(execution_id, workspace, "unknown", error={"code": "provider_outcome_unknown"})

    told = do_by_hand(clock=FixedClock(NOW))

    assert count_unknown(NOW - timedelta(days=1)) == told["provider_unknown"] == 1
