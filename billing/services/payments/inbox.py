"""Taking Stripe's events in: stored as they came, looked into later.

An event says which customer to look at; nothing else in it is believed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from billing import conf
from billing.errors import BadSignature, PaymentsNotConfigured
from billing.gateway import read_signed
from billing.models import StripeEvent
from billing.types import EventState
from common import metrics
from common.clock import SYSTEM_CLOCK, Clock

# Twenty are as many as Stripe's list of events takes at once.
HANDLED_TYPES = (
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.updated",
    "charge.refunded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "customer.deleted",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.updated",
    "customer.updated",
    "invoice.paid",
    "invoice.payment_succeeded",
    "refund.failed",
    "refund.updated",
)
MAX_ID_LENGTH = 100  # of the columns
LAST_SECOND = 2**35  # beyond it no database keeps a time


def take_event(*, payload: bytes, signature: str, clock: Clock = SYSTEM_CLOCK) -> bool:
    """Store a signed event for a worker, once; says whether it is new.

    What is not for this server (of the other mode, of a type that changes nothing here) is stored
    as ignored, so that Stripe stops sending it.

    Raises:
        PaymentsNotConfigured: there is no secret to check it with.
        BadSignature: not signed, or not an event.
    """
    if not (secrets := conf.stripe_webhook_secrets()):
        raise PaymentsNotConfigured
    now = clock.now()
    try:
        event = read_signed(payload, signature, secrets=secrets, now=now)
        _check_shape(event)
    except BadSignature:
        metrics.stripe_events("refused")
        raise
    return store_event(event, now=now)


def store_event(event: Mapping[str, Any], *, now: datetime) -> bool:
    """Store an event unless it is known; says whether it was not."""
    ignored = _why_ignored(event)
    is_foreign = bool(event["livemode"]) != conf.is_live()
    row = StripeEvent(
        stripe_id=event["id"],
        type=event["type"],
        body={} if is_foreign else dict(event),  # another mode's people are none of our business
        state=EventState.IGNORED if ignored else EventState.STORED,
        customer=customer_in(event),
        note=ignored,
        due_at=now,
        stripe_created_at=_created(event, now),
        received_at=now,
    )
    with transaction.atomic():
        if StripeEvent.objects.filter(pk=row.pk).exists():
            metrics.stripe_events("twice")
            return False
        StripeEvent.objects.bulk_create([row], ignore_conflicts=True)
    metrics.stripe_events("ignored" if ignored else "stored")
    return True


def retry_event(event_id: str, *, clock: Clock = SYSTEM_CLOCK) -> bool:
    """Try an event again that was given up; says whether it was one of those."""
    given_up = StripeEvent.objects.filter(pk=event_id, state=EventState.FAILED)
    return bool(given_up.update(state=EventState.STORED, tries=0, due_at=clock.now(), note=""))


def customer_in(event: Mapping[str, Any]) -> str:
    """Return the customer that an event is about; empty where it names a charge alone."""
    found = _object_of(event)
    if found.get("object") == "customer":
        named = found.get("id")
    else:
        customer = found.get("customer")
        named = customer.get("id") if isinstance(customer, Mapping) else customer
    return named if isinstance(named, str) and len(named) <= MAX_ID_LENGTH else ""


def charge_in(event: Mapping[str, Any]) -> str:
    """Return the charge that an event is about or came from; empty for others."""
    found = _object_of(event)
    charge = found.get("id") if found.get("object") == "charge" else found.get("charge")
    named = charge.get("id") if isinstance(charge, Mapping) else charge
    return named if isinstance(named, str) else ""


def _why_ignored(event: Mapping[str, Any]) -> str:
    if bool(event["livemode"]) != conf.is_live():
        return "of the other mode, live or test"
    if event["type"] not in HANDLED_TYPES:
        return "changes nothing here"
    if not customer_in(event) and not charge_in(event):
        return "names no customer"
    return ""


def _object_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    data = event.get("data")
    found = data.get("object") if isinstance(data, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _check_shape(event: Mapping[str, Any]) -> None:
    """Refuse what cannot be an event, though it is signed.

    Raises:
        BadSignature: it is none.
    """
    for name in ("id", "type"):
        value = event.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= MAX_ID_LENGTH or "\0" in value:
            raise BadSignature(f"An event needs its {name}.")
    if not isinstance(event.get("livemode"), bool):
        raise BadSignature("An event says whether it is live.")


def _created(event: Mapping[str, Any], now: datetime) -> datetime:
    created = event.get("created")
    if isinstance(created, int) and 0 < created < LAST_SECOND:
        return datetime.fromtimestamp(created, UTC)
    return now
