"""Applying stored events: who applies, what is read for it, and what happens when that fails.

A customer has one applier at a time, by a lease on its row. Stripe is asked outside of any
transaction; what it said is written only if the lease is still there, so that somebody slow cannot
put an older state over a newer one.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.api import get_workspace_ref
from billing import conf
from billing.errors import PaymentsUnavailable
from billing.gateway import CustomerFact, StripeGateway, get_gateway
from billing.models import StripeCustomer, StripeEvent
from billing.services.payments.booking import book_state
from billing.services.payments.inbox import charge_in
from billing.types import EventState
from common import faults, metrics
from common.clock import SYSTEM_CLOCK, Clock
from common.ids import new_id

logger = logging.getLogger(__name__)

ShouldStop = Callable[[], bool]

LEASE = timedelta(seconds=120)  # above what the reads of one customer take with all their retries
LOOKS_BACK = timedelta(days=130)  # disputes come up to 120 days after the payment
BEFORE_CHARGE = timedelta(days=40)  # an invoice may have been tried for so long before it was paid
MAX_TRIES = 12
AT_ONCE = 200

_FIRST_WAIT_S, _LONGEST_WAIT_S = 5, 3_600


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whom an event is about, and from when on to read; `customer` None: nobody of ours."""

    customer: CustomerFact | None
    since: datetime


def apply_due(
    *,
    clock: Clock = SYSTEM_CLOCK,
    should_stop: ShouldStop = lambda: False,
    gateway: StripeGateway | None = None,
) -> int:
    """Apply the events that are due; returns how many there were. Nothing without keys."""
    if not conf.stripe_secret_key():
        return 0
    due = list(
        StripeEvent.objects.filter(state=EventState.STORED, due_at__lte=clock.now())
        .order_by("due_at")
        .only("stripe_id", "customer")[:AT_ONCE]
    )
    names = dict.fromkeys(event.customer or f"event:{event.stripe_id}" for event in due)
    applied = 0
    for name in names:
        if should_stop():
            break
        group = [row.pk for row in due if (row.customer or f"event:{row.stripe_id}") == name]
        applied += apply_events(group, gateway=gateway or get_gateway(), clock=clock)
    return applied


def apply_events(
    event_ids: Sequence[str], *, gateway: StripeGateway, clock: Clock = SYSTEM_CLOCK
) -> int:
    """Apply stored events of one customer; returns how many that settled."""
    events = list(StripeEvent.objects.filter(pk__in=event_ids, state=EventState.STORED))
    if not events:
        return 0
    try:
        subject = _subject_of(events, gateway, clock.now())
        if subject.customer is None:
            return _end(events, EventState.IGNORED, clock, note="not a customer of this server")
        if not sync_customer(subject.customer, since=subject.since, gateway=gateway, clock=clock):
            return 0  # somebody is at it; the events stay due
    except PaymentsUnavailable as error:
        _put_off(events, clock, note=error.detail, may_fail=False)
        return 0
    except Exception as error:  # the edge of the worker: one customer must not keep the others
        logger.exception("events were not applied", extra={"action": "stripe_apply_failed"})
        _put_off(events, clock, note=f"{type(error).__name__}: {error}", may_fail=True)
        return 0
    return _end(events, EventState.APPLIED, clock)


def sync_customer(
    found: CustomerFact,
    *,
    since: datetime,
    gateway: StripeGateway,
    clock: Clock = SYSTEM_CLOCK,
) -> bool:
    """Read a customer's state and book it; says False if somebody else is at it.

    Raises:
        PaymentsUnavailable, StripeRefused: Stripe could not be asked.
    """
    lease = new_id("lse")
    if not _take_lease(found.id, lease, clock.now()):
        return False
    try:
        state = gateway.read_state(found, since=since)
        faults.point("stripe.after_read")
        with transaction.atomic():
            row = StripeCustomer.objects.select_for_update().filter(stripe_id=found.id).first()
            if row is None or row.lease != lease:
                return False  # somebody has taken it over, and read it after us
            book_state(row, state, now=clock.now())
            faults.point("stripe.before_commit")
    finally:
        StripeCustomer.objects.filter(stripe_id=found.id, lease=lease).update(
            lease="", leased_until=None
        )
    return True


def find_ours(customer_id: str, *, gateway: StripeGateway) -> CustomerFact | None:
    """Return a customer if it is of a workspace here; one that we forgot is known again.

    The database may be older than Stripe's facts, put back from a backup: the workspace's id stands
    on the customer too. A workspace that has another customer keeps that one. What this account of
    Stripe never had is nobody's: a wrong key must not end what others pay for.
    """
    found = gateway.read_customer(customer_id)
    if found is None or StripeCustomer.objects.filter(stripe_id=customer_id).exists():
        return found
    if get_workspace_ref(found.workspace_id) is None:
        return None
    try:
        with transaction.atomic():
            StripeCustomer.objects.create(
                workspace_id=found.workspace_id, stripe_id=found.id, email=found.email
            )
    except IntegrityError:
        return None
    return found


def _subject_of(events: Iterable[StripeEvent], gateway: StripeGateway, now: datetime) -> _Subject:
    """Find out whom events are about, and how far back to read for them.

    What was taken back may have been paid long ago; then the payment is read for its time.
    """
    since, customer_id = now - LOOKS_BACK, ""
    for event in events:
        customer_id = customer_id or event.customer
        if charge_id := charge_in(event.body):
            charge = gateway.read_charge(charge_id)
            if charge is not None:
                since = min(since, charge.created - BEFORE_CHARGE)
                customer_id = customer_id or charge.customer
    customer = find_ours(customer_id, gateway=gateway) if customer_id else None
    return _Subject(customer, since)


def _take_lease(customer_id: str, lease: str, now: datetime) -> bool:
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    taken = StripeCustomer.objects.filter(free, stripe_id=customer_id)
    return bool(taken.update(lease=lease, leased_until=now + LEASE))


def _end(events: Sequence[StripeEvent], state: EventState, clock: Clock, *, note: str = "") -> int:
    keys = [event.pk for event in events]
    ended = StripeEvent.objects.filter(pk__in=keys, state=EventState.STORED).update(
        state=state, applied_at=clock.now(), note=note
    )
    metrics.stripe_events(state.value, ended)
    return ended


def _put_off(events: Iterable[StripeEvent], clock: Clock, *, note: str, may_fail: bool) -> None:
    """Try again later, each time after twice as long; an outage is never a reason to give up."""
    for event in events:
        tries = event.tries + 1
        is_over = may_fail and tries >= MAX_TRIES
        wait_s = min(_FIRST_WAIT_S * 2 ** min(event.tries, 20), _LONGEST_WAIT_S)
        StripeEvent.objects.filter(pk=event.pk, state=EventState.STORED).update(
            state=EventState.FAILED if is_over else EventState.STORED,
            tries=tries,
            due_at=clock.now() + timedelta(seconds=wait_s),
            note=note[:300],
        )
        metrics.stripe_events("failed" if is_over else "late")
