"""Calls to Stripe, all of them at one version of its API."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, cast

import stripe

from billing import conf
from billing.errors import PaymentsNotConfigured, PaymentsUnavailable, StripeRefused
from billing.gateway.facts import (
    ChargeFact,
    CustomerFact,
    CustomerState,
    InvoiceFact,
    SessionFact,
    SubscriptionFact,
    charge_of,
    customer_of,
    dispute_of,
    invoice_of,
    refund_of,
    session_of,
    subscription_of,
)
from billing.gateway.orders import CheckoutOrder, PortalOrder, PriceOrder

if TYPE_CHECKING:
    from stripe.params.billing_portal import (
        ConfigurationCreateParams,
        ConfigurationUpdateParams,
        SessionCreateParams,
    )
    from stripe.params.checkout import SessionCreateParams as CheckoutCreateParams

API_VERSION = "2026-10-28.endive"  # whose shapes and parameter names everything here speaks
TIMEOUT_S = 10.0
RETRIES = 2  # with the same idempotency key, half a second and more apart
PAGE = 100
OURS = {"pixelflow": "1"}  # on what we set up ourselves, so that we find it again

_BUSY = frozenset({409, 429})


class StripeGateway:
    """One account of Stripe, by its secret key.

    Every method raises `PaymentsUnavailable` when Stripe is out, slow or busy with the object, and
    `StripeRefused` for what it will never take.
    """

    def __init__(
        self,
        secret_key: str,
        *,
        api_base: str = "",
        timeout_s: float = TIMEOUT_S,
        retries: int = RETRIES,
    ) -> None:
        self._http = stripe.RequestsClient(timeout=timeout_s)
        self._stripe = stripe.StripeClient(
            secret_key,
            stripe_version=API_VERSION,
            base_addresses={"api": api_base} if api_base else {},
            max_network_retries=retries,
            http_client=self._http,
        )

    def close(self) -> None:
        """Close the calling thread's connections."""
        self._http.close()  # type: ignore[no-untyped-call]

    # --- customers

    def find_customer(self, workspace_id: str) -> str:
        """Return the customer that was made for a workspace; empty if there is none."""
        with _translated():
            found = self._stripe.v1.customers.search(
                {"query": f"metadata['workspace']:'{workspace_id}'", "limit": 1}
            )
            return next((customer.id for customer in found.data), "")

    def create_customer(self, workspace_id: str) -> str:
        """Make a workspace's customer; asked again within a day it is the same one."""
        with _translated():
            made = self._stripe.v1.customers.create(
                {"metadata": {"workspace": workspace_id}},
                {"idempotency_key": f"customer:{workspace_id}"},
            )
            return made.id

    def describe_customer(self, customer_id: str, *, email: str, name: str) -> None:
        """Write on a customer what its invoices show."""
        with _translated():
            self._stripe.v1.customers.update(customer_id, {"email": email, "name": name})

    def read_customer(self, customer_id: str) -> CustomerFact | None:
        """Return a customer, also a deleted one; None if it is of another account."""
        try:
            with _translated():
                found = self._stripe.v1.customers.retrieve(customer_id)
        except StripeRefused as refused:
            if refused.reason == "resource_missing":
                return None
            raise
        return customer_of(found.to_dict())

    def read_state(self, customer: CustomerFact, *, since: datetime) -> CustomerState:
        """Return all subscriptions of a customer, and what was made since some time."""
        if customer.is_deleted:  # what it had was ended with it, and is not listed any more
            return CustomerState(customer)
        after = int(since.timestamp())
        with _translated():
            return CustomerState(
                customer,
                tuple(self._subscriptions_of(customer.id)),
                tuple(self._invoices_of(customer.id, after)),
                tuple(self._sessions_of(customer.id, after)),
                tuple(self._charges_of(customer.id, after)),
            )

    def read_charge(self, charge_id: str) -> ChargeFact | None:
        """Return a charge without its disputes; None if it is of another account."""
        try:
            with _translated():
                found = self._stripe.v1.charges.retrieve(charge_id)
        except StripeRefused as refused:
            if refused.reason == "resource_missing":
                return None
            raise
        return charge_of(found.to_dict())

    # --- buying

    def open_checkout(self, order: CheckoutOrder) -> SessionFact:
        """Open a checkout; asked again with the same order within a day it is the same one."""
        with _translated():
            made = self._stripe.v1.checkout.sessions.create(
                _checkout_params(order), {"idempotency_key": f"checkout:{order.intent_id}"}
            )
            return session_of(made.to_dict())

    def read_checkout(self, session_id: str) -> SessionFact:
        """Return a checkout."""
        with _translated():
            return session_of(self._stripe.v1.checkout.sessions.retrieve(session_id).to_dict())

    def expire_checkout(self, session_id: str) -> None:
        """Close a checkout that nobody finished."""
        with _translated():
            self._stripe.v1.checkout.sessions.expire(session_id)

    def read_item_id(self, subscription_id: str) -> str:
        """Return the id of a subscription's item, which a change of plan names."""
        with _translated():
            found = self._stripe.v1.subscriptions.retrieve(subscription_id)
            return subscription_of(found.to_dict()).item_id

    def open_portal(self, order: PortalOrder) -> str:
        """Return the address of a page at Stripe where a customer manages what it has."""
        params: SessionCreateParams = {
            "customer": order.customer_id,
            "return_url": order.return_url,
        }
        with _translated():
            if configuration := self._portal_configuration():
                params["configuration"] = configuration
            if order.price_id:
                params["flow_data"] = {
                    "type": "subscription_update_confirm",
                    "subscription_update_confirm": {
                        "subscription": order.subscription_id,
                        "items": [{"id": order.item_id, "price": order.price_id, "quantity": 1}],
                    },
                    "after_completion": {
                        "type": "redirect",
                        "redirect": {"return_url": order.return_url},
                    },
                }
            return self._stripe.v1.billing_portal.sessions.create(params).url

    # --- catching up

    def list_events(self, *, since: datetime, types: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield the events of some types since some time, the newest first; at most 30 days old."""
        with _translated():
            page = self._stripe.v1.events.list(
                {
                    "created": {"gte": int(since.timestamp())},
                    "types": list(types),
                    "limit": PAGE,
                }
            )
            for event in page.auto_paging_iter():
                yield event.to_dict()

    def list_subscriptions(self) -> Iterator[SubscriptionFact]:
        """Yield the subscriptions of all customers that were not canceled."""
        with _translated():
            page = self._stripe.v1.subscriptions.list({"limit": PAGE})
            for subscription in page.auto_paging_iter():
                yield subscription_of(subscription.to_dict())

    # --- what is for sale

    def save_price(self, order: PriceOrder) -> str:
        """Return the price of a product at this amount, making what is not there."""
        with _translated():
            self._save_product(order)
            prices = self._stripe.v1.prices.list(
                {"product": order.product_id, "active": True, "limit": PAGE}
            )
            for price in prices.auto_paging_iter():
                if price.unit_amount == order.cents and bool(price.recurring) == order.is_monthly:
                    return price.id
            return self._create_price(order)

    def save_portal(self, *, products: dict[str, str], return_url: str) -> None:
        """Set up the portal: what may be changed to what, and that less counts from the next period.

        `products` has the price of each plan's product.
        """
        params = _portal_params(products, return_url)
        with _translated():
            if known := self._portal_configuration():
                # Stripe takes the same for changing one, under a type of another name.
                self._stripe.v1.billing_portal.configurations.update(
                    known, cast("ConfigurationUpdateParams", params)
                )
            else:
                self._stripe.v1.billing_portal.configurations.create(params)

    # --- parts

    def _subscriptions_of(self, customer_id: str) -> Iterator[SubscriptionFact]:
        page = self._stripe.v1.subscriptions.list(
            {"customer": customer_id, "status": "all", "limit": PAGE}
        )
        return (subscription_of(found.to_dict()) for found in page.auto_paging_iter())

    def _invoices_of(self, customer_id: str, after: int) -> Iterator[InvoiceFact]:
        page = self._stripe.v1.invoices.list(
            {
                "customer": customer_id,
                "status": "paid",
                "created": {"gte": after},
                "limit": PAGE,
                "expand": ["data.payments"],
            }
        )
        for invoice in page.auto_paging_iter():
            found = invoice.to_dict()
            lines = found["lines"]["data"]
            if found["lines"].get("has_more"):
                rest = self._stripe.v1.invoices.line_items.list(found["id"], {"limit": PAGE})
                lines = [line.to_dict() for line in rest.auto_paging_iter()]
            yield invoice_of(found, lines)

    def _sessions_of(self, customer_id: str, after: int) -> Iterator[SessionFact]:
        page = self._stripe.v1.checkout.sessions.list(
            {"customer": customer_id, "created": {"gte": after}, "limit": PAGE}
        )
        return (session_of(found.to_dict()) for found in page.auto_paging_iter())

    def _charges_of(self, customer_id: str, after: int) -> Iterator[ChargeFact]:
        page = self._stripe.v1.charges.list(
            {
                "customer": customer_id,
                "created": {"gte": after},
                "limit": PAGE,
                "expand": ["data.refunds"],
            }
        )
        for found in page.auto_paging_iter():
            yield self._completed(charge_of(found.to_dict()))

    def _completed(self, charge: ChargeFact) -> ChargeFact:
        """Return a charge with all of its refunds and its disputes."""
        if charge.has_more_refunds:
            refunds = self._stripe.v1.refunds.list({"charge": charge.id, "limit": PAGE})
            every = tuple(refund_of(found.to_dict()) for found in refunds.auto_paging_iter())
            charge = replace(charge, refunds=every)
        if charge.is_disputed:
            disputes = self._stripe.v1.disputes.list({"charge": charge.id, "limit": PAGE})
            known = tuple(dispute_of(found.to_dict()) for found in disputes.auto_paging_iter())
            charge = replace(charge, disputes=known)
        return charge

    def _portal_configuration(self) -> str:
        found = self._stripe.v1.billing_portal.configurations.list({"active": True, "limit": PAGE})
        every = (configuration.to_dict() for configuration in found.auto_paging_iter())
        ours = (one["id"] for one in every if (one.get("metadata") or {}).items() >= OURS.items())
        return str(next(ours, ""))

    def _save_product(self, order: PriceOrder) -> None:
        try:
            with _translated():
                self._stripe.v1.products.update(order.product_id, {"name": order.name})
        except StripeRefused as refused:
            if refused.reason != "resource_missing":
                raise
            self._stripe.v1.products.create(
                {"id": order.product_id, "name": order.name, "metadata": dict(OURS)}
            )

    def _create_price(self, order: PriceOrder) -> str:
        key = f"price:{order.product_id}:{order.cents}"
        if order.is_monthly:
            made = self._stripe.v1.prices.create(
                {
                    "product": order.product_id,
                    "currency": "usd",
                    "unit_amount": order.cents,
                    "recurring": {"interval": "month"},
                },
                {"idempotency_key": key},
            )
        else:
            made = self._stripe.v1.prices.create(
                {"product": order.product_id, "currency": "usd", "unit_amount": order.cents},
                {"idempotency_key": key},
            )
        return made.id


def get_gateway() -> StripeGateway:
    """Return the gateway of the configured account.

    Raises:
        PaymentsNotConfigured: there is no secret key.
    """
    if not (key := conf.stripe_secret_key()):
        raise PaymentsNotConfigured
    return _gateway(key, conf.stripe_api_base())


@cache
def _gateway(secret_key: str, api_base: str) -> StripeGateway:
    return StripeGateway(secret_key, api_base=api_base)


def _checkout_params(order: CheckoutOrder) -> "CheckoutCreateParams":
    metadata = {
        "workspace": order.workspace_id,
        "intent": order.intent_id,
        "item": order.item,
        "credits": str(order.credits),
    }
    mode: Literal["payment", "subscription"] = (
        "subscription" if order.is_subscription else "payment"
    )
    params: CheckoutCreateParams = {
        "mode": mode,
        "customer": order.customer_id,
        "client_reference_id": order.workspace_id,
        "line_items": [{"price": order.price_id, "quantity": 1}],
        "metadata": metadata,
        "tax_id_collection": {"enabled": True},
        "customer_update": {"name": "auto", "address": "auto"},
        "billing_address_collection": "required",
        "success_url": order.success_url,
        "cancel_url": order.cancel_url,
        "expires_at": order.expires_at,
    }
    if order.is_subscription:
        params["subscription_data"] = {"metadata": metadata}
    else:
        params["payment_intent_data"] = {"metadata": metadata}
        params["invoice_creation"] = {"enabled": True}
    return params


def _portal_params(products: dict[str, str], return_url: str) -> "ConfigurationCreateParams":
    return {
        "default_return_url": return_url,
        "metadata": dict(OURS),
        "features": {
            "customer_update": {
                "enabled": True,
                "allowed_updates": ["email", "name", "address", "tax_id"],
            },
            "invoice_history": {"enabled": True},
            "payment_method_update": {"enabled": True},
            "subscription_cancel": {
                "enabled": True,
                "mode": "at_period_end",
                "proration_behavior": "none",
            },
            "subscription_update": {
                "enabled": True,
                "default_allowed_updates": ["price"],
                "proration_behavior": "always_invoice",
                "products": [
                    {"product": product, "prices": [price]} for product, price in products.items()
                ],
                "schedule_at_period_end": {"conditions": [{"type": "decreasing_item_amount"}]},
            },
        },
    }


@contextmanager
def _translated() -> Iterator[None]:
    """Raise our errors in place of Stripe's."""
    try:
        yield
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise PaymentsUnavailable(retry_after_s=5) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        # A key that was just replaced: nothing is lost, staff see it in the log.
        raise PaymentsUnavailable("The payment service does not take our key.") from error
    except stripe.StripeError as error:
        status = error.http_status or 500
        if status >= 500 or status in _BUSY:
            raise PaymentsUnavailable(retry_after_s=5) from error
        raise StripeRefused(error.user_message, reason=_reason_of(error)) from error


def _reason_of(error: stripe.StripeError) -> str:
    if isinstance(error, stripe.IdempotencyError):
        return "idempotency_error"
    return error.code or ""
