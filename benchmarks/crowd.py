"""A crowd of clients from one thread that all send at once, and one that polls beside it.

The poller is a process of its own, so that what it measures is the server, not the crowd.
"""

import asyncio
import multiprocessing
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe

from benchmarks.client import Connection
from benchmarks.processes import HOST

PATIENCE_S = 120.0  # for one answer
POLL_EVERY_S = 0.05
BROKEN = 0  # the status of a request that got no answer

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)
_EXECUTION = re.compile(rb'"executionId": *"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a request: `status` is `BROKEN` where no answer came."""

    status: int
    at: float  # monotonic
    retry_after_s: int = 0
    execution_id: str = ""


@dataclass
class Burst:
    """What became of many requests; the second replies are those to requests that were refused."""

    began: float
    first: list[Reply] = field(default_factory=list)
    second: list[Reply] = field(default_factory=list)
    came_back: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def answered_s(self) -> float:
        """Seconds until the last request had its first answer."""
        return max(reply.at for reply in self.first) - self.began

    @property
    def accepted(self) -> list[str]:
        """The ids of the runs that were accepted."""
        replies = (*self.first, *self.second)
        return [reply.execution_id for reply in replies if reply.status == 202]

    def count(self, *statuses: int) -> int:
        """Return how many first answers had one of these statuses."""
        return sum(reply.status in statuses for reply in self.first)


async def send_all(port: int, requests: Sequence[bytes], *, connections: int) -> Burst:
    """Send requests over so many connections, all opened at once, each request after an answer.

    Whoever is refused comes back once, after the seconds that it was told.
    """
    burst, waiting = Burst(time.monotonic()), iter(requests)
    await asyncio.gather(*(_keep_sending(port, waiting, burst) for _ in range(connections)))
    await asyncio.gather(*burst.came_back)
    return burst


async def _keep_sending(port: int, waiting: Iterator[bytes], burst: Burst) -> None:
    line = _Line(port)
    for request in waiting:
        reply = await line.send(request)
        burst.first.append(reply)
        if reply.status in {429, 503}:
            burst.came_back.append(asyncio.create_task(_come_back(port, request, reply, burst)))
    line.close()


async def _come_back(port: int, request: bytes, reply: Reply, burst: Burst) -> None:
    await asyncio.sleep(reply.at + reply.retry_after_s - time.monotonic())
    line = _Line(port)
    burst.second.append(await line.send(request))
    line.close()


class _Line:
    """One connection, opened again where the server closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    async def send(self, request: bytes) -> Reply:
        """Send a request and read its answer."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                head, body = await self._exchange(request)
        except (OSError, TimeoutError):
            self.close()
            return Reply(BROKEN, time.monotonic())
        if b"connection: close" in head.lower():
            self.close()
        after, found = _RETRY_AFTER.search(head), _EXECUTION.search(body)
        return Reply(
            int(head[9:12]),
            time.monotonic(),
            int(after[1]) if after else 0,
            found[1].decode("ascii") if found else "",
        )

    async def _exchange(self, request: bytes) -> tuple[bytes, bytes]:
        loop = asyncio.get_running_loop()
        if self._socket is None:
            self._socket = socket.socket()
            self._socket.setblocking(False)
            await loop.sock_connect(self._socket, (HOST, self._port))
        await loop.sock_sendall(self._socket, request)
        data = b""
        while True:
            head, end, body = data.partition(b"\r\n\r\n")
            length = _LENGTH.search(head) if end else None
            if length and len(body) >= int(length[1]):
                return head, body
            piece = await loop.sock_recv(self._socket, 65_536)
            if not piece:
                raise ConnectionResetError("closed in the middle of an answer")
            data += piece

    def close(self) -> None:
        """Leave the server."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


@dataclass
class Polls:
    """When each poll was sent, by the monotonic clock, and how many seconds it took."""

    taken: list[tuple[float, float]] = field(default_factory=list)

    def between(self, begin: float, end: float) -> list[float]:
        """Return the seconds of the polls that were under way in a span."""
        return [took for at, took in self.taken if at + took >= begin and at <= end]


@contextmanager
def polling(port: int, requests: Sequence[bytes]) -> Iterator[Polls]:
    """Send requests in turn over one connection, each 50 ms after the last or after its answer.

    The polls are there when the block is left.
    """
    polls, context = Polls(), multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_poll, args=(port, tuple(requests), theirs))
    process.start()
    theirs.close()
    ours.recv()  # it has begun
    try:
        yield polls
        ours.send(None)
        polls.taken += ours.recv()
    finally:
        ours.close()
        process.join()


def _poll(port: int, requests: Sequence[bytes], pipe: Pipe) -> None:
    taken: list[tuple[float, float]] = []
    pipe.send(None)
    with Connection(port, timeout_s=PATIENCE_S) as connection:
        while not pipe.poll():
            at = time.monotonic()
            connection.send(requests[len(taken) % len(requests)])
            taken.append((at, time.monotonic() - at))
            time.sleep(max(0.0, at + POLL_EVERY_S - time.monotonic()))
    pipe.send(taken)
