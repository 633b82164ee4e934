"""localstripe, a Stripe of somebody else's making, behind a relay.

It keeps customers, subscriptions, invoices, charges, refunds and events, in the shapes of an old
version of the API; the relay tells them in those of the pinned one. What it does not have
(checkouts, the portal, disputes, prices) is the small world's.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.billing.stripe.server import Refusal, StripeServer
from tests.durability.processes import free_port

Json = dict[str, Any]

KEY = "sk_test_pixelflow"
GOOD_CARD, BAD_CARD = "4242424242424242", "4000000000000341"

# It writes its whole store to one file in /tmp at each change, and listens to the world.
_PROGRAM = """
import sys
from aiohttp import web
from localstripe import resources, server
resources.Store.dump_to_disk = lambda self: None
web.run_app(server.app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
"""


class Peer:
    """A running localstripe."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, auth=(KEY, ""), timeout=10)

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **params: Any) -> Json:
        return self._checked(self._http.get(f"/v1/{path}", params=params))

    def post(self, path: str, **params: Any) -> Json:
        return self._checked(self._http.post(f"/v1/{path}", json=params))

    def delete(self, path: str) -> Json:
        return self._checked(self._http.delete(f"/v1/{path}"))

    def list(self, path: str, **params: Any) -> list[Json]:
        """All objects of a list."""
        found: list[Json] = self.get(path, limit=100, **params)["data"]
        return found

    def forget(self) -> None:
        """Begin with nothing."""
        self._http.delete("/_config/data").raise_for_status()

    def put_up(self, price_id: str, product: str, cents: int) -> None:
        """Put a plan on sale."""
        self.post("products", id=product, name=product, type="service")
        self.post(
            "plans", id=price_id, product=product, amount=cents, currency="usd", interval="month"
        )

    def give_card(self, customer: str, number: str) -> None:
        """From now on a customer pays by this card."""
        card = {"number": number, "exp_month": 12, "exp_year": 2040, "cvc": "123"}
        method = self.post("payment_methods", type="card", card=card)["id"]
        self.post(f"payment_methods/{method}/attach", customer=customer)
        self.post(f"customers/{customer}", invoice_settings={"default_payment_method": method})

    def _checked(self, response: httpx.Response) -> Json:
        if response.status_code == 404:
            raise Refusal(404, code="resource_missing")
        response.raise_for_status()
        answer: Json = response.json()
        return answer


class Relay(StripeServer):
    """The small Stripe's server, with localstripe behind what that one has."""

    peer: Peer

    def create_customer(self, params: Json) -> Json:
        return self.peer.post("customers", metadata=params["metadata"])

    def search_customers(self, params: Json) -> Json:
        workspace = params["query"].split("'")[3]
        found = [
            customer
            for customer in self.peer.list("customers")
            if customer["metadata"].get("workspace") == workspace
        ]
        return {"object": "search_result", "data": found[:1], "has_more": False, "url": "/v1/x"}

    def get_customer(self, _: Json, id_: str) -> Json:
        return self.peer.get(f"customers/{id_}")

    def update_customer(self, params: Json, id_: str) -> Json:
        return self.peer.post(f"customers/{id_}", **params)

    def list_subscriptions(self, params: Json) -> Json:
        wanted = {name: params[name] for name in ("customer", "status") if name in params}
        found = [subscription_now(one) for one in self.peer.list("subscriptions", **wanted)]
        return self._page(found, params)

    def get_subscription(self, _: Json, id_: str) -> Json:
        return subscription_now(self.peer.get(f"subscriptions/{id_}"))

    def list_invoices(self, params: Json) -> Json:
        every = self.peer.list("invoices", customer=params["customer"])[::-1]
        return self._page([invoice_now(one) for one in every if one["status"] == "paid"], params)

    def list_charges(self, params: Json) -> Json:
        every = [
            self._charge_now(charge)
            for charge in self.peer.list("charges")
            if charge["customer"] == params["customer"]
        ]
        return self._page([*every, *self.world.of("charges")], params)

    def get_charge(self, _: Json, id_: str) -> Json:
        return self._charge_now(self.peer.get(f"charges/{id_}"))

    def list_events(self, params: Json) -> Json:
        every = [*self.peer.list("events"), *self.world.events]
        return self._page([event for event in every if event["type"] in params["types"]], params)

    def create_session(self, params: Json) -> Json:
        return self.world.make_session(params)

    def _charge_now(self, charge: Json) -> Json:
        refunds = self.peer.list("refunds", charge=charge["id"])
        return {
            **charge,
            "disputed": bool(self.world.of("disputes", charge=charge["id"])),
            "refunds": {"object": "list", "has_more": False, "data": refunds},
        }


def subscription_now(found: Json) -> Json:
    """A subscription in the shape of the pinned version."""
    item = found["items"]["data"][0]
    period = {name: found.pop(name) for name in ("current_period_start", "current_period_end")}
    item = {**item, **period, "price": price_now(item.pop("plan"))}
    return {**found, "items": {"object": "list", "has_more": False, "data": [item]}}


def invoice_now(found: Json) -> Json:
    """An invoice in the shape of the pinned version."""
    payment = {"type": "payment_intent", "payment_intent": found["payment_intent"]}
    payments = [{"id": "inpay_1", "object": "invoice_payment", "payment": payment}]
    lines = [line_now(line) for line in found["lines"]["data"]]
    return {
        **found,
        "payments": {"object": "list", "data": payments if found["payment_intent"] else []},
        "lines": {"object": "list", "has_more": False, "data": lines},
    }


def line_now(found: Json) -> Json:
    """A line of an invoice in the shape of the pinned version."""
    plan = found.pop("plan")
    details = {"proration": found.pop("proration"), "subscription": found["subscription"]}
    return {
        **found,
        "pricing": {"price_details": {"price": plan["id"], "product": plan["product"]}},
        "parent": {"type": "subscription_item_details", "subscription_item_details": details},
    }


def price_now(plan: Json) -> Json:
    """A plan of old as a price."""
    return {
        "id": plan["id"],
        "object": "price",
        "product": plan["product"],
        "unit_amount": plan["amount"],
        "recurring": {"interval": plan["interval"]},
    }


@contextmanager
def running() -> Iterator[Peer]:
    """localstripe on a free port of loopback, in a process of its own."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", _PROGRAM, str(port)])
    peer = Peer(f"http://127.0.0.1:{port}")
    try:
        _wait(peer, process)
        yield peer
    finally:
        peer.close()
        process.kill()
        process.wait()


def _wait(peer: Peer, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            peer.forget()
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("localstripe did not start")
