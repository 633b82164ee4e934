"""The chaos in short; `python -m tests.chaos` has the long form, and says what is counted."""

import random
from typing import Any

import pytest

from tests.chaos.commands import json_of
from tests.chaos.servers import may_do_without


def chaos(engine: str, *, kills: int) -> Any:
    """The report of a run with a seed that a failure shows."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - what repeats a failure
    return json_of(engine, "--kills", str(kills), "--seed", str(seed))


def check(report: Any) -> None:
    assert report["lost"] == []
    assert report["finished_twice"] == report["nodes_twice"] == 0
    assert not any(report["paid_twice"].values())
    assert report["different"] == report["broken"] == []
    assert report["taken_over"] > 0
    assert set(report["statuses"]) <= {"COMPLETED", "FAILED", "CANCELLED"}


def test_X3_eighty_kills_on_sqlite_lose_nothing_and_do_nothing_twice() -> None:
    report = chaos("sqlite", kills=80)

    check(report)
    assert report["kills"] >= 80


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.skipif(may_do_without(), reason="the test starts a PostgreSQL of its own")
def test_X3_fifty_kills_on_postgres_and_redis_lose_nothing_and_do_nothing_twice() -> None:
    report = chaos("postgres", kills=50)

    check(report)
    assert report["kills"] >= 50
