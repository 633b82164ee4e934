"""What Stripe says of its objects, read out of the shapes of the pinned API version.

Times are aware UTC datetimes, amounts are in the smallest unit of their currency. Ids of related
objects are taken whether Stripe sent the id alone or the object in its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CustomerFact:
    """A customer; `workspace_id` is what we wrote on it when we made it, empty on others'."""

    id: str
    email: str
    workspace_id: str
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class SubscriptionFact:
    """A subscription and its first item; we sell none with more."""

    id: str
    customer: str
    item_id: str
    status: str
    price_id: str
    product_id: str
    period_end: datetime | None
    cancels: bool
    created: datetime


@dataclass(frozen=True, slots=True)
class LineFact:
    """A line of an invoice. A proration is for the part of a period; negative: for unused time."""

    id: str
    price_id: str
    product_id: str
    amount: int
    quantity: int
    is_proration: bool
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class InvoiceFact:
    """A paid invoice, and the payment intents that paid it."""

    id: str
    paid_at: datetime
    payment_intents: frozenset[str]
    lines: tuple[LineFact, ...]


@dataclass(frozen=True, slots=True)
class SessionFact:
    """A checkout. `status` is open, complete or expired; `payment_status` says whether it is paid."""

    id: str
    url: str
    status: str
    payment_status: str
    payment_intent: str
    created: datetime
    metadata: Mapping[str, str]

    @property
    def is_paid(self) -> bool:
        """Say whether the money is there; a voucher for everything counts."""
        return self.status == "complete" and self.payment_status in ("paid", "no_payment_required")


@dataclass(frozen=True, slots=True)
class RefundFact:
    """Money that went back, or is about to."""

    id: str
    amount: int
    status: str
    created: datetime


@dataclass(frozen=True, slots=True)
class DisputeFact:
    """Money that a customer's bank took back, or asks about (`warning_…`)."""

    id: str
    amount: int
    status: str
    created: datetime


@dataclass(frozen=True, slots=True)
class ChargeFact:
    """A payment with what was taken back of it."""

    id: str
    customer: str
    payment_intent: str
    amount: int
    is_disputed: bool
    created: datetime
    refunds: tuple[RefundFact, ...]
    has_more_refunds: bool
    disputes: tuple[DisputeFact, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerState:
    """All that Stripe knows of a customer: every subscription, the rest from some time on."""

    customer: CustomerFact
    subscriptions: tuple[SubscriptionFact, ...] = ()
    invoices: tuple[InvoiceFact, ...] = ()
    sessions: tuple[SessionFact, ...] = ()
    charges: tuple[ChargeFact, ...] = ()


def id_of(value: Any) -> str:
    """Return the id of a related object, given as id, as object, or not at all."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return value if isinstance(value, str) else ""


def time_of(value: Any) -> datetime | None:
    """Return a time out of Unix seconds."""
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int) else None


def customer_of(found: Json) -> CustomerFact:
    """Read a customer, deleted or not."""
    metadata = found.get("metadata") or {}
    return CustomerFact(
        id=str(found["id"]),
        email=str(found.get("email") or "")[:254],
        workspace_id=str(metadata.get("workspace", "")),
        is_deleted=bool(found.get("deleted")),
    )


def subscription_of(found: Json) -> SubscriptionFact:
    """Read a subscription."""
    item: Json = next(iter(found["items"]["data"]), {})
    price = item.get("price") or {}
    return SubscriptionFact(
        id=str(found["id"]),
        customer=id_of(found["customer"]),
        item_id=id_of(item),
        status=str(found["status"]),
        price_id=id_of(price),
        product_id=id_of(price.get("product")) if isinstance(price, Mapping) else "",
        period_end=time_of(item.get("current_period_end")),
        cancels=bool(found.get("cancel_at_period_end") or found.get("cancel_at")),
        created=_created(found),
    )


def invoice_of(found: Json, lines: list[Json]) -> InvoiceFact:
    """Read a paid invoice with all of its lines."""
    paid_at = time_of((found.get("status_transitions") or {}).get("paid_at"))
    payments = (found.get("payments") or {}).get("data") or []
    intents = (id_of((payment.get("payment") or {}).get("payment_intent")) for payment in payments)
    return InvoiceFact(
        id=str(found["id"]),
        paid_at=paid_at or _created(found),
        payment_intents=frozenset(intent for intent in intents if intent),
        lines=tuple(line_of(line) for line in lines),
    )


def line_of(found: Json) -> LineFact:
    """Read a line of an invoice."""
    parent = found.get("parent") or {}
    details = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
    price = (found.get("pricing") or {}).get("price_details") or {}
    period = found["period"]
    return LineFact(
        id=str(found["id"]),
        price_id=id_of(price.get("price")),
        product_id=id_of(price.get("product")),
        amount=int(found["amount"]),
        quantity=int(found.get("quantity") or 1),
        is_proration=bool(details.get("proration")),
        start=datetime.fromtimestamp(period["start"], UTC),
        end=datetime.fromtimestamp(period["end"], UTC),
    )


def session_of(found: Json) -> SessionFact:
    """Read a checkout session."""
    return SessionFact(
        id=str(found["id"]),
        url=str(found.get("url") or ""),
        status=str(found.get("status") or ""),
        payment_status=str(found.get("payment_status") or ""),
        payment_intent=id_of(found.get("payment_intent")),
        created=_created(found),
        metadata={str(name): str(value) for name, value in (found.get("metadata") or {}).items()},
    )


def charge_of(found: Json) -> ChargeFact:
    """Read a charge, with the refunds that came along."""
    refunds = found.get("refunds") or {}
    return ChargeFact(
        id=str(found["id"]),
        customer=id_of(found.get("customer")),
        payment_intent=id_of(found.get("payment_intent")),
        amount=int(found["amount"]),
        is_disputed=bool(found.get("disputed")),
        created=_created(found),
        refunds=tuple(refund_of(refund) for refund in refunds.get("data") or []),
        has_more_refunds=bool(refunds.get("has_more")),
    )


def refund_of(found: Json) -> RefundFact:
    """Read a refund."""
    return RefundFact(
        str(found["id"]), int(found["amount"]), str(found.get("status") or ""), _created(found)
    )


def dispute_of(found: Json) -> DisputeFact:
    """Read a dispute."""
    return DisputeFact(
        str(found["id"]), int(found["amount"]), str(found.get("status") or ""), _created(found)
    )


def _created(found: Json) -> datetime:
    return datetime.fromtimestamp(found["created"], UTC)
