"""What runs take of their workspace, also side by side (S1, S14)."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.api import set_plan
from billing.errors import DailyQuotaExceeded, InsufficientCredits
from billing.models import Account, KeyMonth
from billing.selectors.balances import get_balance
from billing.selectors.checks import check_ledger
from billing.services.grants import NewGrant, add_grant
from billing.services.runs import CappedKey, Capture, month_of, reserve_run, settle_run
from billing.types import GrantKind, RunRequest
from common.clock import utc_now
from tests.factories import make_workspace

NOW = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)


def take(workspace_id, execution_id, credits_, *, now=NOW, mode="live", cap=None):
    key = None if cap is None else "key_1"
    request = RunRequest(workspace_id, execution_id, mode, credits_, "test", key, cap)
    with transaction.atomic():
        reserve_run(request, now=now)


def settle(workspace_id, execution_id, *, captured=0, released=0, capped=None, now=NOW):
    captures = [Capture(f"{execution_id}:{captured}", captured)] if captured else []
    with transaction.atomic():
        settle_run(
            workspace_id=workspace_id,
            execution_id=execution_id,
            captures=captures,
            released=released,
            capped=capped,
            now=now,
        )


@pytest.fixture
def shop(db):
    """The id of a workspace with 100 credits."""
    return make_workspace(plan="enterprise", credits=100).id


def test_a_run_that_nothing_can_pay_for_changes_nothing(shop):
    with pytest.raises(InsufficientCredits) as refusal:
        take(shop, "run", 101)

    assert (refusal.value.required, refusal.value.balance) == (101, 100)
    account = Account.objects.get(pk=shop)
    assert (account.available, account.held, account.day_live) == (100, 0, 0)


def test_more_than_is_held_cannot_be_settled(shop):
    take(shop, "run", 10)

    with pytest.raises(IntegrityError), transaction.atomic():
        settle(shop, "run", captured=6, released=5)

    assert get_balance(shop).held == 10


def test_an_account_that_is_not_there_is_not_settled(shop):
    with pytest.raises(Account.DoesNotExist):
        settle("ws_nobody", "run", captured=1)


def test_a_workspace_without_an_account_gets_one_with_its_first_run(shop):
    Account.objects.filter(pk=shop).delete()

    with pytest.raises(InsufficientCredits):
        take(shop, "run", 10)
    take(shop, "run", 0)

    assert Account.objects.get(pk=shop).day_live == 1


def test_the_day_counts_modes_apart_and_begins_anew_at_midnight(shop):
    for number in range(3):
        take(shop, f"live {number}", 1)
    take(shop, "test", 0, mode="test")
    before = Account.objects.get(pk=shop)

    take(shop, "tomorrow", 1, now=NOW + timedelta(hours=1))

    assert (before.day_live, before.day_test) == (3, 1)
    after = Account.objects.get(pk=shop)
    assert (after.day, after.day_live, after.day_test) == (datetime(2026, 4, 1).date(), 1, 0)  # noqa: DTZ001


def test_a_full_day_is_told_before_missing_credits(db):
    workspace = make_workspace(plan="free", credits=10, limits={}).id
    Account.objects.filter(pk=workspace).update(day=NOW.date(), day_live=50)

    with pytest.raises(DailyQuotaExceeded) as refusal:
        take(workspace, "run", 11)

    assert refusal.value.retry_after_s == 1_800


def test_a_key_with_a_cap_holds_and_spends_no_more_in_a_month(shop):
    take(shop, "one", 40, cap=60)
    with pytest.raises(InsufficientCredits) as refusal:
        take(shop, "two", 21, cap=60)
    settle(shop, "one", captured=10, released=30, capped=CappedKey("key_1", month_of(NOW)))
    take(shop, "three", 50, cap=60)

    assert refusal.value.balance == 20
    assert refusal.value.fields["keyMonthlyCap"] == 60
    assert KeyMonth.objects.get().credits == 60


def test_a_key_above_its_cap_in_one_run_is_refused_with_all_that_is_left(shop):
    with pytest.raises(InsufficientCredits) as refusal:
        take(shop, "one", 61, cap=60)

    assert refusal.value.balance == 60
    assert not KeyMonth.objects.exists()


def test_a_cap_begins_anew_with_the_month_and_a_release_counts_where_the_hold_did(shop):
    take(shop, "march", 60, cap=60)

    take(shop, "april", 20, cap=60, now=NOW + timedelta(hours=1))
    settle(shop, "march", released=60, capped=CappedKey("key_1", month_of(NOW)))

    months = dict(KeyMonth.objects.values_list("month__month", "credits"))
    assert months == {3: 0, 4: 20}


def side_by_side(work, times):
    """Do something in so many threads at once; returns how often each thing came of it."""
    start = threading.Barrier(min(times, 20))

    def one(number):
        if number < start.parties:
            start.wait()
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        return Counter(pool.map(one, range(times)))


@pytest.mark.django_db(transaction=True)
def test_s1_of_100_runs_at_once_with_money_for_10_exactly_10_are_taken():
    workspace = make_workspace(plan="enterprise", credits=100).id

    def run(number):
        try:
            take(workspace, f"run {number}", 10)
        except InsufficientCredits:
            return "refused"
        return "taken"

    came = side_by_side(run, 100)

    assert came == {"taken": 10, "refused": 90}
    account = Account.objects.get(pk=workspace)
    assert (account.available, account.held, account.day_live) == (0, 100, 10)
    assert [finding for finding in check_ledger() if finding.broken] == []


@pytest.mark.django_db(transaction=True)
def test_s12_runs_that_start_and_end_at_midnight_side_by_side_leave_the_bought_credits():
    workspace = make_workspace(plan="enterprise", credits=0).id
    now = utc_now()
    month = NewGrant("month", GrantKind.PLAN, 100, now + timedelta(seconds=1))
    bought = NewGrant("bought", GrantKind.PURCHASE, 100)
    for grant in (month, bought):
        add_grant(workspace_id=workspace, grant=grant, actor="test", now=now)
    for number in range(10):
        take(workspace, f"old {number}", 10, now=now)

    def work(number):
        after = now + timedelta(seconds=2)
        if number % 2:
            settle(workspace, f"old {number // 2}", captured=4, released=6, now=after)
        else:
            take(workspace, f"new {number}", 1, now=after)
        return "done"

    came = side_by_side(work, 20)

    assert came == {"done": 20}
    assert [finding for finding in check_ledger() if finding.broken] == []
    balance = get_balance(workspace)
    assert balance.held == 10
    assert balance.available >= 90


@pytest.mark.django_db(transaction=True)
def test_one_fact_grants_once_side_by_side():
    workspace = make_workspace(plan="enterprise", credits=0).id
    grant = NewGrant("invoice:1", GrantKind.PURCHASE, 100)

    came = side_by_side(
        lambda _: add_grant(workspace_id=workspace, grant=grant, actor="test", now=NOW), 20
    )

    assert came == {True: 1, False: 19}
    assert get_balance(workspace).available == 100


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_plan_that_is_being_changed_keeps_no_run_waiting():
    workspace = make_workspace(plan="starter", credits=100).id
    locked, taken, came = threading.Event(), threading.Event(), []

    def change():
        with transaction.atomic():
            set_plan(workspace_id=workspace, plan="pro")
            locked.set()
            came.append(taken.wait(5))
        connection.close()

    changing = threading.Thread(target=change)
    changing.start()
    locked.wait(5)
    take(workspace, "run", 10)
    taken.set()
    changing.join()

    assert came == [True]
