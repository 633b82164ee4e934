"""Real processes over a database of their own: what a test kills is what runs in production."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parent.parent.parent


class Platform:
    """An installation in a folder, on SQLite or on the services that `env` names."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.env = {
            **kept,
            "DJANGO_SETTINGS_MODULE": "pixelflow_site.settings.base",
            "DATA_DIR": str(folder),
            "SECRET_KEY": "durability-secret-key-that-is-long-enough",
            "KEY_PEPPERS": "p1:durability-pepper",
            "SEALING_KEYS": "s1:durability-sealing-key-that-is-long-enough",
            "LEASE_S": "2",
            "SWEEP_S": "0.3",
            "WORKER_THREADS": "2",
            **env,
        }
        self.folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def manage(self, *arguments: str) -> None:
        """Run a management command to its end."""
        subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.env, check=True
        )

    def ask(self, command: str, *arguments: str, of: str = "seed") -> Any:
        """Run a command of `tests.durability.seed` and return the JSON of its last line."""
        done = subprocess.run(
            [sys.executable, "-m", f"tests.durability.{of}", command, *arguments],
            cwd=ROOT,
            env=self.env,
            check=True,
            stdout=subprocess.PIPE,
        )
        return json.loads(done.stdout.splitlines()[-1])

    def start_worker(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start a worker process; returns once it says that it runs."""
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "worker", *arguments],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            **options,
        )
        self._started.append(worker)
        assert worker.stdout is not None
        assert worker.stdout.readline().startswith(b"worker ")
        return worker

    def status_of(self, execution_id: str) -> str:
        """Look into the database for a run's status, without the second that Django takes."""
        return str(self._look(f"SELECT status FROM executor_execution WHERE id = '{execution_id}'"))

    def count_started(self) -> int:
        """How many runs have been taken up, without the second that Django takes."""
        return int(self._look("SELECT count(*) FROM executor_execution WHERE status <> 'QUEUED'"))

    def _look(self, query: str) -> Any:
        url = self.env.get("DATABASE_URL")
        if url:
            with psycopg.connect(url) as postgres:
                row = postgres.execute(query).fetchone()
        else:
            with closing(sqlite3.connect(self.folder / "pixelflow.sqlite3")) as sqlite:
                row = sqlite.execute(query).fetchone()
        assert row is not None
        return row[0]

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """Kill a process as a power cut would."""
        worker.send_signal(signal.SIGKILL)
        worker.wait()

    def close(self) -> None:
        """End what was started here."""
        for process in self._started:
            if process.poll() is None:
                process.kill()  # a stopped one, too
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(is_so: Callable[[], bool], *, timeout_s: float, every_s: float = 0.2) -> None:
    """Wait for something to become true.

    Raises:
        AssertionError: it did not in time.
    """
    end = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(every_s)
