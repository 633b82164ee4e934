"""One decoding child as the server sees it: started, asked, and in the end killed with its group."""

import contextlib
import json
import os
import resource
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast

from executor.media.confinement import ChildLimits
from executor.media.wire import HEADER, MAX_FRAME_BYTES, encode_frame

_PROJECT = Path(__file__).resolve().parents[2]
# No site, no user packages, no folder of the caller's: what the server can import comes by `_env`.
DEFAULT_COMMAND = (sys.executable, "-S", "-s", "-P", "-m", "executor.media.child")


class ChildDied(Exception):
    """The child ended, or answered what is no answer."""


class ChildTimedOut(Exception):
    """The child did not answer in time."""


class ChildProcess:
    """A child with a pipe each way. Not thread-safe: it belongs to one job at a time."""

    def __init__(self, command: Sequence[str], limits: ChildLimits) -> None:
        self.jobs = 0
        self.busy_s = 0.0
        self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
            [*command, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            env=_env(),
            start_new_session=True,
        )
        self._requests = cast(IO[bytes], self._process.stdin)
        self._answers = cast(IO[bytes], self._process.stdout)
        with contextlib.suppress(ProcessLookupError):
            for name, value in limits.by_resource().items():
                resource.prlimit(self._process.pid, name, (value, value))

    def is_alive(self) -> bool:
        """Say whether it still runs; reaps it if not."""
        return self._process.poll() is None

    def ask(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Send a request and return the answer to it.

        Raises:
            ChildDied: there is none, and none will come.
            ChildTimedOut: none came within `timeout_s` seconds.
        """
        started = time.monotonic()
        nonce = secrets.token_hex(8)
        self._send(encode_frame({**request, "id": nonce}))
        answer = self._receive(started + timeout_s)
        if answer.pop("id", None) != nonce:
            raise ChildDied
        self.jobs += 1
        self.busy_s += time.monotonic() - started
        return answer

    def stop(self) -> None:
        """End it and all that is in its session's group; whoever asks it finds that it died.

        For other threads than the one whose job it has: the pipes stay open, since a descriptor
        closed under a reader may by then be another file's.
        """
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def kill(self) -> None:
        """End it and all that is in its session's group, and reap it."""
        self.stop()
        self._process.wait()
        for pipe in (self._requests, self._answers):
            with contextlib.suppress(OSError):
                pipe.close()

    def _send(self, frame: bytes) -> None:
        try:
            self._requests.write(frame)
        except OSError as error:
            raise ChildDied from error

    def _receive(self, deadline: float) -> dict[str, Any]:
        (length,) = HEADER.unpack(self._read(HEADER.size, deadline))
        if length > MAX_FRAME_BYTES:
            raise ChildDied
        try:
            answer = json.loads(self._read(length, deadline))
        except (ValueError, RecursionError) as error:
            raise ChildDied from error
        if not isinstance(answer, dict):
            raise ChildDied
        return answer

    def _read(self, size: int, deadline: float) -> bytes:
        descriptor = self._answers.fileno()
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        read = b""
        while len(read) < size:
            left_ms = (deadline - time.monotonic()) * 1000
            if left_ms <= 0 or not poller.poll(left_ms):
                raise ChildTimedOut
            piece = os.read(descriptor, size - len(read))
            if not piece:
                raise ChildDied
            read += piece
        return read


def _env() -> dict[str, str]:
    """Return the whole environment of a child: where to import from, and nothing that is secret."""
    folders = [str(_PROJECT), *(folder for folder in sys.path if folder)]
    return {"PYTHONPATH": os.pathsep.join(folders), "PYTHONUTF8": "1"}
