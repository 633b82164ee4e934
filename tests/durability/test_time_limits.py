"""Nodes that take too long, and nodes whose run is cancelled: whether they look at it or not."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.durability.processes import Platform, wait_until
from tests.durability.test_worker_stops import look, start_run, workers_of


def wait_final(platform: Platform, *execution_ids: str) -> list[dict[str, Any]]:
    """Wait until all are final; returns what became of them."""
    final = ("COMPLETED", "FAILED", "CANCELLED")
    wait_until(lambda: all(platform.status_of(id_) in final for id_ in execution_ids), timeout_s=20)
    return list(platform.ask("look", *execution_ids, of="bad_runs"))


def test_a_node_over_its_time_fails_whether_it_looks_or_not(make_platform, tmp_path) -> None:
    platform = make_platform(CPU_TIMEOUT_S="1", INLINE_TIMEOUT_S="1", WORKER_THREADS="3")
    logs = [tmp_path / name for name in ("deaf", "polite", "inline", "short")]
    slow = [
        start_run(platform, type_, log, 25)
        for type_, log in zip(("bad.deaf", "bad.polite", "bad.inline"), logs[:3], strict=True)
    ]
    worker = platform.start_worker()
    wait_until(lambda: all(workers_of(log) for log in logs[:3]), timeout_s=10)
    began = time.monotonic()

    found = wait_final(platform, *slow)

    assert time.monotonic() - began < 12  # two to three seconds, and a process that looks
    for answer in found:
        assert answer["status"] == "FAILED"
        assert answer["error"]["code"] == "timed_out"
        assert answer["error"]["nodeId"] == "n"
        assert answer["error"]["retryable"] is True
        assert answer["finals"] == 1
    short = start_run(platform, "bad.polite", logs[3], 0.1)
    assert wait_final(platform, short)[0]["status"] == "COMPLETED"
    assert worker.poll() is None


@pytest.mark.slow
def test_the_late_result_of_a_node_over_its_time_is_refused(make_platform, tmp_path) -> None:
    platform, log = make_platform(CPU_TIMEOUT_S="0.5"), tmp_path / "log"
    execution_id = start_run(platform, "bad.deaf", log, 4)
    platform.start_worker()
    (failed,) = wait_final(platform, execution_id)
    time.sleep(3)

    later = look(platform, execution_id)

    assert later == failed
    assert later["error"]["code"] == "timed_out"


def time_to_stop(platform: Platform, type_: str, log: Path) -> float:
    """Cancel a run in the middle of a node; returns how soon the node heard of it."""
    execution_id = start_run(platform, type_, log, 30)
    wait_until(lambda: bool(workers_of(log)), timeout_s=20)
    heard = Path(f"{log}.cancelled")
    platform.ask("cancel", execution_id, of="bad_runs")
    assert platform.status_of(execution_id) == "CANCELLED"
    wait_until(heard.exists, timeout_s=5)
    cancelled_at: float = look(platform, execution_id)["finished_at"]
    return float(heard.read_text()) - cancelled_at


def test_a_cancelled_run_stops_its_node_within_a_second(make_platform, tmp_path) -> None:
    platform = make_platform()
    platform.start_worker()

    # A busy machine may be late; what always takes longer is late by itself.
    took = {
        type_: min(
            time_to_stop(platform, type_, tmp_path / f"{type_}{attempt}") for attempt in range(2)
        )
        for type_ in ("bad.inline", "bad.polite")
    }

    assert max(took.values()) < 1, took


@pytest.mark.slow
def test_a_cancelled_run_stops_between_two_elements_of_a_mapped_node_that_does_not_look(
    make_platform, tmp_path
) -> None:
    platform, log = make_platform(), tmp_path / "log"
    execution_id = start_run(platform, "bad.brief", log, 0.1, "100")
    platform.start_worker()
    wait_until(lambda: len(workers_of(log)) > 3, timeout_s=20)

    platform.ask("cancel", execution_id, of="bad_runs")

    cancelled_at = look(platform, execution_id)["finished_at"]
    time.sleep(1)
    assert log.stat().st_mtime - cancelled_at < 1
    assert len(workers_of(log)) < 100
