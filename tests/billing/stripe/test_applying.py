"""What is booked of what happens at Stripe, however its events come."""

import random
from datetime import timedelta
from typing import cast

import pytest

from accounts.api import SYSTEM_ACTOR
from accounts.models import AuditEntry
from billing.gateway import StripeGateway
from billing.models import CheckoutIntent, Grant, LedgerEntry, StripeCustomer, StripeEvent
from billing.services.payments.applying import LEASE, MAX_TRIES, apply_events
from billing.services.payments.inbox import retry_event
from billing.services.plans import change_plan
from billing.services.runs import Capture, reserve_run, settle_run
from billing.types import EventState, IntentState, RunRequest
from tests.billing.stripe.shop import Shop, at
from tests.billing.stripe.world import DAY, month_after

STARTER, PRO = 10_000, 50_000


def spend(shop: Shop, amount: int) -> None:
    """A run that costs so much."""
    number = LedgerEntry.objects.across_workspaces().count()
    run = RunRequest(shop.workspace.id, f"exec_{number}", "live", amount, actor="key:x")
    reserve_run(run, now=shop.clock.now())
    settle_run(
        workspace_id=shop.workspace.id,
        execution_id=run.execution_id,
        captures=[Capture(f"{number}", amount)],
        now=shop.clock.now(),
    )


def test_a_subscription_puts_the_workspace_on_its_plan_and_brings_the_months_credits(shop):
    subscription = shop.subscribe("starter")
    shop.settle()

    assert shop.plan == "starter"
    assert shop.account.available == STARTER
    assert shop.account.renews_at == at(month_after(shop.world.now))
    grant = Grant.objects.of(shop.workspace.id).get()
    assert grant.expires_at == at(subscription["items"]["data"][0]["current_period_end"])
    assert set(shop.states()) == {EventState.APPLIED}


def test_a_plan_that_a_subscription_brings_stands_in_the_audit_log_once(shop):
    shop.subscribe("starter")
    shop.settle()

    changes = AuditEntry.objects.filter(workspace_id=shop.workspace.id, verb__contains="change")
    assert list(changes.values_list("before", "after")) == [("free", "starter")]


def test_a_pack_brings_credits_that_never_expire(shop):
    session = shop.buy("pack:credits-5000")
    shop.settle()

    grant = Grant.objects.of(shop.workspace.id).get()
    assert (grant.key, grant.amount, grant.expires_at) == (f"pack:{session['id']}", 5_000, None)
    assert shop.plan == "free"
    assert CheckoutIntent.objects.of(shop.workspace.id).get().state == IntentState.PAID


def test_a_payment_that_a_bank_takes_days_over_brings_nothing_until_it_is_there(shop):
    shop.start("pack:credits-5000")
    session = shop.world.pay(shop.session(), is_later=True)
    shop.settle()
    before = shop.account.available

    shop.advance(2 * DAY)
    shop.world.clear(session)
    shop.settle()

    assert (before, shop.account.available) == (0, 5_000)


def test_renewal_brings_new_credits_and_the_old_ones_expire(shop):
    shop.subscribe("starter")
    shop.settle()
    spend(shop, 4_000)

    shop.advance(32 * DAY)
    shop.settle()

    assert shop.account.available == STARTER
    assert len(shop.grants()) == 1


def test_s3_two_events_for_one_invoice_grant_once(shop):
    shop.subscribe("starter")
    events = shop.new_events()
    types = [event["type"] for event in events]
    assert {"invoice.paid", "invoice.payment_succeeded"} <= set(types)

    for event in events:
        shop.tell(event)
        shop.apply()

    assert shop.account.available == STARTER
    assert LedgerEntry.objects.of(shop.workspace.id).count() == 2


def test_s4_events_in_any_order_lead_to_what_stripe_says_now(shop):
    subscription = shop.subscribe("starter")
    shop.world.change_price(subscription, shop.price("plan:pro"))
    shop.world.cancel(subscription)
    events = shop.new_events()

    for event in reversed(events):
        shop.tell(event)
        shop.apply()

    assert shop.plan == "free"
    assert shop.account.available == PRO


def test_s4_an_old_update_after_a_new_one_changes_nothing(shop):
    subscription = shop.subscribe("starter")
    shop.world.change_price(subscription, shop.price("plan:pro"))
    old, new = (
        event for event in shop.new_events() if event["type"].startswith("customer.subscription")
    )

    shop.tell(new)
    shop.apply()
    shop.tell(old)
    shop.apply()

    assert shop.plan == "pro"


def test_s4_what_was_read_before_another_worker_took_over_is_not_written(shop):
    shop.subscribe("starter")
    shop.tell(*shop.new_events())
    read_state = shop.gateway.read_state

    class Slow:
        """Reads, and is overtaken before it writes."""

        def __getattr__(self, name):
            return getattr(shop.gateway, name)

        def read_state(self, customer, *, since):
            state = read_state(customer, since=since)
            StripeCustomer.objects.update(lease="another's")
            return state

    keys = list(StripeEvent.objects.values_list("pk", flat=True))

    assert apply_events(keys, gateway=cast(StripeGateway, Slow()), clock=shop.clock) == 0
    assert shop.plan == "free"
    StripeCustomer.objects.update(leased_until=shop.clock.now() - LEASE)
    assert shop.apply() > 0
    assert shop.plan == "starter"


def test_two_workers_do_not_apply_for_one_customer_at_once(shop):
    shop.subscribe("starter")
    shop.tell(*shop.new_events())
    StripeCustomer.objects.update(lease="another's", leased_until=shop.clock.now() + LEASE)

    assert shop.apply() == 0
    assert EventState.APPLIED not in shop.states()

    shop.clock.advance(LEASE.total_seconds() + 1)
    assert shop.apply() > 0


def test_an_upgrade_brings_the_rest_of_the_month_less_what_the_old_plan_had_of_it(shop):
    subscription = shop.subscribe("starter")
    shop.settle()
    end = subscription["items"]["data"][0]["current_period_end"]
    shop.advance((end - shop.world.now) // 2)

    shop.world.change_price(subscription, shop.price("plan:pro"))
    shop.settle()

    assert shop.plan == "pro"
    # half a month of each
    assert shop.account.available == pytest.approx(STARTER / 2 + PRO / 2, rel=0.03)
    assert {grant.expires_at for grant in Grant.objects.of(shop.workspace.id)} == {at(end)}


def test_a_downgrade_with_proration_takes_back_only_what_is_unspent(shop):
    subscription = shop.subscribe("pro")
    shop.settle()
    spend(shop, 48_000)

    shop.world.change_price(subscription, shop.price("plan:starter"))
    shop.settle()
    shop.world.rename(subscription["customer"], "again@example.com")
    shop.settle()

    assert shop.plan == "starter"
    assert shop.account.available == 0


def test_going_down_and_up_again_brings_no_more_than_the_dearer_plan(shop):
    subscription = shop.subscribe("pro")
    shop.settle()

    for _ in range(3):
        shop.world.change_price(subscription, shop.price("plan:starter"))
        shop.settle()
        shop.world.change_price(subscription, shop.price("plan:pro"))
        shop.settle()

    assert shop.account.available == PRO


def test_a_downgrade_counts_from_the_next_period(shop):
    subscription = shop.subscribe("pro")
    shop.settle()

    shop.world.change_price_later(subscription, shop.price("plan:starter"))
    shop.settle()
    before = (shop.plan, shop.account.available)
    shop.advance(32 * DAY)
    shop.settle()

    assert before == ("pro", PRO)
    assert (shop.plan, shop.account.available) == ("starter", STARTER)


def test_a_failed_payment_keeps_the_plan_while_stripe_tries_again(shop):
    subscription = shop.subscribe("starter")
    shop.world.break_card(subscription["customer"])
    shop.advance(32 * DAY)
    shop.settle()

    assert shop.plan == "starter"
    assert shop.account.available == 0

    shop.world.break_card(subscription["customer"], is_broken=False)
    shop.advance(5 * DAY)
    shop.settle()

    assert (shop.plan, shop.account.available) == ("starter", STARTER)


def test_a_plan_that_nobody_pays_for_falls_to_free_and_bought_credits_stay(shop):
    subscription = shop.subscribe("starter")
    shop.settle()
    shop.buy("pack:credits-5000")
    shop.settle()
    shop.world.break_card(subscription["customer"])

    shop.advance(60 * DAY)
    shop.settle()

    assert shop.plan == "free"
    assert shop.account.available == 5_000


def test_cancelling_keeps_the_plan_to_the_end_of_the_period(shop):
    subscription = shop.subscribe("starter")
    shop.world.cancel_later(subscription)
    shop.settle()
    end = subscription["items"]["data"][0]["current_period_end"]
    assert shop.plan == "starter"

    shop.advance(end - shop.world.now + 1)
    shop.settle()

    assert shop.plan == "free"
    assert shop.account.renews_at == at(end)  # from when Free brings its own


def test_cancelling_at_once_keeps_the_credits_to_the_end_of_what_was_paid(shop):
    subscription = shop.subscribe("starter")
    end = subscription["items"]["data"][0]["current_period_end"]
    shop.settle()

    shop.world.cancel(subscription)
    shop.settle()

    assert (shop.plan, shop.account.available) == ("free", STARTER)
    assert shop.account.renews_at == at(end)


def test_a_plan_that_staff_gave_outlives_a_subscription_to_another(shop):
    subscription = shop.subscribe("starter")
    shop.settle()
    shop.world.cancel(subscription)
    shop.settle()
    change_plan(actor=SYSTEM_ACTOR, workspace_id=shop.workspace.id, plan_key="enterprise")

    shop.world.rename(subscription["customer"], "new@example.com")
    shop.settle()

    assert shop.plan == "enterprise"


def test_a_refund_takes_back_its_part_once(shop):
    shop.buy("pack:credits-5000")
    shop.settle()
    charge = shop.world.of("charges")[0]
    shop.world.refund(charge, charge["amount"] // 4)
    shop.settle()
    shop.settle()
    assert shop.account.available == 3_750

    shop.world.refund(charge, charge["amount"] - charge["amount"] // 4)
    events = shop.new_events()
    shop.tell(*events, *events)
    shop.apply()

    assert shop.account.available == 0


def test_a_refund_that_failed_gives_back_what_it_took(shop):
    shop.buy("pack:credits-5000")
    charge = shop.world.of("charges")[0]
    refund = shop.world.refund(charge, charge["amount"])
    shop.settle()
    assert shop.account.available == 0

    shop.world.fail_refund(refund)
    shop.settle()

    assert shop.account.available == 5_000


def test_a_refund_of_what_was_spent_is_owed_and_the_next_purchase_pays_it(shop):
    shop.buy("pack:credits-5000")
    shop.settle()
    spend(shop, 4_000)
    charge = shop.world.of("charges")[0]

    shop.world.refund(charge, charge["amount"])
    shop.settle()
    owed = shop.account.available
    shop.buy("pack:credits-5000")
    shop.settle()

    assert (owed, shop.account.available) == (-4_000, 1_000)


@pytest.mark.parametrize(("status", "left"), [("won", 5_000), ("lost", 0)])
def test_a_dispute_takes_credits_until_it_is_won(shop, status, left):
    shop.buy("pack:credits-5000")
    dispute = shop.world.dispute(shop.world.of("charges")[0])
    shop.settle()
    assert shop.account.available == 0

    shop.world.close_dispute(dispute, status)
    shop.settle()

    assert shop.account.available == left


def test_an_inquiry_takes_nothing(shop):
    shop.buy("pack:credits-5000")
    shop.world.dispute(shop.world.of("charges")[0], status="warning_needs_response")
    shop.settle()

    assert shop.account.available == 5_000


def test_refunding_an_invoice_takes_the_plans_credits(shop):
    shop.subscribe("starter")
    shop.settle()
    charge = shop.world.of("charges")[0]

    shop.world.refund(charge, charge["amount"] // 2)
    shop.settle()

    assert shop.account.available == STARTER // 2


def test_credits_that_expired_are_not_owed_for_a_refund(shop):
    shop.subscribe("starter")
    shop.settle()
    charge = shop.world.of("charges")[0]
    shop.advance(32 * DAY)
    shop.settle()

    shop.world.refund(charge, charge["amount"])
    shop.settle()

    assert shop.account.available == STARTER  # of the second month


def test_what_was_taken_or_expired_is_not_taken_again(shop):
    shop.subscribe("starter")
    charge = shop.world.of("charges")[0]
    half = charge["amount"] // 2
    shop.world.refund(charge, half)
    shop.settle()
    shop.advance(32 * DAY)  # the other half expires
    shop.settle()

    shop.world.refund(charge, half)
    shop.settle()

    assert shop.account.available == STARTER  # of the second month


def test_a_dispute_takes_no_credits_that_a_downgrade_took(shop):
    subscription = shop.subscribe("pro")
    shop.settle()
    shop.world.change_price(subscription, shop.price("plan:starter"))
    shop.settle()
    assert shop.account.available == STARTER

    shop.world.dispute(shop.world.of("charges")[0])
    shop.settle()

    assert shop.account.available == 0


def test_what_was_spent_and_then_given_back_after_its_month_pays_what_was_owed(shop):
    subscription = shop.subscribe("starter")
    shop.world.cancel_later(subscription)
    shop.settle()
    spend(shop, 7_000)
    dispute = shop.world.dispute(shop.world.of("charges")[0])
    shop.settle()
    assert shop.account.available == -7_000

    shop.advance(40 * DAY)
    shop.world.close_dispute(dispute, "won")
    shop.settle()

    assert shop.account.available == 0


def test_a_dispute_of_an_old_payment_is_found(shop):
    shop.buy("pack:credits-5000")
    shop.settle()
    charge = shop.world.of("charges")[0]
    shop.advance(200 * DAY)

    shop.world.dispute(charge)
    shop.settle()

    assert shop.account.available == 0


def test_s5_a_customer_of_somebody_else_is_ignored(shop):
    customer = shop.world.make_customer({})
    shop.world.subscribe(customer["id"], shop.price("plan:pro"))
    shop.settle()

    assert set(shop.states()) == {EventState.IGNORED}
    assert shop.plan == "free"


def test_s5_a_customer_of_another_account_is_ignored(shop):
    shop.subscribe("starter")
    shop.settle()
    event = {**shop.world.events[0], "id": "evt_foreign"}
    event["data"] = {"object": {"object": "subscription", "id": "sub_x", "customer": "cus_other"}}

    shop.tell(event)
    shop.apply()

    assert StripeEvent.objects.get(pk="evt_foreign").state == EventState.IGNORED
    assert shop.plan == "starter"


def test_s15_a_deleted_customer_is_flagged_and_the_workspace_stays(shop):
    subscription = shop.subscribe("starter")
    shop.settle()
    customer = subscription["customer"]

    shop.world.rename(customer, "changed@example.com")
    shop.settle()
    assert StripeCustomer.objects.get().email == "changed@example.com"
    shop.world.delete_customer(customer)
    shop.settle()

    row = StripeCustomer.objects.get()
    assert (row.workspace_id, row.is_deleted) == (shop.workspace.id, True)
    assert (shop.plan, shop.account.available) == ("free", STARTER)
    assert shop.states() == {EventState.APPLIED: len(shop.world.events)}


def test_x45_after_a_restore_the_facts_since_then_are_found_again(shop):
    shop.subscribe("starter")
    shop.tell(*shop.new_events())
    StripeCustomer.objects.all().delete()  # the backup is from before the purchase
    CheckoutIntent.objects.of(shop.workspace.id).delete()

    shop.apply()

    assert StripeCustomer.objects.get().workspace_id == shop.workspace.id
    assert (shop.plan, shop.account.available) == ("starter", STARTER)


def test_x46_events_wait_while_stripe_is_out_and_are_never_given_up_for_it(shop):
    shop.subscribe("starter")
    shop.tell(*shop.new_events())

    for fault in ["500", "409", "429", "timeout"] * MAX_TRIES:
        shop.served.faults.append(fault)
        shop.apply()
        shop.clock.advance(3_601)
    assert set(shop.states()) == {EventState.STORED}

    shop.apply()
    assert set(shop.states()) == {EventState.APPLIED}
    assert shop.plan == "starter"


def test_an_event_that_cannot_be_applied_is_given_up_shown_and_tried_again(shop, caplog):
    shop.subscribe("starter")
    event = next(e for e in shop.new_events() if e["type"] == "invoice.paid")
    shop.tell(event)
    invoice = next(iter(shop.world.stores["invoices"].values()))
    lines, invoice["lines"] = invoice["lines"], {"data": [{"id": "il_bad"}]}

    for _ in range(MAX_TRIES):
        shop.apply()
        shop.clock.advance(3_601)
    row = StripeEvent.objects.get()
    assert (row.state, row.tries) == (EventState.FAILED, MAX_TRIES)
    assert "KeyError" in row.note

    invoice["lines"] = lines
    assert retry_event(row.pk, clock=shop.clock)
    shop.apply()
    assert StripeEvent.objects.get().state == EventState.APPLIED
    assert shop.account.available == STARTER


def test_waits_between_tries_grow_to_an_hour(shop):
    shop.subscribe("starter")
    shop.tell(shop.new_events()[0])
    waits = []

    for _ in range(12):
        shop.served.faults.append("500")
        shop.apply()
        due_at = StripeEvent.objects.get().due_at
        waits.append((due_at - shop.clock.now()) // timedelta(seconds=1))
        shop.set_clock(int(due_at.timestamp()) + 1)

    assert waits[:3] == [5, 10, 20]
    assert waits[-1] == 3_600


def test_events_of_many_customers_are_applied_one_customer_after_the_other(shop):
    shop.subscribe("starter")
    shop.buy("pack:credits-5000")
    events = shop.new_events()
    random.Random(5).shuffle(events)
    shop.tell(*events)

    applied = shop.apply()

    assert applied == len([event for event in events if event["type"] != "charge.succeeded"])
    assert shop.served.count("GET", "/v1/subscriptions") == 1  # read once for all of them
