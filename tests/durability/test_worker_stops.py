"""A worker that is told to stop: gone within ten seconds, and its work goes on elsewhere at once."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.durability.processes import Platform, wait_until


def workers_of(log: Path) -> list[int]:
    """The processes that have worked on the node, in order."""
    return [int(line) for line in log.read_text().splitlines()] if log.exists() else []


def start_run(platform: Platform, type_: str, log: Path, seconds: float, mapped: str = "0") -> str:
    """Accept a run of one node, mapped over so many elements; 0: not mapped."""
    params = f'{{"seconds": {seconds}, "log": "{log}"}}'
    return str(platform.ask("start", type_, params, mapped, of="bad_runs"))


def look(platform: Platform, execution_id: str) -> dict[str, Any]:
    """What became of a run."""
    answer: dict[str, Any]
    (answer,) = platform.ask("look", execution_id, of="bad_runs")
    return answer


def stop_in_the_middle(
    platform: Platform, type_: str, log: Path, *options: str
) -> tuple[str, float]:
    """Tell a worker to stop while it is at a node of a minute; returns how long it took."""
    execution_id = start_run(platform, type_, log, 60)
    first = platform.start_worker(*options)
    wait_until(lambda: len(workers_of(log)) == 1, timeout_s=20)
    second = platform.start_worker("--queues", "runs")
    began = time.monotonic()
    first.send_signal(signal.SIGTERM)
    first.wait(timeout=15)
    took = time.monotonic() - began
    wait_until(lambda: workers_of(log)[1:] == [second.pid], timeout_s=5)
    return execution_id, took


@pytest.mark.parametrize("type_", ["bad.deaf", pytest.param("bad.polite", marks=pytest.mark.slow)])
def test_a_worker_told_to_stop_hands_back_what_it_cannot_finish(
    make_platform, tmp_path, type_
) -> None:
    platform = make_platform(LEASE_S="60")  # so that nothing is taken over by its lease

    execution_id, took = stop_in_the_middle(platform, type_, tmp_path / "log", "--grace", "0.5")

    assert took < 4
    found = look(platform, execution_id)
    assert found["status"] == "RUNNING"
    assert found["attempts"] == [1]  # its own, none for the worker that was told to stop


@pytest.mark.slow
def test_a_worker_told_to_stop_is_gone_in_ten_seconds(make_platform, tmp_path) -> None:
    platform = make_platform(LEASE_S="60")

    _, took = stop_in_the_middle(platform, "bad.deaf", tmp_path / "log")

    assert 7 < took < 10


@pytest.mark.slow
def test_a_worker_whose_interpreter_is_held_is_gone_in_ten_seconds_too(
    make_platform, tmp_path
) -> None:
    platform = make_platform(LEASE_S="60")

    _, took = stop_in_the_middle(platform, "bad.hog", tmp_path / "log")

    assert took < 10.5


@pytest.mark.slow
def test_a_worker_told_to_stop_finishes_what_is_nearly_done(make_platform, tmp_path) -> None:
    platform, log = make_platform(LEASE_S="60"), tmp_path / "log"
    execution_id = start_run(platform, "bad.deaf", log, 2)
    worker = platform.start_worker()
    wait_until(lambda: len(workers_of(log)) == 1, timeout_s=20)

    worker.send_signal(signal.SIGINT)

    assert worker.wait(timeout=10) == 0
    found = look(platform, execution_id)
    assert found["status"] == "COMPLETED"
    assert found["finals"] == 1


@pytest.mark.slow
def test_a_second_signal_ends_a_worker_at_once(make_platform, tmp_path) -> None:
    platform, log = make_platform(LEASE_S="60"), tmp_path / "log"
    start_run(platform, "bad.deaf", log, 60)
    worker = platform.start_worker()
    wait_until(lambda: len(workers_of(log)) == 1, timeout_s=20)

    worker.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(timeout=2) == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"queues": "runs,rums"},
            "no queue rums; queues are runs, gpu, remote, deliveries, upkeep",
        ),
        ({"queues": " , "}, "name at least one queue"),
        ({"threads": 0}, "--threads must be 1 or more"),
        ({"grace": 60.0}, "--grace must be from 0 to 8"),
    ],
)
def test_a_worker_that_cannot_be_started_so_says_why(options, said) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("worker", **options)
