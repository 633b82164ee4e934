"""The worker hears of what Stripe told, soon."""

import time

import pytest

from accounts.api import get_workspace
from executor.runtime.worker import WorkerProcess
from executor.services.upkeep import JOBS
from tests.billing.stripe.shop import ring


@pytest.fixture
def working(configured):
    """A worker process' part that does upkeep."""
    worker = WorkerProcess(queues=("upkeep",))
    yield worker
    worker.stop(grace_s=1.0)


@pytest.mark.django_db(transaction=True)
def test_what_stripe_told_is_applied_within_two_seconds(working, shop):
    working.start()
    shop.subscribe("starter")
    for event in shop.new_events():
        assert ring(event).status_code == 200
    begun = time.monotonic()

    while get_workspace(shop.workspace.id).plan != "starter":
        assert time.monotonic() - begun < 10, "waited in vain"
        time.sleep(0.02)

    assert time.monotonic() - begun < 4  # a second or two, on a machine with nothing else to do


def test_catching_up_and_comparing_are_regular_jobs():
    every = {job.name: job.every.total_seconds() for job in JOBS}

    assert every["stripe_events"] == 3_600
    assert every["stripe_subscriptions"] == 24 * 3_600
