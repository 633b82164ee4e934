"""A small Stripe on loopback, and a workspace that buys there."""

import time
from collections.abc import Iterator

import pytest

from accounts.api import WorkspaceRef
from billing.gateway import StripeGateway
from billing.models import CreditPack, Plan
from billing.services.payments.booking import product_id
from common.clock import FixedClock
from tests.billing.stripe.server import StripeServer, serving
from tests.billing.stripe.shop import SECRET, Shop, at
from tests.billing.stripe.world import World
from tests.factories import make_workspace


@pytest.fixture(scope="session")
def _served() -> Iterator[StripeServer]:
    with serving(World(int(time.time())), StripeServer) as served:
        yield served


@pytest.fixture
def world() -> World:
    """An account of Stripe; its time begins now, as signatures are checked by the real clock."""
    return World(int(time.time()))


@pytest.fixture
def served(_served: StripeServer, world: World) -> StripeServer:
    """That account on HTTP."""
    _served.world, _served.view, _served.until = world, None, None
    for kept in (_served.faults, _served.calls, _served.unknown, _served.kept):
        kept.clear()
    return _served


@pytest.fixture
def configured(settings, served: StripeServer) -> None:
    """Keys of that account."""
    settings.STRIPE_SECRET_KEY = "sk_test_pixelflow"
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
    settings.STRIPE_API_BASE = served.url


@pytest.fixture
def gateway(configured: None, served: StripeServer) -> Iterator[StripeGateway]:
    """Calls to it, that give up soon; each of them had the parameters of the pinned version."""
    gateway = StripeGateway("sk_test_pixelflow", api_base=served.url, timeout_s=2.0, retries=0)
    yield gateway
    gateway.close()
    assert not served.unknown


@pytest.fixture
def buyer(owner) -> WorkspaceRef:
    """A workspace without credits."""
    return make_workspace(owner=owner, credits=0)


@pytest.fixture
def shop(world, served, gateway, buyer, owner) -> Shop:
    """All of it, with plans and packs on sale."""
    for plan in Plan.objects.filter(price_cents__gt=0):
        put_up(world, f"plan:{plan.key}", plan)
    for pack in CreditPack.objects.all():
        put_up(world, f"pack:{pack.key}", pack)
    return Shop(world, served, gateway, buyer, owner, FixedClock(at(world.now)))


def put_up(world: World, item: str, row: Plan | CreditPack) -> None:
    """Put an offer on sale."""
    kind, _, key = item.partition(":")
    price_id = f"price_{kind}_{key.replace('-', '')}"
    world.make_price(
        product_id(kind, key), row.price_cents or 0, monthly=kind == "plan", id_=price_id
    )
    row.stripe_price_id = price_id
    row.save(update_fields=["stripe_price_id"])
