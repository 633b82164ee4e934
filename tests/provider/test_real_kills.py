"""Real processes, killed with -9 at a kill point while they ask, follow and fetch: no job twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks.processes import free_port
from tests.durability.processes import ROOT, Platform, wait_until
from tests.provider.control import Control, provider_process

RUNS = 4  # of each class
POINTS = (
    "before_intent",
    "after_intent",
    "before_submit",
    "after_submit",
    "after_handle",
    "before_poll",
    "after_poll",
    "before_finish",
)


class RemotePlatform(Platform):
    """An installation with the test provider's nodes, and a server that hears its callbacks."""

    def __init__(self, folder: Path, provider: Control, env: dict[str, str]) -> None:
        plugin = "tests.provider.plugin"
        self.port = free_port()
        super().__init__(
            folder,
            {
                "DEBUG": "true",
                "PORT": str(self.port),
                "EXTRA_NODES": plugin,
                "EXTRA_PROVIDERS": plugin,
                "TEST_PROVIDER_URL": provider.url,
                "FETCH_LOOPBACK_PORTS": str(provider.port),
                "LOG_LEVEL": "CRITICAL",
                **env,
            },
        )

    def report(self) -> Any:
        """Where everything stands, by `tests.provider.seed`."""
        return self.ask_remote("report")

    def ask_remote(self, *arguments: str) -> Any:
        """Run a command of `tests.provider.seed`."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.provider.seed", *arguments],
            cwd=ROOT,
            env=self.env,
            check=True,
            stdout=subprocess.PIPE,
        )
        return json.loads(done.stdout.splitlines()[-1])

    def start(self, *command: str, faults: str = "") -> subprocess.Popen[bytes]:
        """Start `manage.py` with some kill points armed."""
        process = subprocess.Popen(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env={**self.env, "FAULTS": faults},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._started.append(process)
        return process


@contextmanager
def remote_platform(folder: Path, env: dict[str, str]) -> Iterator[tuple[RemotePlatform, Control]]:
    with provider_process() as provider:
        platform = RemotePlatform(folder, provider, env)
        try:
            platform.manage("migrate", "--verbosity", "0")
            yield platform, provider
        finally:
            platform.close()


def die(platform: RemotePlatform, *command: str, faults: str) -> None:
    """Start a process and wait until its kill point has killed it."""
    process = platform.start(*command, faults=faults)
    process.wait(timeout=60)
    assert process.returncode == -signal.SIGKILL


def check(report: Any, provider: Control, *, deaths: int) -> None:
    """No job was paid for twice, and only class D has outcomes that nobody knows."""
    assert provider.count()["twice"] == 0
    assert report["finals"] == 1
    assert report["numbers"] == 1, "no second attempt without a refusal"
    lost = {name: runs for name, runs in report["runs"].items() if not name.endswith("COMPLETED")}
    assert set(lost) <= {"d provider_outcome_unknown", "c provider_outcome_unknown"}
    assert sum(report["runs"].values()) == RUNS * 4
    assert report["fences"] > 1
    assert lost.get("c provider_outcome_unknown", 0) <= deaths * RUNS


def test_x3_the_embedded_server_dies_while_it_asks_four_classes_of_providers(tmp_path) -> None:
    with remote_platform(tmp_path, {}) as (platform, provider):
        platform.ask_remote("seed", "abcd", str(RUNS))

        die(platform, "serve", faults="remote.after_submit=kill@5")
        platform.start("serve")
        wait_until(lambda: platform.report()["open"] == 0, timeout_s=60, every_s=1.0)
        check(platform.report(), provider, deaths=1)


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.parametrize("point", POINTS)
def test_x3_worker_processes_die_at_each_point_on_postgres_and_redis(
    tmp_path, postgres_url, redis_url, point
) -> None:
    env = {"DATABASE_URL": postgres_url, "REDIS_URL": redis_url}
    with remote_platform(tmp_path, env) as (platform, provider):
        platform.ask_remote("seed", "abd", str(RUNS))

        die(platform, "worker", faults=f"remote.{point}=kill@5")
        platform.start("worker", "--queues", "remote,upkeep")
        platform.start("worker")
        wait_until(lambda: platform.report()["open"] == 0, timeout_s=90, every_s=1.0)
        report = platform.report()

        lost = {name for name in report["runs"] if not name.endswith("COMPLETED")}
        assert provider.count()["twice"] == 0
        assert report["numbers"] == 1
        assert lost <= {"d provider_outcome_unknown"}


@pytest.mark.slow
def test_jobs_are_handed_over_when_a_process_is_told_to_stop(tmp_path) -> None:
    with remote_platform(tmp_path, {}) as (platform, provider):
        provider.script(duration_s=8)
        platform.ask_remote("seed", "ab", str(RUNS))
        worker = platform.start("worker")
        wait_until(lambda: len(provider.paid) == 2 * RUNS, timeout_s=30)

        began = time.monotonic()
        os.kill(worker.pid, signal.SIGTERM)
        worker.wait(timeout=15)
        took_s = time.monotonic() - began
        platform.start("worker")
        wait_until(lambda: platform.report()["open"] == 0, timeout_s=60, every_s=1.0)

        assert took_s < 10
        assert platform.report()["runs"] == {"a COMPLETED": RUNS, "b COMPLETED": RUNS}
        assert provider.count()["cancelled"] == []
        assert provider.paid == [1] * (2 * RUNS)
