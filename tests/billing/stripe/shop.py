"""A server that sells at a small Stripe: its prices there, its customer, and the bell."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.test import Client
from stripe import WebhookSignature

from accounts.api import Actor, UserRef, WorkspaceRef, get_workspace
from billing.gateway import StripeGateway
from billing.models import Account, Grant, StripeEvent, Subscription
from billing.services.payments.applying import apply_due
from billing.services.payments.checkout import start_checkout
from billing.services.payments.inbox import take_event
from common.clock import FixedClock
from tests.billing.stripe.server import StripeServer
from tests.billing.stripe.world import World

SECRET = "whsec_test_one"
WEBHOOK = "/api/v1/billing/stripe"

Json = dict[str, Any]


@dataclass
class Shop:
    """What a test of payments holds in its hands."""

    world: World
    served: StripeServer
    gateway: StripeGateway
    workspace: WorkspaceRef
    owner: UserRef
    clock: FixedClock
    told: int = 0

    @property
    def actor(self) -> Actor:
        return Actor("user", self.owner.id)

    # --- what people do

    def start(self, item: str) -> str:
        """Go to the checkout; returns its address."""
        return start_checkout(
            actor=self.actor,
            workspace_id=self.workspace.id,
            item=item,
            email=self.owner.email,
            clock=self.clock,
            gateway=self.gateway,
        )

    def session(self) -> Json:
        """The newest checkout."""
        return list(self.world.stores["sessions"].values())[-1]

    def buy(self, item: str) -> Json:
        """Go to the checkout and pay."""
        self.start(item)
        return self.world.pay(self.session())

    def subscribe(self, plan: str = "starter") -> Json:
        """Buy a plan; returns the subscription."""
        return self.world.find(self.buy(f"plan:{plan}")["subscription"])

    def price(self, item: str) -> str:
        """The price of `plan:<key>` or `pack:<key>`."""
        return f"price_{item.replace(':', '_').replace('-', '')}"

    def advance(self, seconds: int) -> None:
        """Let time pass there and here."""
        self.world.advance(seconds)
        self.set_clock(self.world.now)

    def set_clock(self, at: int) -> None:
        self.clock.advance(at - self.clock.now().timestamp())

    # --- the bell

    def tell(self, *events: Json) -> None:
        """Deliver events, signed."""
        for event in events:
            body = json.dumps(event)
            signature = WebhookSignature.generate_signature_header(body, SECRET)
            take_event(payload=body.encode(), signature=signature, clock=self.clock)

    def new_events(self) -> list[Json]:
        """The events since the last time."""
        events = self.world.events[self.told :]
        self.told = len(self.world.events)
        return events

    def apply(self) -> int:
        """Let the worker do its work."""
        return apply_due(clock=self.clock, gateway=self.gateway)

    def settle(self) -> None:
        """Deliver all that happened, in order, and apply it."""
        self.tell(*self.new_events())
        self.apply()

    # --- what came of it

    @property
    def plan(self) -> str:
        return get_workspace(self.workspace.id).plan

    @property
    def account(self) -> Account:
        return Account.objects.get(pk=self.workspace.id)

    def grants(self) -> dict[str, int]:
        """What is left of each grant, by its key."""
        rows = Grant.objects.of(self.workspace.id).filter(remaining__gt=0)
        return dict(rows.values_list("key", "remaining"))

    def states(self) -> dict[str, int]:
        """How many events are in which state."""
        states: dict[str, int] = {}
        for state in StripeEvent.objects.values_list("state", flat=True):
            states[state] = states.get(state, 0) + 1
        return states

    def outcome(self) -> Json:
        """All that must be the same in the end, however events came."""
        account = self.account
        rows = Subscription.objects.of(self.workspace.id).order_by("pk")
        return {
            "plan": self.plan,
            "available": account.available,
            "held": account.held,
            "renews_at": account.renews_at,
            "grants": sorted(
                Grant.objects.of(self.workspace.id)
                .filter(remaining__gt=0)
                .values_list("key", "remaining", "expires_at")
            ),
            "subscriptions": list(
                rows.values_list(
                    "pk", "plan_id", "status", "current_period_end", "cancel_at_period_end"
                )
            ),
        }


def ring(event: Json | bytes, *, secret: str = SECRET, signature: str | None = None) -> Any:
    """Send an event to the endpoint, signed unless a signature is given."""
    raw = event if isinstance(event, bytes) else json.dumps(event).encode()
    if signature is None:
        signature = WebhookSignature.generate_signature_header(raw.decode(), secret)
    return Client(enforce_csrf_checks=True, raise_request_exception=False).post(
        WEBHOOK, raw, content_type="application/json", headers={"Stripe-Signature": signature}
    )


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
