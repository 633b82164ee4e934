"""Many runs at once with money for some: as many are accepted as there is money for, and no more."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from billing.api import InsufficientCredits, get_balance
from executor.models import Execution
from executor.selectors.invariants import check_invariants
from tests.executor import paid_nodes
from tests.executor.runs import accept, perform_all, publish
from tests.factories import make_workspace
from tests.graphs import chain
from workflows import selectors

CALLS, THREADS, AFFORDED, PRICE = 100, 25, 10, 5


@pytest.fixture(autouse=True)
def _paid_nodes(settings):
    settings.EXTRA_NODES = [paid_nodes.__name__]
    selectors.get_catalogue.cache_clear()
    yield
    settings.EXTRA_NODES = []
    selectors.get_catalogue.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_r5_a_hundred_at_once_with_money_for_ten():
    workspace = make_workspace(credits=AFFORDED * PRICE + PRICE - 1)
    workflow = publish(workspace, chain(1, type_="paid.task"))
    together = Barrier(THREADS)

    def call(number: int) -> bool:
        together.wait()
        try:
            accept(workspace, workflow, {"text": f"text {number}"})
        except InsufficientCredits:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        accepted = sum(pool.map(call, range(CALLS)))
    held = get_balance(workspace.id)
    perform_all()

    assert accepted == AFFORDED == Execution.objects.of(workspace.id).count()
    assert (held.available, held.held) == (PRICE - 1, AFFORDED * PRICE)
    assert get_balance(workspace.id).held == 0
    assert [finding for finding in check_invariants() if finding.broken] == []
