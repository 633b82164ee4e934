"""Catching up with Stripe: events that never arrived, and subscriptions that differ all the same."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

from billing import conf
from billing.gateway import StripeGateway, SubscriptionFact, get_gateway
from billing.models import StripeCustomer, StripeEvent, Subscription
from billing.services.payments.applying import LOOKS_BACK, find_ours, sync_customer
from billing.services.payments.booking import Offers
from billing.services.payments.inbox import HANDLED_TYPES, store_event
from billing.types import LIVE_SUBSCRIPTIONS, EventState
from common.clock import SYSTEM_CLOCK, Clock

logger = logging.getLogger(__name__)

ShouldStop = Callable[[], bool]

MISSED_WITHIN = timedelta(days=4)  # Stripe itself tries for three
EVENTS_KEPT = timedelta(days=90)


def catch_up_events(
    *,
    clock: Clock = SYSTEM_CLOCK,
    should_stop: ShouldStop = lambda: False,
    gateway: StripeGateway | None = None,
) -> int:
    """Store the events of the last four days that never arrived; returns how many there were.

    They are applied as if they had. Nothing without keys.

    Raises:
        PaymentsUnavailable: Stripe is out; what was found until then is stored.
    """
    if not conf.stripe_secret_key():
        return 0
    now = clock.now()
    missed = 0
    events = (gateway or get_gateway()).list_events(since=now - MISSED_WITHIN, types=HANDLED_TYPES)
    for event in events:
        if should_stop():
            break
        missed += store_event(event, now=now)
    if missed:
        logger.warning("%d events had not arrived", missed, extra={"action": "stripe_missed"})
    return missed


def compare_subscriptions(
    *,
    clock: Clock = SYSTEM_CLOCK,
    should_stop: ShouldStop = lambda: False,
    gateway: StripeGateway | None = None,
) -> int:
    """Compare all subscriptions with Stripe's; returns how many customers had to be put right.

    Nothing without keys.

    Raises:
        PaymentsUnavailable: Stripe is out.
    """
    if not conf.stripe_secret_key():
        return 0
    gateway = gateway or get_gateway()
    offers = Offers.load()
    told = {
        fact.id: fact for fact in gateway.list_subscriptions() if offers.plan_of(fact) is not None
    }
    put_right = 0
    for customer_id in _differing(told, offers):
        if should_stop():
            break
        put_right += _put_right(customer_id, gateway, clock)
    return put_right


def forget_events(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Delete events that were dealt with long ago; returns how many."""
    over = StripeEvent.objects.filter(
        state__in=(EventState.APPLIED, EventState.IGNORED),
        received_at__lt=clock.now() - EVENTS_KEPT,
    )
    forgotten, _ = over.delete()
    return forgotten


def _differing(told: Mapping[str, SubscriptionFact], offers: Offers) -> list[str]:
    """Return the customers with a subscription that is not here as it is there, or not there."""
    rows = Subscription.objects.across_workspaces()
    known = {row.stripe_id: row for row in rows.filter(pk__in=told)}
    differing = dict.fromkeys(
        fact.customer for id_, fact in told.items() if not _is_same(known.get(id_), fact, offers)
    )
    live = rows.filter(status__in=LIVE_SUBSCRIPTIONS).exclude(pk__in=told)
    customers = StripeCustomer.objects.filter(workspace_id__in=live.values("workspace_id"))
    differing |= dict.fromkeys(customers.values_list("stripe_id", flat=True))
    return list(differing)


def _is_same(row: Subscription | None, fact: SubscriptionFact, offers: Offers) -> bool:
    plan = offers.plan_of(fact)
    return row is not None and (
        row.status,
        row.plan_id,
        row.current_period_end,
        row.cancel_at_period_end,
    ) == (fact.status, plan.key if plan else None, fact.period_end, fact.cancels)


def _put_right(customer_id: str, gateway: StripeGateway, clock: Clock) -> bool:
    found = find_ours(customer_id, gateway=gateway)
    if found is None:
        return False
    logger.warning("%s differed", customer_id, extra={"action": "stripe_differed"})
    return sync_customer(found, since=clock.now() - LOOKS_BACK, gateway=gateway, clock=clock)
