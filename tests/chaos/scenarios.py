"""The long scenarios: a steady load, a fault in its middle, and what it cost.

`python -m tests.chaos redis-flush|redis-down|postgres-restart`: prints what clients saw, how many
accepted runs were lost, and how long runs took in peace and while the fault was there.
"""

import time
from collections.abc import Callable
from typing import Any

from tests.chaos.servers import PostgresServer, RedisServer
from tests.chaos.stage import Stage

PEACE_S = 15.0
EVERY_S = 0.25  # a run; few enough that none waits for another


def scenario(
    name: str, stage: Stage, postgres: PostgresServer, cache: RedisServer, *, seconds: float
) -> dict[str, Any]:
    """Load in peace, then under a fault for some seconds; returns both, and what was lost."""
    stage.prepare()
    faults: dict[str, Callable[[], None]] = {
        "redis-flush": lambda: _flush(cache, seconds),
        "redis-down": lambda: _down(cache, seconds),
        "postgres-restart": lambda: _restart(postgres, seconds),
    }
    with stage.open():
        stage.load(2, every_s=EVERY_S)  # what is loaded late counts for neither
        stage.settle()
        peace = stage.during(lambda: None, seconds=PEACE_S, every_s=EVERY_S)
        stage.settle()
        bad = stage.during(faults[name], seconds=seconds, every_s=EVERY_S)
        settled_s = stage.settle(timeout_s=120)
        normal, during = stage.delays(peace), stage.delays(bad)
    report = stage.report()
    return {
        "scenario": name,
        "seconds": seconds,
        "peace": peace.as_json() | {"delays": normal},
        "fault": bad.as_json() | {"delays": during, "settled_s": settled_s},
        "extra_p95_s": round(during["p95_s"] - normal["p95_s"], 3),
        **{name: report[name] for name in ("lost", "finished_twice", "nodes_twice")},
        **{name: report[name] for name in ("statuses", "different", "broken")},
    }


def _flush(cache: RedisServer, seconds: float) -> None:
    end_at = time.monotonic() + seconds - 1
    while time.monotonic() < end_at:
        cache.flush()
        time.sleep(min(5.0, max(end_at - time.monotonic(), 0)))


def _down(cache: RedisServer, seconds: float) -> None:
    cache.kill()
    time.sleep(seconds - 2)
    cache.start()


def _restart(postgres: PostgresServer, seconds: float) -> None:
    """One orderly restart and one crash."""
    for immediate in (False, True):
        time.sleep(seconds / 4)
        postgres.stop(immediate=immediate)
        time.sleep(0.5)
        postgres.start()
