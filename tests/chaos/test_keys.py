"""Keys under fire in short; `python -m tests.chaos keys` has the long form, and says what is counted."""

import random
from typing import Any

import pytest

from tests.chaos.commands import json_of
from tests.chaos.servers import may_do_without


def keys(database: str, *, number: int, twins: int, kills: int) -> Any:
    """The report of a run with a seed that a failure shows; it fails when something is not well."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - what repeats a failure
    figures = {"keys": number, "twins": twins, "kills": kills, "seed": seed}
    arguments = [part for name, figure in figures.items() for part in (f"--{name}", str(figure))]
    return json_of("keys", "--database", database, *arguments)


def check(report: Any, number: int) -> None:
    assert report["runs"] + report["workflows"] == report["records"] == number
    assert report["different"] == []
    assert report["unanswered"] == 0
    assert report["firsts"] <= number < report["replays"]
    assert report["kills"] > 0


def test_X1_C1_each_key_is_carried_out_once_on_sqlite_though_its_servers_are_killed() -> None:
    check(keys("sqlite", number=40, twins=8, kills=8), 40)


@pytest.mark.postgres
@pytest.mark.skipif(may_do_without(), reason="the test starts a PostgreSQL of its own")
def test_X1_C1_each_key_is_carried_out_once_on_postgres_though_its_servers_are_killed() -> None:
    check(keys("postgres", number=40, twins=8, kills=8), 40)
