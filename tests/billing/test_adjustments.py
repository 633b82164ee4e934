"""Credits that staff give, take and give back (S14), and who has to agree."""

from datetime import UTC, datetime

import pytest

from accounts.api import SYSTEM_ACTOR, Actor, RoleTooLow
from accounts.models import AuditEntry
from billing.models import Adjustment, LedgerEntry
from billing.selectors.balances import get_balance
from billing.services.adjustments import decide_adjustment, request_adjustment
from billing.services.refunds import refund_run
from billing.services.runs import Capture, reserve_run, settle_run
from billing.types import AdjustmentState, RunRequest
from common.errors import Conflict, Forbidden, InvalidInputs
from tests.factories import make_workspace

NOW = datetime(2026, 3, 31, 23, tzinfo=UTC)
ANNA, BERT = Actor("staff", "usr_anna"), Actor("staff", "usr_bert")
MANY = 100_001


@pytest.fixture
def shop(db):
    """The id of a workspace with 100 credits."""
    return make_workspace(credits=100).id


def adjust(workspace_id, amount, *, reason="Sorry for the trouble", actor=ANNA):
    return request_adjustment(
        actor=actor, workspace_id=workspace_id, amount=amount, reason=reason, now=NOW
    )


def decide(adjustment_id, actor, *, is_approved=True):
    return decide_adjustment(
        actor=actor, adjustment_id=adjustment_id, is_approved=is_approved, now=NOW
    )


def available(workspace_id):
    return get_balance(workspace_id).available


@pytest.mark.parametrize(("amount", "after"), [(50, 150), (-30, 70), (-100, 0), (100_000, 100_100)])
def test_what_one_may_adjust_alone_is_done_at_once(shop, amount, after):
    made = adjust(shop, amount)

    assert made.state is AdjustmentState.APPLIED
    assert available(shop) == after
    legs = LedgerEntry.objects.of(shop).filter(reason="Sorry for the trouble")
    assert set(legs.values_list("type", "actor")) == {("adjust", "staff:usr_anna")}


def test_from_nothing_nothing_is_taken(shop):
    adjust(shop, -100)

    with pytest.raises(InvalidInputs):
        adjust(shop, -1)

    assert Adjustment.objects.of(shop).count() == 1


@pytest.mark.parametrize(
    "amount", [0, 1.5, 10.0, True, "10", None, 2**53 + 1, -(2**53) - 1, 10**30, float("nan")]
)
def test_s14_figures_that_are_no_whole_credits_are_refused(shop, amount):
    with pytest.raises(InvalidInputs) as refusal:
        adjust(shop, amount)

    assert refusal.value.status == 422
    assert not Adjustment.objects.of(shop).exists()


@pytest.mark.parametrize("amount", [2**53, 10**15])
def test_s14_the_largest_figures_are_held_exactly(shop, amount):
    decide(adjust(shop, amount).id, BERT)

    assert available(shop) == amount + 100


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 301])
def test_an_adjustment_has_a_reason(shop, reason):
    with pytest.raises(InvalidInputs):
        adjust(shop, 1, reason=reason)


def test_an_adjustment_is_for_an_account_that_is_there(db):
    with pytest.raises(InvalidInputs):
        adjust("ws_nobody", 1)


@pytest.mark.parametrize("actor", [SYSTEM_ACTOR, Actor("user", "usr_1"), Actor("key", "key_1")])
def test_staff_alone_adjust_and_decide(shop, actor):
    waiting = adjust(shop, MANY)

    with pytest.raises(RoleTooLow):
        adjust(shop, 1, actor=actor)
    with pytest.raises(RoleTooLow):
        decide(waiting.id, actor)


@pytest.mark.parametrize("amount", [MANY, -MANY])
def test_many_credits_wait_for_somebody_else(shop, amount):
    decide(adjust(shop, 2 * MANY).id, BERT)
    had = available(shop)
    waiting = adjust(shop, amount)

    assert waiting.state is AdjustmentState.PENDING
    assert available(shop) == had
    with pytest.raises(Forbidden):
        decide(waiting.id, ANNA)
    assert available(shop) == had

    decided = decide(waiting.id, BERT)

    assert decided.state is AdjustmentState.APPLIED
    assert available(shop) == had + amount


def test_no_more_is_taken_than_there_is(shop):
    with pytest.raises(InvalidInputs, match="Only 100 credits"):
        adjust(shop, -101)

    assert available(shop) == 100
    assert not Adjustment.objects.of(shop).exists()


def test_what_was_decided_is_not_decided_again(shop):
    waiting = adjust(shop, MANY)
    refused = decide(waiting.id, BERT, is_approved=False)

    with pytest.raises(Conflict):
        decide(waiting.id, BERT)

    assert refused.state is AdjustmentState.REFUSED
    assert available(shop) == 100


def test_an_adjustment_that_takes_from_nothing_stays_waiting(shop):
    waiting = adjust(shop, -MANY)
    adjust(shop, -100)

    with pytest.raises(InvalidInputs):
        decide(waiting.id, BERT)

    assert Adjustment.objects.of(shop).get(pk=waiting.id).state == AdjustmentState.PENDING


def test_adjustments_are_in_the_audit_log(shop):
    decide(adjust(shop, MANY).id, BERT)

    entries = AuditEntry.objects.filter(workspace_id=shop, object_type="adjustment")
    assert list(entries.order_by("number").values_list("actor", "verb")) == [
        ("staff:usr_anna", "create"),
        ("staff:usr_bert", "approve"),
    ]


@pytest.fixture
def charged(shop):
    """A run of the shop that was charged 30 of the 40 it held."""
    reserve_run(RunRequest(shop, "exec_1", "live", 40, "test"), now=NOW)
    settle_run(
        workspace_id=shop,
        execution_id="exec_1",
        captures=[Capture("a", 10), Capture("b", 20)],
        released=10,
        now=NOW,
    )
    return "exec_1"


def refund(shop, run, amount, key="ticket 1"):
    return refund_run(
        actor=ANNA,
        workspace_id=shop,
        execution_id=run,
        key=key,
        amount=amount,
        reason="Black picture",
        now=NOW,
    )


def test_a_run_is_refunded_once_for_each_key(shop, charged):
    done = [refund(shop, charged, 20), refund(shop, charged, 20)]

    assert done == [True, False]
    assert available(shop) == 90


@pytest.mark.parametrize("amount", [31, 0, -1])
def test_no_run_gets_back_more_than_it_was_charged(shop, charged, amount):
    with pytest.raises(InvalidInputs):
        refund(shop, charged, amount)


def test_refunds_of_a_run_together_are_no_more_than_its_charge(shop, charged):
    refund(shop, charged, 20)

    with pytest.raises(InvalidInputs):
        refund(shop, charged, 11, key="ticket 2")
    refund(shop, charged, 10, key="ticket 2")

    assert available(shop) == 100


def test_a_run_of_another_workspace_is_not_refunded(shop, charged):
    other = make_workspace(credits=0).id

    with pytest.raises(InvalidInputs):
        refund(other, charged, 1)
