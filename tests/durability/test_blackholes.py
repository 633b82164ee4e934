"""Logs and metrics whose readers hang: the work goes on."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.durability.processes import ROOT, free_port, wait_until
from tests.durability.test_worker_stops import look, start_run, workers_of


def full_pipe() -> tuple[int, int]:
    """A pipe into which nothing more goes."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    try:
        while True:
            os.write(write, b"x" * 4_096)
    except BlockingIOError:
        os.set_blocking(write, True)
    return read, write


def test_x58_a_worker_whose_log_and_metrics_nobody_reads_goes_on(make_platform, tmp_path) -> None:
    port = free_port()
    platform = make_platform(LOG_LEVEL="DEBUG", METRICS_PORT=str(port), CPU_TIMEOUT_S="0.5")
    read, write = full_pipe()
    worker = platform.start_worker("--threads", "4", stderr=write)
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    for connection in silent[:10]:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)

    for name in ("first", "second"):  # each is fenced off by the watch, which says so in the log
        late = start_run(platform, "bad.deaf", tmp_path / name, 6)
        wait_until(lambda: platform.status_of(late) == "FAILED", timeout_s=10)  # noqa: B023
    quick = start_run(platform, "bad.polite", tmp_path / "quick", 0.01)
    wait_until(lambda: platform.status_of(quick) == "COMPLETED", timeout_s=10)

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        shown = answer.read().decode()
    assert 'pixelflow_runs_total{status="COMPLETED"} 1.0' in shown
    assert 'pixelflow_leases_total{outcome="fenced_off"} 2.0' in shown
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=10) == 0
    for connection in silent:
        connection.close()
    os.close(read)
    os.close(write)


@pytest.mark.slow
def test_the_embedded_server_told_to_stop_hands_back_and_is_gone_in_ten_seconds(
    make_platform, tmp_path
) -> None:
    port, log = free_port(), tmp_path / "log"
    platform = make_platform(PORT=str(port), LEASE_S="60")
    execution_id = start_run(platform, "bad.deaf", log, 60)
    server = subprocess.Popen(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env=platform.env,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: bool(workers_of(log)), timeout_s=30)
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=15)
        took = time.monotonic() - began
    finally:
        server.kill()

    assert took < 10.5
    found = look(platform, execution_id)
    assert found["tasks"] == ["ready"]
    assert found["attempts"] == [0]
