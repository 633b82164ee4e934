"""Booking what Stripe says of a customer: its subscription as the plan, its payments as credits.

All of it is done in one order, that in which it happened at Stripe, and each fact once by its key.
So what is booked depends on Stripe alone, not on how often or when somebody looked.
"""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from accounts.api import get_workspace_ref, set_plan
from billing.gateway import (
    CustomerState,
    SubscriptionFact,
)
from billing.models import (
    Account,
    Plan,
    StripeCustomer,
    Subscription,
)
from billing.selectors.limits import FALLBACK_PLAN, forget_limits
from billing.services.accounts import open_account
from billing.services.grants import lock_account
from billing.services.payments.crediting import Payments
from billing.types import LIVE_SUBSCRIPTIONS

ENDED = frozenset({"canceled", "unpaid", "paused"})  # what was live, and sets the plan no more
PRODUCT_PREFIX = "pixelflow_"


@dataclass(slots=True)
class Offers:
    """What prices and products at Stripe stand for here."""

    plans: dict[str, Plan] = field(default_factory=dict)

    @classmethod
    def load(cls) -> "Offers":
        """Return the offers as they stand; a plan is known by its price, and by its product."""
        offers = cls()
        for plan in Plan.objects.all():
            offers.plans[product_id("plan", plan.key)] = plan
            if plan.stripe_price_id:
                offers.plans[plan.stripe_price_id] = plan
        return offers

    def plan_of(self, subscription: SubscriptionFact) -> Plan | None:
        """Return the plan that a subscription is for; None if it is for something else."""
        by_price = self.plans.get(subscription.price_id)
        return by_price or self.plans.get(subscription.product_id)

    def monthly(self) -> dict[str, int]:
        """Return the credits of a month by price and product."""
        return {name: plan.monthly_credits for name, plan in self.plans.items()}


def product_id(kind: str, key: str) -> str:
    """Return the id at Stripe of the product that is a plan or a pack."""
    return f"{PRODUCT_PREFIX}{kind}_{key}"


def book_state(customer: StripeCustomer, state: CustomerState, *, now: datetime) -> None:
    """Book all that is not booked yet, in the caller's transaction, under the customer's lock."""
    workspace_id = customer.workspace_id
    customer.email = state.customer.email or customer.email
    customer.is_deleted = state.customer.is_deleted
    customer.save(update_fields=["email", "is_deleted"])
    if get_workspace_ref(workspace_id) is None:
        return
    open_account(workspace_id=workspace_id, now=now)
    lock_account(workspace_id)  # before the workspace's row and its audit chain, as everywhere
    offers = Offers.load()
    _book_subscriptions(customer, state, offers, now)
    Payments(workspace_id, state, offers.monthly(), now).book()


# --- the plan


def _book_subscriptions(
    customer: StripeCustomer, state: CustomerState, offers: Offers, now: datetime
) -> None:
    """Store the subscriptions as they are, and put the workspace on the plan that follows."""
    workspace_id = customer.workspace_id
    known = {row.stripe_id: row for row in Subscription.objects.of(workspace_id)}
    had = {row.plan_id for row in known.values() if row.plan_id}
    was_live = {id_ for id_, row in known.items() if row.status in LIVE_SUBSCRIPTIONS}
    facts = [fact for fact in state.subscriptions if offers.plan_of(fact)]
    if state.customer.is_deleted:
        _end_all(workspace_id, now)
    for fact in facts:
        _store(workspace_id, fact, offers, now)
    _follow(workspace_id, facts, offers, had)
    _renew_with(workspace_id, facts, set(known), was_live)


def _store(workspace_id: str, fact: SubscriptionFact, offers: Offers, now: datetime) -> None:
    Subscription.objects.of(workspace_id).update_or_create(
        stripe_id=fact.id,
        defaults={
            "workspace_id": workspace_id,
            "plan": offers.plan_of(fact),
            "status": fact.status[:24],
            "current_period_end": fact.period_end,
            "cancel_at_period_end": fact.cancels,
            "updated_at": now,
        },
    )


def _end_all(workspace_id: str, now: datetime) -> None:
    """What a customer had ends with it."""
    live = Subscription.objects.of(workspace_id).filter(status__in=LIVE_SUBSCRIPTIONS)
    live.update(status="canceled", updated_at=now)


def _follow(
    workspace_id: str,
    facts: list[SubscriptionFact],
    offers: Offers,
    had: set[str],
) -> None:
    """Put a workspace on the plan of its live subscription, of several the dearest.

    Without one it falls to the free plan from a plan that a subscription brought; a plan that staff
    gave stays.
    """
    rows = Subscription.objects.of(workspace_id).exclude(plan=None).select_related("plan")
    live = [row.plan for row in rows if row.status in LIVE_SUBSCRIPTIONS and row.plan]
    workspace = get_workspace_ref(workspace_id)
    before = workspace.plan if workspace else FALLBACK_PLAN
    if live:
        target = max(live, key=lambda plan: (plan.position, plan.key)).key
    elif before in had | {plan.key for fact in facts if (plan := offers.plan_of(fact))}:
        target = FALLBACK_PLAN
    else:
        return
    if set_plan(workspace_id=workspace_id, plan=target):
        transaction.on_commit(forget_limits)


def _renew_with(
    workspace_id: str, facts: list[SubscriptionFact], known: set[str], was_live: set[str]
) -> None:
    """Note when the next credits come: with the next invoice, or from Free after the paid period."""
    live = [fact.period_end for fact in facts if fact.status in LIVE_SUBSCRIPTIONS]
    ended = [
        fact.period_end
        for fact in facts
        if fact.status in ENDED and (fact.id in was_live or fact.id not in known)
    ]
    if ends := [end for end in live or ended if end]:
        Account.objects.filter(pk=workspace_id).update(renews_at=max(ends))
