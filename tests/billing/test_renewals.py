"""The credits that plans bring each month, also after an outage."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.api import SYSTEM_ACTOR, delete_workspace
from billing.api import open_workspace
from billing.errors import InsufficientCredits
from billing.models import Account, Plan, Subscription
from billing.selectors.balances import get_balance
from billing.selectors.checks import check_ledger
from billing.services.accounts import next_month
from billing.services.renewals import expire_all_due, renew_due
from billing.services.runs import reserve_run
from billing.types import RunRequest
from common.clock import FixedClock
from executor.services.upkeep import JOBS
from tests.factories import make_user

BEGIN = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
DAY = timedelta(days=1)
MONTHLY = 1_000


@pytest.fixture
def shop(db):
    """The id of a workspace on the free plan since `BEGIN`."""
    workspace = open_workspace(
        actor=SYSTEM_ACTOR,
        name="Shop",
        owner_email=make_user().email,
        clock=FixedClock(BEGIN),
    )
    return workspace.id


def month(number, *, second=0):
    """The time at which month `number` after the first begins."""
    return BEGIN.replace(month=1 + number) + timedelta(seconds=second)


def upkeep(now):
    """What a worker's job of each minute does."""
    (job,) = [job for job in JOBS if job.name == "credits"]
    return job.work(FixedClock(now), lambda: False)


def subscribe(workspace_id, status):
    Subscription.objects.insert(
        stripe_id="sub_1",
        workspace_id=workspace_id,
        plan=Plan.objects.get(pk="starter"),
        status=status,
        updated_at=BEGIN,
    )


def test_a_month_brings_its_credits_and_takes_those_of_the_last(shop):
    figures = upkeep(month(1, second=30))

    assert figures == {"expired": MONTHLY, "renewed": 1}
    balance = get_balance(shop)
    assert (balance.available, balance.renews_at) == (MONTHLY, month(2))
    assert [finding for finding in check_ledger() if finding.broken] == []


def test_nothing_comes_before_it_is_due_or_twice(shop):
    assert upkeep(month(1, second=-1)) == {"expired": 0, "renewed": 0}
    upkeep(month(1))

    assert upkeep(month(1)) == {"expired": 0, "renewed": 0}
    assert get_balance(shop).available == MONTHLY


def test_after_an_outage_the_month_under_way_comes_and_no_other(shop):
    back = month(4) + 9 * DAY

    figures = upkeep(back)

    assert figures == {"expired": MONTHLY, "renewed": 1}
    balance = get_balance(shop)
    assert (balance.available, balance.renews_at) == (MONTHLY, month(5))


def test_a_run_does_not_wait_for_the_job_that_brings_the_month(shop):
    with pytest.raises(InsufficientCredits):
        reserve_run(RunRequest(shop, "early", "live", MONTHLY + 1, "test"), now=month(1))
    reserve_run(RunRequest(shop, "run", "live", MONTHLY, "test"), now=month(1))

    assert get_balance(shop).held == MONTHLY
    assert renew_due(now=month(1)) == 0


@pytest.mark.parametrize("status", ["active", "trialing", "past_due"])
def test_a_subscription_brings_its_credits_itself(shop, status):
    subscribe(shop, status)

    assert upkeep(month(1)) == {"expired": MONTHLY, "renewed": 0}


def test_a_plan_whose_subscription_ended_brings_its_credits_again(shop):
    subscribe(shop, "canceled")

    assert upkeep(month(1))["renewed"] == 1


def test_a_deleted_workspace_gets_no_more_credits(shop):
    delete_workspace(actor=SYSTEM_ACTOR, workspace_id=shop)

    assert upkeep(month(1))["renewed"] == 0
    assert Account.objects.get(pk=shop).renews_at is None


def test_a_plan_without_monthly_credits_goes_on_to_the_next_month(shop):
    Plan.objects.filter(pk="free").update(monthly_credits=0)

    upkeep(month(1))

    assert get_balance(shop).available == 0
    assert get_balance(shop).renews_at == month(2)


def test_jobs_leave_off_when_the_worker_stops(shop):
    assert expire_all_due(now=month(1), should_stop=lambda: True) == 0
    assert renew_due(now=month(1), should_stop=lambda: True) == 0


@pytest.mark.parametrize(
    ("moment", "following"),
    [
        (datetime(2026, 1, 31, 5, tzinfo=UTC), datetime(2026, 2, 28, 5, tzinfo=UTC)),
        (datetime(2028, 1, 31, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC)),
        (datetime(2026, 12, 15, tzinfo=UTC), datetime(2027, 1, 15, tzinfo=UTC)),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last(moment, following):
    assert next_month(moment) == following
