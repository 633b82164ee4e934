"""The parameters that Stripe's own package knows for each call, of the version it is pinned to."""

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

import stripe.params as params
from stripe.params import billing_portal, checkout
from typing_extensions import is_typeddict

# Method and path, with ids as a star, and what the call takes.
CALLS: Mapping[tuple[str, str], type] = {
    ("POST", "customers"): params.CustomerCreateParams,
    ("POST", "customers/*"): params.CustomerUpdateParams,
    ("GET", "customers/*"): params.CustomerRetrieveParams,
    ("GET", "customers/search"): params.CustomerSearchParams,
    ("GET", "subscriptions"): params.SubscriptionListParams,
    ("GET", "subscriptions/*"): params.SubscriptionRetrieveParams,
    ("GET", "invoices"): params.InvoiceListParams,
    ("GET", "invoices/*/lines"): params.InvoiceLineItemListParams,
    ("GET", "charges"): params.ChargeListParams,
    ("GET", "charges/*"): params.ChargeRetrieveParams,
    ("GET", "refunds"): params.RefundListParams,
    ("GET", "disputes"): params.DisputeListParams,
    ("GET", "events"): params.EventListParams,
    ("POST", "products"): params.ProductCreateParams,
    ("POST", "products/*"): params.ProductUpdateParams,
    ("GET", "prices"): params.PriceListParams,
    ("POST", "prices"): params.PriceCreateParams,
    ("GET", "checkout/sessions"): checkout.SessionListParams,
    ("POST", "checkout/sessions"): checkout.SessionCreateParams,
    ("GET", "checkout/sessions/*"): checkout.SessionRetrieveParams,
    ("POST", "checkout/sessions/*/expire"): checkout.SessionExpireParams,
    ("GET", "billing_portal/configurations"): billing_portal.ConfigurationListParams,
    ("POST", "billing_portal/configurations"): billing_portal.ConfigurationCreateParams,
    ("POST", "billing_portal/configurations/*"): billing_portal.ConfigurationUpdateParams,
    ("POST", "billing_portal/sessions"): billing_portal.SessionCreateParams,
}


def call_of(method: str, path: str) -> tuple[str, str]:
    """The call that a request is, among those we know; others as they are."""
    path = path.removeprefix("/v1/")
    if (method, path) in CALLS:
        return method, path
    starred = re.sub(r"(?<=/)[a-z]+(?:_[a-z]+)*_[A-Za-z0-9_-]+(?=/|$)", "*", path)
    return method, starred


def unknown_params(method: str, path: str, sent: Mapping[str, Any]) -> list[str]:
    """The names in a request that the pinned version does not have, with their places."""
    kind = CALLS.get(call_of(method, path))
    if kind is None:
        return [f"{method} {path}"]
    return _unknown(sent, kind, "")


def _unknown(sent: Any, kind: type, place: str) -> list[str]:
    if isinstance(sent, list):
        return [name for item in sent for name in _unknown(item, kind, place)]
    if not isinstance(sent, dict):
        return []
    fields = _fields(kind)
    found = [f"{place}{name}" for name in sent if name not in fields]
    for name, value in sent.items():
        for shape in fields.get(name, ()):  # none: a value, or a mapping of the caller's own names
            found += _unknown(value, shape, f"{place}{name}.")
    return found


@cache
def _fields(kind: type) -> dict[str, list[type]]:
    """Each parameter with the typed dictionaries that it may hold, by their names in its hint."""
    known = vars(import_module(kind.__module__))
    return {
        name: [
            known[word]
            for word in re.findall(r"\w+Params\w+", repr(hint))
            if is_typeddict(known.get(word))
        ]
        for name, hint in kind.__annotations__.items()
    }


__all__ = ["CALLS", "call_of", "unknown_params"]
