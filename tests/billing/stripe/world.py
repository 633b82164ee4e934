"""A small Stripe that people act upon: its objects, in the shapes of the pinned API version.

What people do there are methods (`pay`, `upgrade`, `refund` …); each changes objects and tells the
events of it, as Stripe documents them. Time stands still until `advance` moves it, and renewals,
failed payments and scheduled changes come with it. `server.py` puts it on HTTP.
"""

import calendar
import copy
from datetime import UTC, datetime
from typing import Any

from billing.gateway import API_VERSION

Json = dict[str, Any]

DAY = 24 * 3600
RETRY_DAYS = (3, 8, 15)  # after the first failure; then the subscription is over

KINDS = (
    "customers",
    "subscriptions",
    "invoices",
    "sessions",
    "charges",
    "refunds",
    "disputes",
    "products",
    "prices",
    "configurations",
)


class World:
    """One account of Stripe."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.stores: dict[str, dict[str, Json]] = {kind: {} for kind in KINDS}
        self.events: list[Json] = []
        self._number = 0

    # --- looking

    def snapshot(self) -> dict[str, dict[str, Json]]:
        """All objects as they are now."""
        return copy.deepcopy(self.stores)

    def find(self, id_: str) -> Json:
        """An object by its id, of whatever kind."""
        return next(store[id_] for store in self.stores.values() if id_ in store)

    def of(self, kind: str, **fields: Any) -> list[Json]:
        """The objects of a kind with these fields, the newest last."""
        return [
            found
            for found in self.stores[kind].values()
            if all(found.get(name) == value for name, value in fields.items())
        ]

    # --- what an API call makes

    def make_customer(self, metadata: dict[str, str]) -> Json:
        return self.put(
            "customers", "cus", object="customer", email=None, name=None, metadata=metadata
        )

    def make_price(self, product: str, cents: int, *, monthly: bool, id_: str = "") -> Json:
        recurring = {"interval": "month", "interval_count": 1} if monthly else None
        return self.put(
            "prices",
            "price",
            id_=id_,
            object="price",
            product=product,
            unit_amount=cents,
            currency="usd",
            active=True,
            recurring=recurring,
            type="recurring" if monthly else "one_time",
        )

    def make_session(self, params: Json) -> Json:
        items = params["line_items"]
        return self.put(
            "sessions",
            "cs_test",
            object="checkout.session",
            url=f"https://checkout.stripe.test/{self._number}",
            status="open",
            payment_status="unpaid",
            payment_intent=None,
            subscription=None,
            mode=params["mode"],
            customer=params["customer"],
            metadata=params.get("metadata", {}),
            expires_at=int(params["expires_at"]),
            price=items[0]["price"],
        )

    # --- what people do

    def pay(self, session: Json, *, is_later: bool = False) -> Json:
        """Finish a checkout; `is_later`: by a bank that takes days over it."""
        session |= {"status": "complete", "url": None}
        if session["mode"] == "subscription":
            subscription = self.subscribe(
                session["customer"], session["price"], metadata=session["metadata"]
            )
            session |= {"payment_status": "paid", "subscription": subscription["id"]}
        else:
            session["payment_intent"] = self._id("pi")
            if not is_later:
                self._pay_session(session)
        self.tell("checkout.session.completed", session)
        return session

    def clear(self, session: Json) -> None:
        """The bank has paid."""
        self._pay_session(session)
        self.tell("checkout.session.async_payment_succeeded", session)

    def expire(self, session: Json) -> None:
        """Nobody finished a checkout."""
        session |= {"status": "expired", "url": None}
        self.tell("checkout.session.expired", session)

    def subscribe(self, customer: str, price: str, *, metadata: Json | None = None) -> Json:
        """Begin a subscription whose first payment goes through."""
        start, end = self.now, month_after(self.now)
        subscription = self.put(
            "subscriptions",
            "sub",
            object="subscription",
            customer=customer,
            status="active",
            cancel_at=None,
            cancel_at_period_end=False,
            canceled_at=None,
            ended_at=None,
            metadata=metadata or {},
            anchor_day=datetime.fromtimestamp(start, UTC).day,
            next_price=None,
            open_invoice=None,
            failures=0,
            items={"object": "list", "has_more": False, "data": [self._item(price, start, end)]},
        )
        self.tell("customer.subscription.created", subscription)
        self._invoice(subscription, [self._line(subscription, price, start, end)])
        return subscription

    def change_price(self, subscription: Json, price: str) -> Json:
        """Move to another price at once, with proration, as for a dearer plan."""
        item = subscription["items"]["data"][0]
        old, start, end = item["price"]["id"], self.now, item["current_period_end"]
        length = end - month_before(end)
        lines = []
        for sign, key in ((-1, old), (1, price)):
            cents = self.stores["prices"][key]["unit_amount"] * (end - start) // length
            lines.append(
                self._line(subscription, key, start, end, amount=sign * cents, is_proration=True)
            )
        item["price"] = self._price(price)
        subscription["next_price"] = None
        self.tell("customer.subscription.updated", subscription)
        return self._invoice(subscription, lines)

    def change_price_later(self, subscription: Json, price: str) -> None:
        """Move to another price with the next period, as for a cheaper plan."""
        subscription["next_price"] = price
        self.tell("customer.subscription.updated", subscription)

    def cancel_later(self, subscription: Json, *, cancels: bool = True) -> None:
        """Cancel at the end of the period, or think better of it."""
        subscription["cancel_at_period_end"] = cancels
        self.tell("customer.subscription.updated", subscription)

    def cancel(self, subscription: Json) -> None:
        """Cancel at once."""
        subscription |= {"status": "canceled", "ended_at": self.now, "canceled_at": self.now}
        self.tell("customer.subscription.deleted", subscription)

    def break_card(self, customer: str, *, is_broken: bool = True) -> None:
        """From now on payments fail, or go through again."""
        self.stores["customers"][customer]["is_broken"] = is_broken

    def pay_open(self, subscription: Json) -> None:
        """Pay the invoice that failed."""
        invoice = self.stores["invoices"][subscription["open_invoice"]]
        self._settle(invoice)
        subscription |= {"status": "active", "open_invoice": None, "failures": 0}
        self.tell("customer.subscription.updated", subscription)

    def refund(self, charge: Json, amount: int, *, status: str = "succeeded") -> Json:
        """Give money back."""
        refund = self.put(
            "refunds",
            "re",
            object="refund",
            charge=charge["id"],
            payment_intent=charge["payment_intent"],
            amount=amount,
            status=status,
        )
        charge["amount_refunded"] += amount
        self._show_refunds(charge)
        self.tell("charge.refunded", charge)
        return refund

    def fail_refund(self, refund: Json) -> None:
        """The bank did not take it."""
        refund["status"] = "failed"
        charge = self.stores["charges"][refund["charge"]]
        charge["amount_refunded"] -= refund["amount"]
        self._show_refunds(charge)
        self.tell("refund.failed", refund)

    def dispute(self, charge: Json, *, status: str = "needs_response") -> Json:
        """A customer's bank takes the money back, or (`warning_…`) asks."""
        charge["disputed"] = True
        dispute = self.put(
            "disputes",
            "du",
            object="dispute",
            charge=charge["id"],
            payment_intent=charge["payment_intent"],
            amount=charge["amount"] - charge["amount_refunded"],
            status=status,
        )
        self.tell("charge.dispute.created", dispute)
        return dispute

    def close_dispute(self, dispute: Json, status: str) -> None:
        """Won or lost."""
        dispute["status"] = status
        self.tell("charge.dispute.closed", dispute)

    def rename(self, customer: str, email: str) -> None:
        """Change the address in the portal."""
        self.stores["customers"][customer]["email"] = email
        self.tell("customer.updated", self.stores["customers"][customer])

    def delete_customer(self, customer: str) -> None:
        """Delete a customer, which ends its subscriptions."""
        for subscription in self.of("subscriptions", customer=customer):
            if subscription["status"] != "canceled":
                self.cancel(subscription)
        found = self.stores["customers"][customer]
        self.tell("customer.deleted", found)
        self.stores["customers"][customer] = {
            "id": customer,
            "object": "customer",
            "deleted": True,
        }

    def advance(self, seconds: int) -> None:
        """Let time pass; what is due in it happens at its own time."""
        until = self.now + seconds
        while (due := self._next_due(until)) is not None:
            at, subscription = due
            self.now = max(self.now, at)
            self._renew(subscription)
        self.now = until

    # --- parts

    def put(self, kind: str, prefix: str, *, id_: str = "", **fields: Any) -> Json:
        """Add an object."""
        made = {"id": id_ or self._id(prefix), "created": self.now, "livemode": False, **fields}
        self.stores[kind][made["id"]] = made
        return made

    def tell(self, type_: str, found: Json) -> Json:
        """Tell an event about an object as it is now."""
        event = {
            "id": self._id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "livemode": False,
            "pending_webhooks": 1,
            "type": type_,
            "data": {"object": copy.deepcopy(found)},
        }
        self.events.append(event)
        return event

    def _id(self, prefix: str) -> str:
        self._number += 1
        return f"{prefix}_{self._number:06d}"

    def _next_due(self, until: int) -> tuple[int, Json] | None:
        due = []
        for subscription in self.stores["subscriptions"].values():
            at = subscription["items"]["data"][0]["current_period_end"]
            if subscription["status"] == "past_due":
                begun = self.stores["invoices"][subscription["open_invoice"]]["created"]
                at = begun + RETRY_DAYS[subscription["failures"] - 1] * DAY
            if subscription["status"] in ("active", "past_due") and at <= until:
                due.append((at, subscription))
        return min(due, key=lambda pair: pair[0]) if due else None

    def _renew(self, subscription: Json) -> None:
        if subscription["status"] == "past_due":
            self._try_again(subscription)
            return
        item = subscription["items"]["data"][0]
        if subscription["cancel_at_period_end"]:
            self.cancel(subscription)
            return
        start = item["current_period_end"]
        end = month_after(start, subscription["anchor_day"])
        price = subscription["next_price"] or item["price"]["id"]
        subscription["next_price"] = None
        subscription["items"]["data"] = [
            {**self._item(price, start, end), "id": item["id"]},
        ]
        self.tell("customer.subscription.updated", subscription)
        self._invoice(subscription, [self._line(subscription, price, start, end)])

    def _try_again(self, subscription: Json) -> None:
        if not self.stores["customers"][subscription["customer"]].get("is_broken"):
            self.pay_open(subscription)
            return
        subscription["failures"] += 1
        invoice = self.stores["invoices"][subscription["open_invoice"]]
        self.tell("invoice.payment_failed", invoice)
        if subscription["failures"] > len(RETRY_DAYS):
            invoice["status"] = "uncollectible"
            self.cancel(subscription)

    def _invoice(self, subscription: Json, lines: list[Json]) -> Json:
        total = sum(line["amount"] for line in lines)
        invoice = self.put(
            "invoices",
            "in",
            object="invoice",
            customer=subscription["customer"],
            status="open",
            total=total,
            amount_paid=0,
            status_transitions={"paid_at": None},
            parent={
                "type": "subscription_details",
                "subscription_details": {"subscription": subscription["id"]},
            },
            payments={"object": "list", "has_more": False, "data": []},
            lines={"object": "list", "has_more": False, "data": lines},
        )
        is_broken = self.stores["customers"][subscription["customer"]].get("is_broken")
        if is_broken and total > 0:
            subscription |= {"status": "past_due", "open_invoice": invoice["id"], "failures": 1}
            self.tell("invoice.payment_failed", invoice)
            self.tell("customer.subscription.updated", subscription)
        else:
            self._settle(invoice)
        return invoice

    def _settle(self, invoice: Json) -> None:
        invoice |= {
            "status": "paid",
            "amount_paid": max(invoice["total"], 0),
            "status_transitions": {"paid_at": self.now},
        }
        if invoice["total"] > 0:
            charge = self._charge(invoice["customer"], invoice["total"], self._id("pi"))
            invoice["payments"]["data"] = [
                {
                    "id": self._id("inpay"),
                    "object": "invoice_payment",
                    "status": "paid",
                    "payment": {
                        "type": "payment_intent",
                        "payment_intent": charge["payment_intent"],
                    },
                }
            ]
        self.tell("invoice.paid", invoice)
        self.tell("invoice.payment_succeeded", invoice)

    def _pay_session(self, session: Json) -> None:
        cents = self.stores["prices"][session["price"]]["unit_amount"]
        self._charge(session["customer"], cents, session["payment_intent"])
        session["payment_status"] = "paid"

    def _charge(self, customer: str, amount: int, payment_intent: str) -> Json:
        return self.put(
            "charges",
            "ch",
            object="charge",
            customer=customer,
            amount=amount,
            amount_refunded=0,
            disputed=False,
            payment_intent=payment_intent,
            refunds={"object": "list", "has_more": False, "data": []},
            status="succeeded",
        )

    def _show_refunds(self, charge: Json) -> None:
        every = self.of("refunds", charge=charge["id"])[::-1]
        charge["refunds"] = {
            "object": "list",
            "has_more": len(every) > 10,
            "data": copy.deepcopy(every[:10]),
        }

    def _item(self, price: str, start: int, end: int) -> Json:
        return {
            "id": self._id("si"),
            "object": "subscription_item",
            "price": self._price(price),
            "quantity": 1,
            "current_period_start": start,
            "current_period_end": end,
        }

    def _price(self, price: str) -> Json:
        return copy.deepcopy(self.stores["prices"][price])

    def _line(
        self,
        subscription: Json,
        price: str,
        start: int,
        end: int,
        *,
        amount: int | None = None,
        is_proration: bool = False,
    ) -> Json:
        found = self.stores["prices"][price]
        return {
            "id": self._id("il"),
            "object": "line_item",
            "amount": found["unit_amount"] if amount is None else amount,
            "currency": "usd",
            "quantity": 1,
            "period": {"start": start, "end": end},
            "parent": {
                "type": "subscription_item_details",
                "subscription_item_details": {
                    "proration": is_proration,
                    "subscription": subscription["id"],
                },
            },
            "pricing": {
                "type": "price_details",
                "price_details": {"price": price, "product": found["product"]},
            },
        }


def month_after(at: int, day: int = 0) -> int:
    """A month later, on the day that the subscription is anchored to, or that month's last."""
    moment = datetime.fromtimestamp(at, UTC)
    year, month = (moment.year + 1, 1) if moment.month == 12 else (moment.year, moment.month + 1)
    return int(_on_day(moment, year, month, day or moment.day).timestamp())


def month_before(at: int) -> int:
    """A month earlier."""
    moment = datetime.fromtimestamp(at, UTC)
    year, month = (moment.year - 1, 12) if moment.month == 1 else (moment.year, moment.month - 1)
    return int(_on_day(moment, year, month, moment.day).timestamp())


def _on_day(moment: datetime, year: int, month: int, day: int) -> datetime:
    last = calendar.monthrange(year, month)[1]
    return moment.replace(year=year, month=month, day=min(day, last))
