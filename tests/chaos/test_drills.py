"""Faults of Redis and PostgreSQL under load: what clients see, and what becomes of their runs."""

from typing import Any

import pytest

from tests.chaos.commands import json_of
from tests.chaos.servers import may_do_without

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.skipif(may_do_without(), reason="the drills start a PostgreSQL"),
]

OF_REDIS = (
    "x8_flushall",
    "x10_killed_and_restarted",
    "x11_read_only",
    "x12_slow",
    "x12_hung",
    "x12_cut",
    "x13_spoilt_messages",
    "x15_dead_worker",
)
OF_POSTGRES = (
    "x16_fast_restart",
    "x16_immediate_restart",
    "x18_cut_after_commit",
    "x20_no_connection_left",
)


@pytest.fixture(scope="module")
def drills() -> Any:
    """What was seen during each."""
    return json_of("drills", timeout_s=400)


@pytest.mark.parametrize("name", OF_REDIS)
def test_x8_x10_x11_x12_x13_x15_without_redis_every_call_is_accepted_and_ends(
    drills, name: str
) -> None:
    assert set(drills[name]["answers"]) == {"202"}
    assert drills[name]["settled_s"] < 30


@pytest.mark.parametrize("name", OF_POSTGRES)
def test_x16_x18_x20_without_postgres_clients_see_202_and_503_alone(drills, name: str) -> None:
    assert set(drills[name]["answers"]) <= {"202", "503"}
    assert drills[name]["accepted"] > 0
    assert drills[name]["settled_s"] < 30


def test_x18_a_commit_whose_answer_was_cut_off_is_not_run_again(drills) -> None:
    assert drills["x18_cut_after_commit"]["cuts"] >= 1
    assert drills["report"]["nodes_twice"] == 0


def test_x8_x16_nothing_that_was_accepted_is_lost_and_all_invariants_hold(drills) -> None:
    assert drills["report"]["lost"] == []
    assert drills["report"]["broken"] == []
    assert drills["report"]["different"] == []
