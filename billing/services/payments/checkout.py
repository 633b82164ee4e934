"""Buying: checkouts, and the pages at Stripe where people manage what they have.

A wish to buy is a row, whose id is our idempotency key: whoever asks again, in another tab or after
a time-out, gets the same checkout. Nothing here gives credits; only what Stripe says later does.
"""

import logging
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.api import Actor, Permission, authorise, get_workspace
from billing import conf
from billing.errors import PurchaseRefused, StripeRefused
from billing.gateway import (
    CheckoutOrder,
    PortalOrder,
    SessionFact,
    StripeGateway,
    get_gateway,
)
from billing.models import CheckoutIntent, CreditPack, Plan, StripeCustomer, Subscription
from billing.types import LIVE_SUBSCRIPTIONS, IntentState
from common import faults
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import NotFound
from common.ids import new_id

logger = logging.getLogger(__name__)

# Stripe keeps an idempotency key for a day at least, and a checkout for a day at most, half an hour
# at least. So a wish is good for less than that, and its checkout ends between the two.
WISH_LASTS = timedelta(hours=22)
CHECKOUT_LASTS = timedelta(hours=23)

_UNDER_WAY = "This purchase is being processed. It shows here in a moment."


def start_checkout(
    *,
    actor: Actor,
    workspace_id: str,
    item: str,
    email: str = "",
    clock: Clock = SYSTEM_CLOCK,
    gateway: StripeGateway | None = None,
) -> str:
    """Return the address where a workspace pays for `plan:<key>` or `pack:<key>`.

    A workspace with a live subscription gets the page that moves it to the other plan. `email` is
    written on a customer that is new at Stripe.

    Raises:
        RoleTooLow, WorkspaceNotFound: the actor may not buy for the workspace.
        NotFound: no such plan or pack is offered.
        PurchaseRefused: it is not for sale, is had already, or is being paid for.
        PaymentsUnavailable: not configured, or Stripe is out; nothing was bought.
    """
    authorise(actor, workspace_id, Permission.MANAGE_BILLING)
    gateway = gateway or get_gateway()
    price_id, credits_ = _offer(item)
    is_plan = item.startswith("plan:")
    if is_plan and (subscription := _live_subscription(workspace_id)):
        return _change_plan(workspace_id, subscription, price_id, gateway)
    customer = ensure_customer(workspace_id=workspace_id, email=email, gateway=gateway)
    if is_plan:
        _close_other_plans(workspace_id, item, gateway)
    return _open(
        workspace_id,
        customer,
        _Wish(item, price_id, credits_, actor.label[:80]),
        gateway,
        clock,
    )


def open_portal(*, actor: Actor, workspace_id: str, gateway: StripeGateway | None = None) -> str:
    """Return the address of the portal: invoices, payment methods, tax ids, cancelling.

    Raises:
        RoleTooLow, WorkspaceNotFound: the actor may not.
        PurchaseRefused: nothing was ever bought.
        PaymentsUnavailable: not configured, or Stripe is out.
    """
    authorise(actor, workspace_id, Permission.MANAGE_BILLING)
    gateway = gateway or get_gateway()
    customer = StripeCustomer.objects.filter(pk=workspace_id, is_deleted=False).first()
    if customer is None:
        raise PurchaseRefused("Nothing was bought yet.")
    return gateway.open_portal(PortalOrder(customer.stripe_id, _page(workspace_id)))


def ensure_customer(*, workspace_id: str, email: str, gateway: StripeGateway) -> str:
    """Return the one customer of a workspace, making it where there is none.

    Raises:
        PurchaseRefused: it was deleted at Stripe; staff are to look.
    """
    row = StripeCustomer.objects.filter(pk=workspace_id).first()
    if row is None:
        found = gateway.find_customer(workspace_id) or gateway.create_customer(workspace_id)
        faults.point("stripe.customer_made")
        row, is_new = StripeCustomer.objects.get_or_create(
            workspace_id=workspace_id, defaults={"stripe_id": found, "email": email}
        )
        if is_new and email:
            name = get_workspace(workspace_id).name
            gateway.describe_customer(found, email=email, name=name)
    if row.is_deleted:
        raise PurchaseRefused("Payments of this workspace need our support. Please write to us.")
    return row.stripe_id


class _Wish:
    """What is to be bought, and by whom."""

    def __init__(self, item: str, price_id: str, credits_: int, asked_by: str) -> None:
        self.item = item
        self.price_id = price_id
        self.credits = credits_
        self.asked_by = asked_by

    def order(self, intent: CheckoutIntent, customer_id: str) -> CheckoutOrder:
        """Return the order; the same for each time that the same intent is asked for."""
        page = _page(intent.workspace_id)
        return CheckoutOrder(
            intent_id=intent.id,
            workspace_id=intent.workspace_id,
            customer_id=customer_id,
            item=self.item,
            price_id=self.price_id,
            credits=self.credits,
            is_subscription=self.item.startswith("plan:"),
            success_url=f"{conf.public_url()}/billing/return?session={{CHECKOUT_SESSION_ID}}"
            f"&workspace={intent.workspace_id}",
            cancel_url=page,
            expires_at=int((intent.created_at + CHECKOUT_LASTS).timestamp()),
        )


def _open(
    workspace_id: str, customer_id: str, wish: _Wish, gateway: StripeGateway, clock: Clock
) -> str:
    """Open a checkout for a wish; one that cannot be used any more is followed by a new wish."""
    for _ in range(3):
        intent = _intent(workspace_id, wish, clock.now())
        session = _session(intent, wish.order(intent, customer_id), gateway)
        if session is not None and session.status == "open":
            return session.url
        if session is not None and session.status == "complete":
            raise PurchaseRefused(_UNDER_WAY)
        CheckoutIntent.objects.of(workspace_id).filter(pk=intent.pk, state=IntentState.OPEN).update(
            state=IntentState.EXPIRED
        )
    raise PurchaseRefused("The checkout could not be opened. Try again.")


def _intent(workspace_id: str, wish: _Wish, now: datetime) -> CheckoutIntent:
    """Return the open wish for a thing, making it where there is none; two tabs share one."""
    wishes = CheckoutIntent.objects.of(workspace_id).filter(item=wish.item, state=IntentState.OPEN)
    wishes.filter(expires_at__lte=now).update(state=IntentState.EXPIRED)
    if (known := wishes.first()) is not None:
        return known
    try:
        with transaction.atomic():
            return CheckoutIntent.objects.insert(
                id=new_id("buy"),
                workspace_id=workspace_id,
                item=wish.item,
                asked_by=wish.asked_by,
                created_at=now,
                expires_at=now + WISH_LASTS,
            )
    except IntegrityError:
        return wishes.get()


def _session(
    intent: CheckoutIntent, order: CheckoutOrder, gateway: StripeGateway
) -> SessionFact | None:
    """Return a wish's checkout as it is now; None if another order has its idempotency key."""
    if intent.session_id:
        return gateway.read_checkout(intent.session_id)
    try:
        session = gateway.open_checkout(order)
    except StripeRefused as refused:
        if refused.reason == "idempotency_error":  # its price was changed in between
            return None
        raise
    faults.point("stripe.session_made")
    CheckoutIntent.objects.of(intent.workspace_id).filter(pk=intent.pk).update(
        session_id=session.id, session_url=session.url
    )
    return session


def _change_plan(
    workspace_id: str, subscription: Subscription, price_id: str, gateway: StripeGateway
) -> str:
    """Return the portal's page that moves a subscription to another price, with what it costs now."""
    if subscription.plan is not None and subscription.plan.stripe_price_id == price_id:
        raise PurchaseRefused("The workspace is on this plan.")
    customer = StripeCustomer.objects.get(pk=workspace_id)
    item_id = gateway.read_item_id(subscription.stripe_id)
    return gateway.open_portal(
        PortalOrder(
            customer.stripe_id, _page(workspace_id), subscription.stripe_id, item_id, price_id
        )
    )


def _close_other_plans(workspace_id: str, item: str, gateway: StripeGateway) -> None:
    """Close open checkouts of other plans, so that no two are subscribed to.

    Raises:
        PurchaseRefused: one was just paid for.
    """
    others = CheckoutIntent.objects.of(workspace_id).filter(
        state=IntentState.OPEN, item__startswith="plan:"
    )
    for intent in others.exclude(item=item):
        status = gateway.read_checkout(intent.session_id).status if intent.session_id else ""
        if status == "complete":
            raise PurchaseRefused(_UNDER_WAY)
        if status == "open":
            gateway.expire_checkout(intent.session_id)
        CheckoutIntent.objects.of(workspace_id).filter(pk=intent.pk).update(
            state=IntentState.EXPIRED
        )


def _live_subscription(workspace_id: str) -> Subscription | None:
    rows = Subscription.objects.of(workspace_id).filter(status__in=LIVE_SUBSCRIPTIONS)
    return rows.select_related("plan").order_by("-plan__position", "pk").first()


def _offer(item: str) -> tuple[str, int]:
    """Return the price of a plan or pack, and the credits that a pack brings.

    Raises:
        NotFound: it is not offered.
        PurchaseRefused: it has no price at Stripe.
    """
    kind, _, key = item.partition(":")
    if kind == "plan":
        plan = Plan.objects.filter(pk=key, is_offered=True).first()
        price_id, credits_ = (plan.stripe_price_id if plan else None), 0
        is_known = plan is not None
    else:
        pack = CreditPack.objects.filter(pk=key, is_offered=True).first()
        price_id, credits_ = (pack.stripe_price_id, pack.credits) if pack else (None, 0)
        is_known = kind == "pack" and pack is not None
    if not is_known:
        raise NotFound("This is not offered.")
    if not price_id:
        raise PurchaseRefused("This cannot be bought here yet.")
    return price_id, credits_


def _page(workspace_id: str) -> str:
    return f"{conf.public_url()}/billing?workspace={workspace_id}"
