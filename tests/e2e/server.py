"""The whole platform as a process of its own, on a free port, with a folder of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
START_S = 90


@dataclass(frozen=True)
class Site:
    """A running site. `demo` is what `var/demo.json` says: sign-in, keys, ids."""

    url: str
    folder: Path
    env: dict[str, str]
    demo: dict[str, Any]

    @property
    def log(self) -> str:
        """Everything the server printed: mails too, which the embedded mode prints."""
        return (self.folder / "server.log").read_text(errors="replace")

    def manage(self, *arguments: str) -> str:
        """Run a management command beside the server and return what it prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def running_site(folder: Path, **settings: str) -> Iterator[Site]:
    """Start the embedded platform; it is stopped by its id afterwards."""
    port = _free_port()
    url = f"http://localhost:{port}"
    left_out = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "DATA_DIR")
    env = {name: value for name, value in os.environ.items() if name not in left_out}
    env |= {"DATA_DIR": str(folder), "PORT": str(port), "PUBLIC_URL": url, **settings}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "manage.py", "serve"], cwd=ROOT, env=env, stdout=log, stderr=log
        )
        try:
            _wait_for(server, url, folder)
            yield Site(url, folder, env, json.loads((folder / "demo.json").read_text()))
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_for(server: "subprocess.Popen[bytes]", url: str, folder: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError((folder / "server.log").read_text(errors="replace")[-4_000:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
