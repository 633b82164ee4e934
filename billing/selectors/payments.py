"""What a workspace may buy, and what it has bought."""

from billing import conf
from billing.models import CheckoutIntent, CreditPack, Plan, Subscription
from billing.types import (
    LIVE_SUBSCRIPTIONS,
    IntentState,
    OfferRef,
    PlanLimits,
    SubscriptionRef,
)


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
            limits=PlanLimits(
                plan.requests_per_minute,
                plan.executions_per_minute,
                plan.executions_per_day,
                plan.running_at_once,
                plan.retention_days,
                plan.seats,
            ),
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
