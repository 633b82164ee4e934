"""The same against localstripe, which knows nothing of us."""

import random
import time
from collections.abc import Iterator

import pytest

from billing.gateway import StripeGateway
from billing.models import CreditPack, Plan, StripeCustomer, Subscription
from billing.services.payments.booking import product_id
from billing.services.payments.catching_up import catch_up_events, compare_subscriptions
from common.clock import FixedClock
from tests.billing.stripe.conftest import put_up
from tests.billing.stripe.peer import BAD_CARD, GOOD_CARD, Peer, Relay, running
from tests.billing.stripe.server import serving
from tests.billing.stripe.shop import SECRET, Shop, at
from tests.billing.stripe.world import World

STARTER, PRO = 10_000, 50_000


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with running() as peer:
        yield peer


@pytest.fixture
def shop(peer, buyer, owner, settings) -> Iterator[Shop]:
    """A shop whose Stripe is localstripe, but for checkouts and disputes."""
    peer.forget()
    world = World(int(time.time()))
    for plan in Plan.objects.filter(price_cents__gt=0):
        item = f"plan:{plan.key}"
        put_up(world, item, plan)
        peer.put_up(plan.stripe_price_id, product_id("plan", plan.key), plan.price_cents)
    put_up(world, "pack:credits-5000", CreditPack.objects.get(pk="credits-5000"))
    with serving(world, Relay) as served:
        served.peer = peer
        settings.STRIPE_SECRET_KEY = "sk_test_pixelflow"
        settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
        settings.STRIPE_API_BASE = served.url
        gateway = StripeGateway("sk_test_pixelflow", api_base=served.url, retries=0)
        yield Shop(world, served, gateway, buyer, owner, FixedClock(at(world.now + 1)))
        gateway.close()
        assert not served.unknown


def customer_of(shop: Shop) -> str:
    """The workspace's customer there, made as it is made on the way to a checkout."""
    if not StripeCustomer.objects.exists():
        shop.start("plan:starter")
    return StripeCustomer.objects.get().stripe_id


def subscribe(shop: Shop, peer: Peer, plan: str = "starter", *, card: str = GOOD_CARD) -> str:
    customer = customer_of(shop)
    peer.give_card(customer, card)
    items = [{"plan": shop.price(f"plan:{plan}")}]
    return str(peer.post("subscriptions", customer=customer, items=items)["id"])


def upgrade(shop: Shop, peer: Peer, subscription: str) -> None:
    peer.post(f"subscriptions/{subscription}", items=[{"plan": shop.price("plan:pro")}])
    invoice = peer.post("invoices", customer=customer_of(shop), subscription=subscription)
    peer.post(f"invoices/{invoice['id']}/pay")


def tell_all(shop: Shop, peer: Peer) -> None:
    """Deliver every event that localstripe has, in order."""
    shop.tell(*peer.list("events"))
    shop.apply()


def test_a_subscription_brings_plan_and_credits(shop, peer):
    subscribe(shop, peer)
    tell_all(shop, peer)

    assert (shop.plan, shop.account.available) == ("starter", STARTER)


def test_a_first_payment_that_fails_brings_nothing(shop, peer):
    subscription = subscribe(shop, peer, card=BAD_CARD)
    tell_all(shop, peer)

    assert Subscription.objects.of(shop.workspace.id).get(pk=subscription).status == "incomplete"
    assert (shop.plan, shop.account.available) == ("free", 0)


def test_an_upgrade_follows_the_subscription(shop, peer):
    subscription = subscribe(shop, peer)
    tell_all(shop, peer)

    upgrade(shop, peer, subscription)
    tell_all(shop, peer)

    assert shop.plan == "pro"
    assert shop.account.available == STARTER + PRO  # it invoices the whole month anew


def test_cancelling_ends_the_plan(shop, peer):
    subscription = subscribe(shop, peer)
    tell_all(shop, peer)

    peer.post(f"subscriptions/{subscription}", cancel_at_period_end=True)
    compare_subscriptions(clock=shop.clock, gateway=shop.gateway)
    assert Subscription.objects.of(shop.workspace.id).get(pk=subscription).cancel_at_period_end
    peer.delete(f"subscriptions/{subscription}")
    tell_all(shop, peer)

    assert (shop.plan, shop.account.available) == ("free", STARTER)


def test_s19_a_refund_that_it_tells_no_event_of_is_told_by_a_signed_one(shop, peer):
    subscribe(shop, peer)
    tell_all(shop, peer)
    charge = peer.list("charges")[0]

    peer.post("refunds", charge=charge["id"], amount=charge["amount"] // 2)
    shop.tell(shop.world.tell("charge.refunded", charge))
    shop.apply()

    assert shop.account.available == STARTER // 2


@pytest.mark.parametrize("seed", range(8))
def test_s4_s19_any_delivery_of_its_events_ends_in_the_same(shop, peer, seed):
    rng = random.Random(seed)
    subscription = subscribe(shop, peer)
    upgrade(shop, peer, subscription)
    shop.world.pay(shop.world.make_session(pack(shop)))
    if cancelled := rng.random() < 0.5:
        peer.delete(f"subscriptions/{subscription}")

    events = [*peer.list("events"), *shop.new_events()]
    arriving = [event for event in events for _ in range(rng.choice([0, 1, 1, 2]))]
    rng.shuffle(arriving)
    for event in arriving:
        shop.tell(event)
        if rng.random() < 0.3:
            shop.apply()
    catch_up_events(clock=shop.clock, gateway=shop.gateway)
    shop.tell(*events[-1:])
    shop.apply()

    assert shop.plan == ("free" if cancelled else "pro")
    assert shop.account.available == STARTER + PRO + 5_000


def pack(shop: Shop) -> dict:
    """What a checkout of a pack sends."""
    return {
        "mode": "payment",
        "customer": customer_of(shop),
        "line_items": [{"price": shop.price("pack:credits-5000")}],
        "expires_at": shop.world.now + 3_600,
        "metadata": {
            "workspace": shop.workspace.id,
            "item": "pack:credits-5000",
            "credits": "5000",
            "intent": "buy_other",
        },
    }
