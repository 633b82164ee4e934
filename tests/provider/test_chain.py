"""A chain over four providers, whose workers are killed again and again: each job is paid once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.durability.processes import ROOT, Platform, wait_until
from tests.provider.chain import PRICES
from tests.provider.models import parts_of
from tests.providers.base import FakeProvider
from tests.providers.bfl import FakeBfl
from tests.providers.fal import FakeFal
from tests.providers.openai import OpenAiFake
from tests.providers.replicate import FakeReplicate

# One process after the other dies at one of these: with an answer, a handle, a file in its hands.
DEATHS = (
    "remote.before_finish=kill@1",
    "remote.after_handle=kill@1",
    "remote.after_poll=kill@2",
    "remote.after_fetch=kill@1",
    "remote.before_finish=kill@1",
    "remote.before_poll=kill@2",
    "remote.before_fetch=kill@1",
    "remote.before_finish=kill@1",
)


class Chain(Platform):
    """An installation with accounts at four fakes."""

    def __init__(self, folder: Path, fakes: list[FakeProvider], env: dict[str, str]) -> None:
        ports = [fake.url.rpartition(":")[2] for fake in fakes]
        accounts = {
            f"{fake.name.upper()}_{name}": parts_of(fake)[part]
            for fake in fakes
            for name, part in (("API_KEY", "key"), ("BASE_URL", "base_url"))
        }
        own = {
            "DEBUG": "true",
            "FETCH_LOOPBACK_PORTS": ",".join(ports),
            "LOG_LEVEL": "CRITICAL",
            "LEASE_S": "6",
        }
        super().__init__(folder, {**own, **accounts, **env})

    def tell(self, command: str) -> Any:
        """Run a command of `tests.provider.chain`."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.provider.chain", command],
            cwd=ROOT,
            env=self.env,
            check=True,
            stdout=subprocess.PIPE,
        )
        return json.loads(done.stdout.splitlines()[-1])

    def start(self, faults: str = "") -> subprocess.Popen[bytes]:
        """Start a worker with a kill point armed."""
        process = subprocess.Popen(
            [sys.executable, "manage.py", "worker"],
            cwd=ROOT,
            env={**self.env, "FAULTS": faults},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._started.append(process)
        return process


@pytest.fixture
def fakes() -> Iterator[list[FakeProvider]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(fake()) for fake in (OpenAiFake, FakeBfl, FakeFal, FakeReplicate)
        ]


def run_chain(folder: Path, fakes: list[FakeProvider], env: dict[str, str]) -> None:
    platform = Chain(folder, fakes, env)
    try:
        platform.manage("migrate", "--verbosity", "0")
        execution = platform.tell("seed")["execution"]
        for fault in DEATHS:
            worker = platform.start(fault)
            with suppress(subprocess.TimeoutExpired):
                worker.wait(timeout=60)
            assert worker.returncode == -signal.SIGKILL, (fault, platform.tell("report"))
        last = platform.start()
        wait_until(lambda: any(job.polls for job in fakes[-1].jobs), timeout_s=60)
        os.kill(last.pid, signal.SIGKILL)  # and once at no point of ours
        last.wait()
        platform.start()
        wait_until(lambda: platform.status_of(execution) in ("COMPLETED", "FAILED"), timeout_s=90)
        check(platform.tell("report"), fakes)
    finally:
        platform.close()


def check(report: Any, fakes: list[FakeProvider]) -> None:
    assert report["error"] is None
    assert report["status"] == "COMPLETED"
    assert report["outputs"] == {"words": "str", "film": "video", "sound": "audio"}
    assert [(fake.name, fake.paid) for fake in fakes] == [(fake.name, 1) for fake in fakes]
    assert report["attempts"] == {f"{fake.name} done": 1 for fake in fakes}
    assert report["charged"] == report["spent"] == sum(PRICES.values())
    assert (report["held"], report["finals"], report["violations"]) == (0, 1, [])


@pytest.mark.slow
def test_x3_a_chain_over_four_providers_is_killed_nine_times_and_pays_each_once(
    tmp_path, fakes
) -> None:

    run_chain(tmp_path, fakes, {})


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.redis
def test_x3_a_chain_over_four_providers_is_killed_on_postgres_and_redis(
    tmp_path, fakes, postgres_url, redis_url
) -> None:
    run_chain(tmp_path, fakes, {"DATABASE_URL": postgres_url, "REDIS_URL": redis_url})
