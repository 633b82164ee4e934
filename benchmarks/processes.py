"""Child processes of a benchmark: servers, workers and jobs, each ended by the one that began it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
ACCESS_KEY = "BENCH_ACCESS"  # what the seed made, for the jobs
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Child:
    """A running process and what the system knows of it and of its own children."""

    def __init__(self, process: "subprocess.Popen[str]", port: int = 0) -> None:
        self.process = process
        self.port = port

    def cpu_s(self) -> float:
        """Return the CPU seconds that the process and its children have used."""
        return sum(_cpu_s(pid) for pid in self._pids())

    def rss_mb(self) -> float:
        """Return the resident memory of the process and its children."""
        return sum(_rss_mb(pid) for pid in self._pids())

    def stop(self) -> None:
        """End the process and wait until it is gone."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _pids(self) -> list[int]:
        pid = self.process.pid
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
        return [pid, *(int(child) for child in found.split())]


@contextlib.contextmanager
def embedded_server(env: Mapping[str, str]) -> Iterator[Child]:
    """Run `manage.py serve`: site, API and workers in one process."""
    port = free_port()
    with _serving(
        [sys.executable, "manage.py", "serve"], {**env, "PORT": str(port)}, port
    ) as child:
        yield child


@contextlib.contextmanager
def asgi_server(
    env: Mapping[str, str], *, app: str = "pixelflow_site.asgi:application"
) -> Iterator[Child]:
    """Run the ASGI role of production, which answers every path; it has no workers in it."""
    port = free_port()
    command = [
        sys.executable, "-m", "uvicorn", app, "--host", HOST, "--port", str(port),
        "--ws", "websockets-sansio", "--ws-max-size", "1048576", "--ws-per-message-deflate", "false",
        "--log-level", "warning", "--no-access-log",
    ]  # fmt: skip
    with _serving(command, env, port) as child:
        yield child


@contextlib.contextmanager
def gunicorn_server(
    env: Mapping[str, str], *, workers: int, app: str = "pixelflow_site.wsgi:application"
) -> Iterator[Child]:
    """Run the role of plain requests in production: gunicorn's sync workers."""
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", app, "--workers", str(workers), "--bind",
        f"{HOST}:{port}", "--log-level", "warning",
    ]  # fmt: skip
    with _serving(command, env, port) as child:
        yield child


@contextlib.contextmanager
def worker(env: Mapping[str, str]) -> Iterator[Child]:
    """Run `manage.py worker` until it says that it runs."""
    command = [sys.executable, "manage.py", "worker"]
    with _running(command, env) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("worker "):
            raise RuntimeError(f"the worker did not start: {line}")
        yield Child(process)


def run_job(name: str, env: Mapping[str, str], *arguments: object) -> Any:
    """Run a module of `benchmarks/jobs` to its end; return the JSON of its last line."""
    command = [sys.executable, "-m", "benchmarks.jobs", name, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, env=dict(env), stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def wait_until_up(child: Child, path: str = "/healthz") -> None:
    """Wait for the first answer of a server."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if child.process.poll() is not None:
            raise RuntimeError("the server ended instead of serving")
        if _answers(child.port, path):
            return
        time.sleep(0.01)
    raise RuntimeError("the server did not answer")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _serving(command: list[str], env: Mapping[str, str], port: int) -> Iterator[Child]:
    with _running(command, env) as process:
        child = Child(process, port)
        wait_until_up(child)
        yield child


@contextlib.contextmanager
def _running(command: list[str], env: Mapping[str, str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(command, cwd=ROOT, env=dict(env), stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        Child(process).stop()
        assert process.stdout is not None
        process.stdout.close()


def _answers(port: int, path: str) -> bool:
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((HOST, port), timeout=5) as connection:
            connection.sendall(request.encode("ascii"))
            return connection.recv(16).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
