"""Whatever happens at Stripe and however its news arrive, the end is that of hearing it in order.

`STRIPE_SCRIPTS=1000 pytest tests/billing/stripe/test_scripts.py` tries more of them.
"""

import os
import random

import pytest
from django.db import transaction

from billing.models import StripeEvent
from billing.services.grants import expire_due
from billing.services.payments.catching_up import catch_up_events
from billing.types import EventState
from tests.billing.stripe.scripts import deliver_in_order, deliver_wildly, play
from tests.billing.stripe.shop import Shop

SCRIPTS = int(os.environ.get("STRIPE_SCRIPTS", "20"))
SEED = int(os.environ.get("STRIPE_SEED", "0"))


def run(shop: Shop, deliver) -> dict:
    """What a way of delivering ends in; the database is as before afterwards."""
    begun_at = shop.clock.now()
    with transaction.atomic():
        deliver()
        shop.served.view = shop.served.until = None
        shop.set_clock(shop.world.now + 1)
        catch_up_events(clock=shop.clock, gateway=shop.gateway)
        shop.clock.advance(3_601)
        for _ in range(3):
            shop.apply()
        expire_due(workspace_id=shop.workspace.id, now=shop.clock.now())
        left = StripeEvent.objects.filter(state__in=(EventState.STORED, EventState.FAILED))
        assert not left.exists()
        outcome = shop.outcome()
        transaction.set_rollback(True)
    shop.clock.advance((begun_at - shop.clock.now()).total_seconds())
    return outcome


@pytest.mark.parametrize("seed", range(SEED, SEED + SCRIPTS))
def test_s3_s4_s19_any_script_delivered_in_any_way_ends_as_in_order(shop, seed):
    rng = random.Random(seed)
    played = play(shop, rng, steps=rng.randrange(4, 12))

    in_order = run(shop, lambda: deliver_in_order(shop, played))
    wild = run(shop, lambda: deliver_wildly(shop, played, rng))

    actions = [step.action for step in played]
    assert wild == in_order, actions
