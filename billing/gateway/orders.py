"""What we ask of Stripe: a checkout, a page of its portal, a price."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckoutOrder:
    """A checkout of one thing. Everything in it is stored, so that asking again sends the same."""

    intent_id: str
    workspace_id: str
    customer_id: str
    item: str
    price_id: str
    credits: int  # what a pack brings; 0 for a plan, whose invoices bring them
    is_subscription: bool
    success_url: str
    cancel_url: str
    expires_at: int  # Unix seconds, from half an hour to a day after it is opened


@dataclass(frozen=True, slots=True)
class PortalOrder:
    """A page of the billing portal. With a price: the page that moves a subscription to it."""

    customer_id: str
    return_url: str
    subscription_id: str = ""
    item_id: str = ""
    price_id: str = ""


@dataclass(frozen=True, slots=True)
class PriceOrder:
    """A product of ours and what it costs; `product_id` is of our making."""

    product_id: str
    name: str
    cents: int
    is_monthly: bool
