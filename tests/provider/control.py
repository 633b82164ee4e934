"""Starting the test provider, in a thread or as a process, and telling it what to do."""

import asyncio
import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.provider.server import Provider

ROOT = Path(__file__).resolve().parents[2]


class Control:
    """The control API of a running provider."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def count(self) -> dict[str, Any]:
        """Return the books."""
        return self._ask("/count", None)

    @property
    def paid(self) -> list[int]:
        """How often each reference was paid for."""
        return sorted(self.count()["paid"].values())

    def clear(self) -> None:
        """Begin new books."""
        self._ask("/script", {"clear": True})

    def script(self, **settings: float) -> "Control":
        """Change settings."""
        self._ask("/script", {"settings": settings})
        return self

    def plan(self, place: str, *actions: str) -> "Control":
        """Have actions happen at a place, one for each request to come."""
        self._ask("/script", {place: actions})
        return self

    def _ask(self, path: str, body: Any) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(self.url + path, data, timeout=60) as response:
            answer: dict[str, Any] = json.load(response)
            return answer


@contextmanager
def running_provider() -> Iterator[Control]:
    """A provider in a thread of this process."""
    provider, loop = Provider(), asyncio.new_event_loop()
    loop.run_until_complete(provider.start())
    thread = threading.Thread(target=loop.run_forever, name="test-provider")
    thread.start()
    try:
        yield Control(provider.port)
    finally:
        asyncio.run_coroutine_threadsafe(provider.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def provider_process() -> Iterator[Control]:
    """A provider as a process, which outlives the workers that a test kills."""
    command = [sys.executable, "-m", "tests.provider", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield Control(int(process.stdout.readline().split()[1]))
        finally:
            process.kill()
