"""Leases of workers that are busy, stopped, or have lost the child that renews for them."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.durability.processes import Platform, wait_until
from tests.durability.test_worker_stops import look, start_run, workers_of


def beat_child_of(pid: int) -> int | None:
    """The process that renews a worker's leases."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(pid):
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if int(parent) == pid and b"heartbeat_child" in command:
                return int(entry.name)
    return None


def hold_the_interpreter(platform: Platform, log: Path) -> dict[str, Any]:
    """Run a node that starves its worker's threads for several leases, with another worker near."""
    execution_id = start_run(platform, "bad.hog", log, 7)
    first = platform.start_worker("--threads", "1")
    wait_until(lambda: workers_of(log) == [first.pid], timeout_s=20)
    platform.start_worker("--threads", "1")
    wait_until(lambda: platform.status_of(execution_id) == "COMPLETED", timeout_s=30)
    assert workers_of(log) == [first.pid]
    return look(platform, execution_id)


def test_x60_a_c_call_that_holds_the_interpreter_does_not_lose_its_lease(
    make_platform, tmp_path
) -> None:
    found = hold_the_interpreter(make_platform(LEASE_S="2"), tmp_path / "log")

    assert found["attempts"] == [1]
    assert found["finals"] == 1


@pytest.mark.postgres
@pytest.mark.redis
def test_x60_a_c_call_that_holds_the_interpreter_does_not_lose_its_lease_on_postgres(
    make_platform, tmp_path, postgres_url, redis_url
) -> None:
    platform = make_platform(LEASE_S="2", DATABASE_URL=postgres_url, REDIS_URL=redis_url)
    platform.manage("migrate", "--verbosity", "0")

    found = hold_the_interpreter(platform, tmp_path / "log")

    assert found["attempts"] == [1]


def stop_longer_than_the_lease(platform: Platform, log: Path) -> dict[str, Any]:
    """Stop a worker in the middle of a node, let another finish the run, let the first go on."""
    execution_id = start_run(platform, "bad.deaf", log, 2)
    first = platform.start_worker("--threads", "1")
    wait_until(lambda: workers_of(log) == [first.pid], timeout_s=20)
    first.send_signal(signal.SIGSTOP)
    second = platform.start_worker("--threads", "1")
    wait_until(lambda: platform.status_of(execution_id) == "COMPLETED", timeout_s=30)
    first.send_signal(signal.SIGCONT)
    time.sleep(2.5)  # for its late result
    assert workers_of(log) == [first.pid, second.pid]
    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=10) == 0
    return look(platform, execution_id)


def test_x4_a_worker_stopped_for_longer_than_its_lease_is_fenced_out(
    make_platform, tmp_path
) -> None:
    found = stop_longer_than_the_lease(make_platform(LEASE_S="1"), tmp_path / "log")

    assert found["status"] == "COMPLETED"
    assert found["finals"] == 1
    assert found["twice"] == 0
    assert found["tasks"] == ["done"]


@pytest.mark.postgres
@pytest.mark.redis
def test_x4_a_worker_stopped_for_longer_than_its_lease_is_fenced_out_on_postgres(
    make_platform, tmp_path, postgres_url, redis_url
) -> None:
    platform = make_platform(LEASE_S="1", DATABASE_URL=postgres_url, REDIS_URL=redis_url)
    platform.manage("migrate", "--verbosity", "0")

    found = stop_longer_than_the_lease(platform, tmp_path / "log")

    assert found["finals"] == 1
    assert found["twice"] == 0


@pytest.mark.slow
def test_x60_a_heartbeat_that_dies_is_started_again_and_ends_with_its_worker(
    make_platform, tmp_path
) -> None:
    platform, log = make_platform(LEASE_S="1"), tmp_path / "log"
    execution_id = start_run(platform, "bad.deaf", log, 5)
    worker = platform.start_worker("--threads", "1")
    wait_until(lambda: workers_of(log) == [worker.pid], timeout_s=20)
    wait_until(lambda: beat_child_of(worker.pid) is not None, timeout_s=5)
    first = beat_child_of(worker.pid)

    os.kill(int(first or 0), signal.SIGKILL)

    wait_until(lambda: beat_child_of(worker.pid) not in (None, first), timeout_s=5)
    second = int(beat_child_of(worker.pid) or 0)
    wait_until(lambda: platform.status_of(execution_id) == "COMPLETED", timeout_s=20)
    assert look(platform, execution_id)["attempts"] == [1]
    platform.kill(worker)
    wait_until(lambda: not Path(f"/proc/{second}").exists(), timeout_s=5)


@pytest.mark.slow
def test_x60_the_heartbeat_child_is_small(make_platform, tmp_path) -> None:
    platform, log = make_platform(LEASE_S="1"), tmp_path / "log"
    start_run(platform, "bad.deaf", log, 4)
    worker = platform.start_worker()
    wait_until(lambda: workers_of(log) == [worker.pid], timeout_s=20)
    time.sleep(1)

    status = Path(f"/proc/{beat_child_of(worker.pid)}/status").read_text()

    (kilobytes,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    assert int(kilobytes) < 40_000
