"""Credits that come in, expire, and are taken back (S12)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from prometheus_client import REGISTRY

from billing.errors import InsufficientCredits
from billing.models import Account, Grant, LedgerEntry
from billing.selectors.balances import get_balance
from billing.selectors.checks import check_ledger, count_imbalances
from billing.selectors.statement import list_grants, list_ledger
from billing.services.clawbacks import claw_back
from billing.services.grants import NewGrant, add_grant, expire_due
from billing.services.renewals import expire_all_due
from billing.services.runs import Capture, reserve_run, settle_run
from billing.types import EntryType, GrantKind, RunRequest
from common.clock import SYSTEM_CLOCK
from executor.selectors.invariants import check_invariants
from executor.services.upkeep import JOBS
from tests.factories import make_workspace

NOW = datetime(2026, 3, 31, 23, tzinfo=UTC)
MIDNIGHT = NOW + timedelta(hours=1)
LATER = MIDNIGHT + timedelta(hours=1)


@pytest.fixture
def broke(db):
    """The id of a workspace without credits."""
    return make_workspace(credits=0).id


def give(workspace_id, key, amount, *, kind=GrantKind.PLAN, expires_at=None):
    grant = NewGrant(key, kind, amount, expires_at)
    return add_grant(workspace_id=workspace_id, grant=grant, actor="test", now=NOW)


def hold(workspace_id, execution_id, amount, now=NOW):
    request = RunRequest(workspace_id, execution_id, "live", amount, "test")
    with transaction.atomic():
        reserve_run(request, now=now)


def end(workspace_id, execution_id, captured, released, now=NOW):
    captures = [Capture(execution_id, captured)] if captured else []
    with transaction.atomic():
        settle_run(
            workspace_id=workspace_id,
            execution_id=execution_id,
            captures=captures,
            released=released,
            now=now,
        )


def has(workspace_id):
    balance = get_balance(workspace_id)
    return balance.available, balance.held


def left(workspace_id):
    return {grant.key: grant.remaining for grant in list_grants(workspace_id)}


@pytest.fixture(autouse=True)
def _balanced(db):
    """Whatever a test did, the ledger adds up after it."""
    yield
    assert [finding for finding in check_ledger() if finding.broken] == []


def test_a_fact_grants_once(broke):
    assert give(broke, "invoice:1", 100) is True
    assert give(broke, "invoice:1", 100) is False

    assert has(broke) == (100, 0)


def test_a_grant_of_nothing_is_refused(broke):
    with pytest.raises(IntegrityError), transaction.atomic():
        give(broke, "nothing", 0)


def test_what_expires_first_is_spent_first(broke):
    give(broke, "bought", 50, kind=GrantKind.PURCHASE)
    give(broke, "next month", 50, expires_at=MIDNIGHT + timedelta(days=30))
    give(broke, "this month", 50, expires_at=MIDNIGHT)

    hold(broke, "run", 70)
    end(broke, "run", 70, 0)
    expire_due(workspace_id=broke, now=NOW)

    assert left(broke) == {"this month": 0, "next month": 30, "bought": 50}


def test_s12_credits_that_a_run_holds_at_midnight_are_not_lost(broke):
    give(broke, "month", 100, expires_at=MIDNIGHT)
    hold(broke, "run", 60)

    gone = expire_due(workspace_id=broke, now=LATER)
    end(broke, "run", 60, 0, LATER)

    assert gone == 40
    assert has(broke) == (0, 0)


def test_s12_what_a_run_lets_go_of_after_midnight_expires(broke):
    give(broke, "month", 100, expires_at=MIDNIGHT)
    hold(broke, "run", 60)
    expire_due(workspace_id=broke, now=LATER)
    end(broke, "run", 10, 50, LATER)

    with pytest.raises(InsufficientCredits):
        hold(broke, "next", 1, LATER)
    gone = expire_all_due(now=LATER)

    assert gone == 50
    assert has(broke) == (0, 0)


def test_s12_no_run_starts_on_credits_that_expired_unnoticed(broke):
    give(broke, "month", 100, expires_at=MIDNIGHT)
    give(broke, "bought", 5, kind=GrantKind.PURCHASE)

    with pytest.raises(InsufficientCredits) as refusal:
        hold(broke, "run", 6, LATER)
    hold(broke, "small", 5, LATER)

    assert refusal.value.balance == 5
    assert has(broke) == (0, 5)


def test_a_grant_that_comes_after_its_own_expiry_is_never_spent(broke):
    give(broke, "late invoice", 100, expires_at=NOW - timedelta(days=1))

    with pytest.raises(InsufficientCredits):
        hold(broke, "run", 1)

    assert expire_all_due(now=NOW) == 100


def test_expiry_is_booked_once(broke):
    give(broke, "month", 100, expires_at=MIDNIGHT)

    assert [expire_all_due(now=LATER) for _ in range(2)] == [100, 0]


def test_what_was_clawed_back_unspent_is_gone(broke):
    give(broke, "invoice:1", 100, kind=GrantKind.PURCHASE)
    give(broke, "month", 50, expires_at=MIDNIGHT)

    claw_back(workspace_id=broke, key="re_1", amount=100, grant_key="invoice:1", now=NOW)

    assert left(broke) == {"invoice:1": 0, "month": 50}
    assert has(broke) == (50, 0)


def test_what_was_clawed_back_spent_is_owed_and_paid_by_the_next_grant(broke):
    give(broke, "invoice:1", 100, kind=GrantKind.PURCHASE)
    hold(broke, "run", 80)
    end(broke, "run", 80, 0)

    claw_back(workspace_id=broke, key="re_1", amount=100, grant_key="invoice:1", now=NOW)

    assert has(broke) == (-80, 0)
    with pytest.raises(InsufficientCredits):
        hold(broke, "next", 1)
    hold(broke, "free", 0)
    give(broke, "invoice:2", 100)
    assert has(broke) == (20, 0)
    assert left(broke)["invoice:2"] == 20


def test_a_run_goes_on_with_what_it_holds_although_its_payment_was_clawed_back(broke):
    give(broke, "invoice:1", 100, kind=GrantKind.PURCHASE)
    hold(broke, "run", 60)

    claw_back(workspace_id=broke, key="re_1", amount=100, grant_key="invoice:1", now=NOW)
    end(broke, "run", 60, 0)

    assert has(broke) == (-60, 0)


def test_a_payment_is_clawed_back_once(broke):
    give(broke, "invoice:1", 100)

    done = [claw_back(workspace_id=broke, key="re_1", amount=30, now=NOW) for _ in range(2)]

    assert done == [True, False]
    assert has(broke) == (70, 0)


@pytest.mark.parametrize("amount", [0, -5])
def test_less_than_a_credit_is_not_clawed_back(broke, amount):
    with pytest.raises(ValueError, match="cannot be taken back"):
        claw_back(workspace_id=broke, key="re_1", amount=amount, now=NOW)


def test_the_ledger_tells_what_happened_newest_first(broke):
    give(broke, "month", 100, expires_at=MIDNIGHT)
    hold(broke, "run", 60)
    end(broke, "run", 20, 40)

    lines = list_ledger(broke)

    assert [(line.type, line.available, line.held) for line in lines] == [
        (EntryType.RELEASE, 40, -40),
        (EntryType.CAPTURE, 0, -20),
        (EntryType.HOLD, -60, 60),
        (EntryType.GRANT, 100, 0),
    ]
    assert list_ledger(broke, before=lines[0].id, limit=2) == lines[1:3]


def test_i2_a_balance_that_differs_from_its_ledger_is_found(broke):
    give(broke, "month", 100)
    Account.objects.filter(pk=broke).update(available=99)

    broken = {finding.rule for finding in check_ledger() if finding.broken}

    assert broken == {
        "an account equals the sum of its ledger",
        "grants add up to what there is to spend",
    }
    assert count_imbalances() == 2
    Account.objects.filter(pk=broke).update(available=100)


def test_i2_grants_that_do_not_add_up_are_found(broke):
    give(broke, "month", 100)
    Grant.objects.of(broke).update(remaining=70)

    (found,) = [finding for finding in check_ledger() if finding.broken]

    assert found.rule == "grants add up to what there is to spend"
    assert found.examples == [f"{broke}: 70, 100"]
    Grant.objects.of(broke).update(remaining=100)


def test_a_booked_key_is_booked_once(broke):
    give(broke, "month", 100)
    hold(broke, "run", 10)

    with pytest.raises(IntegrityError), transaction.atomic():
        hold(broke, "run", 10)

    assert LedgerEntry.objects.of(broke).filter(key="hold:run").count() == 2
    assert has(broke) == (90, 10)


def test_i2_an_imbalance_shows_in_the_metrics_and_in_the_invariants(broke):
    (job,) = [job for job in JOBS if job.name == "ledger"]
    Account.objects.filter(pk=broke).update(available=1)

    figures = job.work(SYSTEM_CLOCK, lambda: False)
    found = {finding.code for finding in check_invariants() if finding.broken}

    assert figures == {"imbalances": 2}
    assert REGISTRY.get_sample_value("pixelflow_ledger_imbalance") == 2
    assert found == {"I2"}
    Account.objects.filter(pk=broke).update(available=0)
    job.work(SYSTEM_CLOCK, lambda: False)
    assert REGISTRY.get_sample_value("pixelflow_ledger_imbalance") == 0
