"""Putting up at Stripe what is for sale."""

from billing import conf
from billing.gateway import PriceOrder, StripeGateway, get_gateway
from billing.models import CreditPack, Plan
from billing.services.payments.booking import product_id


def sync_prices(*, gateway: StripeGateway | None = None) -> dict[str, str]:
    """Make products and prices for the plans and packs on offer; returns the price of each.

    A plan that is free, or by contract, is not sold. A price at Stripe never changes: for another
    amount there is another price, and whoever subscribed to the old one keeps it. The portal is set
    up alongside: more counts at once, with the difference to be paid, less from the next period on.

    Raises:
        PaymentsUnavailable, StripeRefused: not configured; Stripe is out; it will not take them.
    """
    gateway = gateway or get_gateway()
    made: dict[str, str] = {}
    products: dict[str, str] = {}
    for plan in Plan.objects.filter(is_offered=True, price_cents__gt=0):
        product = product_id("plan", plan.key)
        order = PriceOrder(product, plan.name, plan.price_cents or 0, is_monthly=True)
        products[product] = made[f"plan:{plan.key}"] = gateway.save_price(order)
        Plan.objects.filter(pk=plan.key).update(stripe_price_id=products[product])
    for pack in CreditPack.objects.filter(is_offered=True, price_cents__gt=0):
        product = product_id("pack", pack.key)
        order = PriceOrder(product, str(pack), pack.price_cents, is_monthly=False)
        made[f"pack:{pack.key}"] = gateway.save_price(order)
        CreditPack.objects.filter(pk=pack.key).update(stripe_price_id=made[f"pack:{pack.key}"])
    if products:
        gateway.save_portal(products=products, return_url=f"{conf.public_url()}/billing")
    return made
