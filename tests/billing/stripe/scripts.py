"""Random lives of a customer at Stripe, and the ways in which the news of them arrive."""

import random
from dataclasses import dataclass
from typing import Any

from billing.services.payments.catching_up import catch_up_events
from tests.billing.stripe.shop import Shop
from tests.billing.stripe.world import DAY

Json = dict[str, Any]


@dataclass
class Step:
    """What happened, when, the events of it, and all objects after it."""

    action: str
    at: int
    events: list[Json]
    objects: dict[str, dict[str, Json]]


def play(shop: Shop, rng: random.Random, *, steps: int) -> list[Step]:
    """Let random things happen to the shop's customer; nothing of it is told here yet."""
    shop.start("pack:credits-5000")  # the customer, and a wish that may stay open
    played = [_step(shop, "begin")]
    for _ in range(steps):
        shop.world.advance(rng.choice([60, 3_600, DAY, 9 * DAY, 20 * DAY]))
        possible = _possible(shop)
        name = rng.choice(sorted(possible))
        possible[name](rng)
        played.append(_step(shop, name))
    return played


def _step(shop: Shop, action: str) -> Step:
    return Step(action, shop.world.now, shop.new_events(), shop.world.snapshot())


def _possible(shop: Shop) -> dict[str, Any]:
    """What may happen now, by name."""
    world = shop.world
    customer = world.of("customers")[0]
    live = [s for s in world.of("subscriptions") if s["status"] in ("active", "past_due")]
    paid = [c for c in world.of("charges") if c["amount_refunded"] < c["amount"]]
    sound = [c for c in paid if not c["disputed"]]
    opened = [d for d in world.of("disputes") if d["status"] == "needs_response"]
    going = [r for r in world.of("refunds") if r["status"] == "succeeded"]
    waiting = [
        s for s in world.of("sessions", status="complete") if s["payment_status"] == "unpaid"
    ]
    is_broken = bool(customer.get("is_broken"))
    wanted: dict[str, tuple[bool, Any]] = {
        "pack": (not is_broken, lambda rng: _buy_pack(shop, rng)),
        "cleared": (bool(waiting), lambda rng: world.clear(rng.choice(waiting))),
        "subscribe": (not live and not is_broken, lambda rng: _subscribe(shop, rng)),
        "upgrade": (
            any(_is_on(shop, s, "starter") and s["status"] == "active" for s in live)
            and not is_broken,
            lambda rng: world.change_price(live[0], shop.price("plan:pro")),
        ),
        "downgrade": (
            any(_is_on(shop, s, "pro") for s in live),
            lambda rng: world.change_price_later(live[0], shop.price("plan:starter")),
        ),
        "prorated downgrade": (
            any(_is_on(shop, s, "pro") and s["status"] == "active" for s in live),
            lambda rng: world.change_price(live[0], shop.price("plan:starter")),
        ),
        "cancel later": (
            bool(live),
            lambda rng: world.cancel_later(live[0], cancels=not live[0]["cancel_at_period_end"]),
        ),
        "cancel": (bool(live), lambda rng: world.cancel(live[0])),
        "card fails": (
            not is_broken,
            lambda rng: world.break_card(customer["id"]),
        ),
        "card works": (
            is_broken,
            lambda rng: world.break_card(customer["id"], is_broken=False),
        ),
        "refund": (
            bool(sound),
            lambda rng: _refund(shop, rng, rng.choice(sound)),
        ),
        "refund fails": (bool(going), lambda rng: world.fail_refund(rng.choice(going))),
        "dispute": (bool(sound), lambda rng: world.dispute(rng.choice(sound))),
        "dispute closed": (
            bool(opened),
            lambda rng: world.close_dispute(rng.choice(opened), rng.choice(["won", "lost"])),
        ),
        "new address": (
            True,
            lambda rng: world.rename(customer["id"], f"p{rng.randrange(99)}@example.com"),
        ),
    }
    return {name: act for name, (may, act) in wanted.items() if may}


def _buy_pack(shop: Shop, rng: random.Random) -> None:
    customer = shop.world.of("customers")[0]["id"]
    key, credits_ = rng.choice([("credits-5000", 5_000), ("credits-20000", 20_000)])
    session = shop.world.make_session(
        {
            "mode": "payment",
            "customer": customer,
            "line_items": [{"price": shop.price(f"pack:{key}")}],
            "expires_at": shop.world.now + DAY,
            "metadata": {
                "workspace": shop.workspace.id,
                "item": f"pack:{key}",
                "credits": str(credits_),
                "intent": "buy_other",
            },
        }
    )
    if rng.random() < 0.2:
        shop.world.expire(session)
    else:
        shop.world.pay(session, is_later=rng.random() < 0.3)


def _subscribe(shop: Shop, rng: random.Random) -> None:
    customer = shop.world.of("customers")[0]["id"]
    shop.world.subscribe(customer, shop.price(f"plan:{rng.choice(['starter', 'pro'])}"))


def _refund(shop: Shop, rng: random.Random, charge: Json) -> None:
    left = charge["amount"] - charge["amount_refunded"]
    shop.world.refund(charge, max(1, int(left * rng.choice([0.1, 0.5, 1]))))


def _is_on(shop: Shop, subscription: Json, plan: str) -> bool:
    return bool(subscription["items"]["data"][0]["price"]["id"] == shop.price(f"plan:{plan}"))


def deliver_in_order(shop: Shop, played: list[Step]) -> None:
    """Tell each event as it happens."""
    for step in played:
        _see(shop, step)
        shop.tell(*step.events)
        shop.apply()


def deliver_wildly(shop: Shop, played: list[Step], rng: random.Random) -> None:
    """Tell events late, twice, in another order or never; fail now and then.

    Once in three days the list of events is looked at, which life does every hour.
    """
    under_way: list[Json] = []
    for number, step in enumerate(played):
        _see(shop, step)
        under_way += [
            event
            for event in step.events
            for _ in range(rng.choice([0, 1, 1, 1, 2]))  # lost, once, twice
        ]
        rng.shuffle(under_way)
        arriving = rng.randrange(len(under_way) + 1)
        shop.tell(*under_way[:arriving])
        under_way = under_way[arriving:]
        if rng.random() < 0.2:
            shop.served.faults.extend(rng.choices(["500", "409", ""], k=3))
        if rng.random() < 0.6:
            shop.apply()
        if played[min(number + 1, len(played) - 1)].at - step.at > 3 * DAY:
            shop.served.faults.clear()
            catch_up_events(clock=shop.clock, gateway=shop.gateway)
    shop.tell(*under_way)
    shop.served.faults.clear()


def _see(shop: Shop, step: Step) -> None:
    shop.served.view, shop.served.until = step.objects, step.at
    shop.set_clock(step.at)
