"""Many WebSockets from one thread: when each was opened, and what came in it when.

Frames are not taken apart, only searched, so that a thousand clients cost little beside the server.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from functools import partial

from benchmarks.processes import HOST


class Socket(asyncio.Protocol):
    """One client. `opened_s` is how long it took until the first frame was there."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._data = b""
        self._began = 0.0
        self._awaited: list[tuple[bytes, asyncio.Future[float]]] = []
        self._transport: asyncio.Transport | None = None
        self.opened_s = 0.0
        self.is_open: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    @property
    def data(self) -> bytes:
        """Everything that came so far."""
        return self._data

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._began = transport, time.perf_counter()
        transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode("ascii")
        )

    def data_received(self, data: bytes) -> None:
        """Note the time of what was awaited."""
        now = time.time()
        self._data += data
        if not self.is_open.done() and b"{" in self._data:
            self.opened_s = time.perf_counter() - self._began
            self.is_open.set_result(now)
        for sought, found in self._awaited:
            if not found.done() and sought in self._data:
                found.set_result(now)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Fail what is still awaited."""
        error = RuntimeError(f"the socket was closed: {self._data[-300:]!r}")
        for future in (self.is_open, *(found for _, found in self._awaited)):
            if not future.done():
                future.set_exception(error)

    def await_text(self, sought: bytes) -> "asyncio.Future[float]":
        """Return a future of the time at which these bytes are there."""
        found: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._awaited.append((sought, found))
        return found

    def say(self, text: str) -> None:
        """Send a short text."""
        assert self._transport is not None
        data, mask = text.encode("ascii"), os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
        self._transport.write(bytes([0x81, 0x80 | len(data)]) + mask + masked)

    def close(self) -> None:
        """Go away."""
        assert self._transport is not None
        self._transport.abort()


async def open_all(port: int, paths: Sequence[str]) -> list[Socket]:
    """Open sockets all at once; returns when each has its first frame."""
    loop = asyncio.get_running_loop()
    connecting = [loop.create_connection(partial(Socket, path), HOST, port) for path in paths]
    sockets = [protocol for _, protocol in await asyncio.gather(*connecting)]
    await asyncio.gather(*(socket.is_open for socket in sockets))
    return sockets


def p95_ms(seconds: Sequence[float]) -> float:
    """Return the time, in milliseconds, below which 95 of 100 are."""
    return sorted(seconds)[int(len(seconds) * 0.95)] * 1_000
