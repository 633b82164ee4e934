"""Workers that claim at the same moment."""

import threading

import pytest
from django.db import connections

from executor.services.claims import Claim, claim_next
from tests.executor.runs import accept, publish
from tests.factories import make_workspace
from tests.graphs import chain

WORKERS = 6
ROUNDS = 3


@pytest.mark.django_db(transaction=True)
def test_x13_whoever_hears_a_bell_finds_a_task_while_there_are_as_many() -> None:
    workspace = make_workspace(plan="enterprise")
    workflow = publish(workspace, chain(1))
    taken: list[Claim | None] = []
    barrier = threading.Barrier(WORKERS)

    def work(owner: str) -> None:
        for _ in range(ROUNDS):
            barrier.wait(timeout=20)
            found = claim_next(queue="runs", owner=owner)
            taken.append(None if found is None else found[0])
        connections.close_all()

    for _ in range(WORKERS * ROUNDS):
        accept(workspace, workflow, {"text": "x"}, cache="off")
    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert None not in taken
    assert len({claim.task_id for claim in taken if claim}) == WORKERS * ROUNDS
