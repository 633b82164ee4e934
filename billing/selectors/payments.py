"""What a workspace may buy, what it has bought, and its statement."""

from datetime import datetime

from billing import conf
from billing.models import CheckoutIntent, CreditPack, LedgerEntry, Plan, Subscription
from billing.types import (
    LIVE_SUBSCRIPTIONS,
    IntentState,
    LedgerAccount,
    OfferRef,
    StatementLine,
    SubscriptionRef,
)

STATEMENT_LINES = 50


def is_payments_configured() -> bool:
    """Say whether anything can be bought on this server."""
    return bool(conf.stripe_secret_key())


def list_offered_plans() -> list[OfferRef]:
    """Return the plans on offer in their order; what is not for sale is among them."""
    return [
        OfferRef(
            item=f"plan:{plan.key}",
            name=plan.name,
            credits=plan.monthly_credits,
            price_cents=plan.price_cents,
            is_for_sale=bool(plan.stripe_price_id),
        )
        for plan in Plan.objects.filter(is_offered=True)
    ]


def list_offered_packs() -> list[OfferRef]:
    """Return the credit packs on offer in their order."""
    return [
        OfferRef(
            item=f"pack:{pack.key}",
            name=str(pack),
            credits=pack.credits,
            price_cents=pack.price_cents,
            is_for_sale=bool(pack.stripe_price_id),
        )
        for pack in CreditPack.objects.filter(is_offered=True)
    ]


def get_subscription(workspace_id: str) -> SubscriptionRef | None:
    """Return a workspace's live subscription, of several the dearest; None if there is none."""
    rows = Subscription.objects.of(workspace_id).filter(status__in=LIVE_SUBSCRIPTIONS)
    row = rows.select_related("plan").order_by("-plan__position", "pk").first()
    if row is None:
        return None
    return SubscriptionRef(
        plan_name=row.plan.name if row.plan else "",
        status=row.status,
        period_end=row.current_period_end,
        cancels=row.cancel_at_period_end,
    )


def find_checkout_state(*, workspace_id: str, session_id: str) -> IntentState | None:
    """Return how far a workspace's checkout is; None if it has no such one."""
    intents = CheckoutIntent.objects.of(workspace_id).filter(session_id=session_id)
    state = intents.values_list("state", flat=True).first() if session_id else None
    return IntentState(state) if state else None


def list_statement(workspace_id: str, *, before: datetime | None = None) -> list[StatementLine]:
    """Return the newest changes of what a workspace has available, at most fifty."""
    entries = LedgerEntry.objects.of(workspace_id).filter(account=LedgerAccount.AVAILABLE)
    if before is not None:
        entries = entries.filter(created_at__lt=before)
    return [
        StatementLine(
            at=entry.created_at, type=entry.type, credits=entry.amount, reason=entry.reason
        )
        for entry in entries.order_by("-id")[:STATEMENT_LINES]
    ]
