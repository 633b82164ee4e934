"""Events that never came, and subscriptions that differ all the same."""

import random
from datetime import timedelta

import pytest

from billing.errors import PaymentsUnavailable
from billing.models import StripeEvent, Subscription
from billing.services.payments.catching_up import (
    EVENTS_KEPT,
    catch_up_events,
    compare_subscriptions,
    forget_events,
)
from billing.types import EventState
from tests.billing.stripe.world import DAY


def catch_up(shop) -> int:
    return catch_up_events(clock=shop.clock, gateway=shop.gateway)


def compare(shop) -> int:
    return compare_subscriptions(clock=shop.clock, gateway=shop.gateway)


def test_s19_missed_events_are_found_and_applied_by_the_same_path(shop):
    shop.subscribe("starter")
    events = shop.new_events()
    shop.tell(events[0])

    found = catch_up(shop)
    shop.apply()

    assert found == len([event for event in events if event["type"] != "charge.succeeded"]) - 1
    assert (shop.plan, shop.account.available) == ("starter", 10_000)
    assert catch_up(shop) == 0
    assert set(shop.states()) == {EventState.APPLIED}


def test_s19_more_than_a_page_is_read(shop):
    customer = shop.subscribe("starter")["customer"]
    for number in range(150):
        shop.world.rename(customer, f"p{number}@example.com")

    assert catch_up(shop) > 150
    shop.apply()
    assert set(shop.states()) == {EventState.APPLIED}


def test_s19_what_is_older_than_four_days_is_left(shop):
    shop.subscribe("starter")
    shop.advance(5 * DAY)

    assert catch_up(shop) == 0


def test_x47_two_hours_without_an_endpoint_are_caught_up(shop):
    subscription = shop.subscribe("starter")
    shop.settle()
    rng = random.Random(47)

    shop.world.change_price(subscription, shop.price("plan:pro"))  # nobody answers
    shop.advance(7_200)
    shop.world.cancel_later(subscription)
    missed = shop.new_events()
    shop.tell(*rng.sample(missed, len(missed) // 2))  # Stripe tries some again
    catch_up(shop)
    shop.apply()

    assert shop.plan == "pro"
    assert Subscription.objects.of(shop.workspace.id).get().cancel_at_period_end
    assert shop.account.available == 50_000


def test_an_outage_in_the_middle_keeps_what_was_found(shop):
    customer = shop.subscribe("starter")["customer"]
    for number in range(150):
        shop.world.rename(customer, f"p{number}@example.com")
    shop.served.faults.extend(["", "500"])

    with pytest.raises(PaymentsUnavailable):
        catch_up(shop)

    assert StripeEvent.objects.count() == 100


def test_subscriptions_are_compared_and_only_those_that_differ_are_read(shop):
    subscription = shop.subscribe("starter")
    shop.settle()
    assert compare(shop) == 0

    shop.world.change_price(subscription, shop.price("plan:pro"))
    shop.world.events.clear()

    assert compare(shop) == 1
    assert shop.plan == "pro"
    assert compare(shop) == 0


def test_a_subscription_that_ended_unheard_is_found(shop):
    subscription = shop.subscribe("starter")
    shop.settle()
    shop.world.cancel(subscription)

    assert compare(shop) == 1
    assert shop.plan == "free"


def test_a_subscription_that_nobody_told_of_is_found(shop):
    shop.subscribe("starter")

    assert compare(shop) == 1
    assert (shop.plan, shop.account.available) == ("starter", 10_000)


def test_a_subscription_to_something_else_is_none_of_ours(shop):
    customer = shop.subscribe("starter")["customer"]
    shop.settle()
    shop.world.make_price("prod_other", 900, monthly=True, id_="price_other")

    shop.world.subscribe(customer, "price_other")
    shop.settle()

    assert compare(shop) == 0
    assert (shop.plan, shop.account.available) == ("starter", 10_000)


def test_nothing_is_asked_without_keys(db, settings):
    settings.STRIPE_SECRET_KEY = ""

    assert catch_up_events() == 0
    assert compare_subscriptions() == 0


def test_old_events_are_forgotten_but_for_those_given_up(shop):
    shop.subscribe("starter")
    shop.settle()
    kept = StripeEvent.objects.order_by("pk")[0]
    StripeEvent.objects.filter(pk=kept.pk).update(state=EventState.FAILED)

    assert forget_events(clock=shop.clock) == 0
    shop.clock.advance(EVENTS_KEPT.total_seconds() + 1)
    forget_events(clock=shop.clock)

    assert list(StripeEvent.objects.values_list("pk", flat=True)) == [kept.pk]
    assert timedelta(days=30) < EVENTS_KEPT
