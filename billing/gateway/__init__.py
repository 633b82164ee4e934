"""Stripe, the one service that money comes from; nothing else imports the `stripe` package.

What comes back are facts: frozen values of what was true at Stripe when it was asked.
"""

from billing.gateway.client import API_VERSION, StripeGateway, get_gateway
from billing.gateway.facts import (
    ChargeFact,
    CustomerFact,
    CustomerState,
    DisputeFact,
    InvoiceFact,
    LineFact,
    RefundFact,
    SessionFact,
    SubscriptionFact,
)
from billing.gateway.orders import CheckoutOrder, PortalOrder, PriceOrder
from billing.gateway.signatures import read_signed

__all__ = [
    "API_VERSION",
    "ChargeFact",
    "CheckoutOrder",
    "CustomerFact",
    "CustomerState",
    "DisputeFact",
    "InvoiceFact",
    "LineFact",
    "PortalOrder",
    "PriceOrder",
    "RefundFact",
    "SessionFact",
    "StripeGateway",
    "SubscriptionFact",
    "get_gateway",
    "read_signed",
]
