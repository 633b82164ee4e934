"""A worker is killed with -9 in the middle of ten runs: all ten end COMPLETED, each once."""

import random
import time
from typing import Any

import pytest

from tests.durability.processes import Platform, wait_until

BLURS = 6  # nodes of each run, as tests.durability.seed makes them

RUNS = 10


def finish_after_a_kill(platform: Platform) -> Any:
    """Accept runs, kill the first worker while it holds some, let a second one finish them."""
    platform.manage("migrate", "--verbosity", "0")
    assert len(platform.ask("seed", str(RUNS))) == RUNS
    first = platform.start_worker()
    wait_until(lambda: platform.count_started() >= 2, timeout_s=60, every_s=0.02)
    platform.kill(first)
    assert platform.ask("report")["statuses"].get("COMPLETED", 0) < RUNS
    platform.start_worker()
    wait_until(lambda: platform.ask("report")["statuses"] == {"COMPLETED": RUNS}, timeout_s=120)
    return platform.ask("report")


def check(report: dict) -> None:
    assert report["finals"] == [1] * RUNS
    assert report["twice"] == 0
    assert report["nodes"] == RUNS * BLURS
    assert report["taken_over"] >= 1


def test_X3_ten_runs_survive_a_killed_worker_on_sqlite(tmp_path) -> None:
    platform = Platform(tmp_path, {})
    try:
        check(finish_after_a_kill(platform))
    finally:
        platform.close()


def finish_under_many_kills(platform: Platform, *, kills: int, seed: int) -> Any:
    """Kill worker after worker at random moments, from one printed seed."""
    moments = random.Random(seed)
    platform.manage("migrate", "--verbosity", "0")
    platform.ask("seed", str(RUNS))
    for _ in range(kills):
        worker = platform.start_worker()
        time.sleep(moments.uniform(0.05, 1.5))
        platform.kill(worker)
    platform.start_worker()
    wait_until(lambda: not platform.ask("report")["open"], timeout_s=180)
    return platform.ask("report")


@pytest.mark.slow
def test_X3_a_worker_killed_thirty_times_leaves_every_run_final_once_on_sqlite(tmp_path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - what repeats a failure
    platform = Platform(tmp_path, {})
    try:
        report = finish_under_many_kills(platform, kills=30, seed=seed)
    finally:
        platform.close()

    # A task that loses its worker three times in a row counts as poison and fails its run.
    assert sum(report["statuses"].values()) == RUNS
    assert set(report["statuses"]) <= {"COMPLETED", "FAILED"}
    assert report["finals"] == [1] * RUNS
    assert report["twice"] == 0


@pytest.mark.postgres
@pytest.mark.redis
def test_X3_ten_runs_survive_a_killed_worker_on_postgres_and_redis(
    tmp_path, postgres_url, redis_url
) -> None:
    env = {"DATABASE_URL": postgres_url, "REDIS_URL": redis_url}
    platform = Platform(tmp_path, env)
    try:
        check(finish_after_a_kill(platform))
    finally:
        platform.close()
