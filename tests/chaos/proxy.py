"""A TCP proxy that can be slow, deaf, or cut: between a client of ours and a service."""

import asyncio
import json
import os
import signal
import socket
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

from tests.chaos import zygote

_CHUNK = 65_536


class Proxy:
    """Listens on a port of its own and passes on to another; in a thread with its own loop.

    `latency_s` delays what the service answers, `is_hole` swallows what either side sends,
    `cut_after` cuts a connection as soon as the client has sent these bytes: the service gets
    them, its answer goes nowhere. All may be changed at any moment.
    """

    def __init__(self, port: int) -> None:
        self.target = port
        self.port = 0
        self.latency_s = 0.0
        self.is_hole = False
        self.cut_after: bytes | None = None
        self.cuts = 0
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._listen())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def url(self, url: str) -> str:
        """The URL of a service, by way of this proxy."""
        return rerouted(url, self.port)

    def cut(self) -> None:
        """Cut all connections there are."""
        self._call(self._cut())

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()
            self.cuts += 1

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        try:
            there = self._pass_on(reader, far_writer, answers=False)
            back = self._pass_on(far_reader, writer, answers=True)
            await asyncio.gather(there, back)
        except (OSError, asyncio.IncompleteReadError, _Cut):
            pass
        finally:
            self._writers -= {writer, far_writer}
            await asyncio.sleep(0)
            far_writer.close()
            writer.transport.abort()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        while data := await reader.read(_CHUNK):
            if self.is_hole:
                continue
            if answers and self.latency_s:
                await asyncio.sleep(self.latency_s)
            writer.write(data)
            await writer.drain()
            if not answers and self.cut_after is not None and self.cut_after in data:
                self.cut_after = None
                self.cuts += 1
                await asyncio.sleep(0.05)  # so that the service has read it
                raise _Cut
        raise _Cut  # one side is gone, so the other goes too


class ProxyProcess:
    """A `Proxy` in a process forked here, so that processes forked later share none of its sockets."""

    def __init__(self, port: int, *, log: Path) -> None:
        ours, theirs = socket.socketpair()

        def main() -> None:
            ours.close()
            with Proxy(port) as proxy, theirs.makefile("rw") as control:
                control.write(f"{proxy.port}\n")
                control.flush()
                for line in control:
                    _obey(proxy, json.loads(line))
                    control.write(f"{proxy.cuts}\n")
                    control.flush()

        self.pid = zygote.fork(main, log=log)
        theirs.close()
        self._control = ours.makefile("rw")
        self.port = int(self._control.readline())

    def url(self, url: str) -> str:
        """The URL of a service, by way of this proxy."""
        return rerouted(url, self.port)

    def set(self, **values: Any) -> int:
        """Change `latency_s`, `is_hole`, `cut_after`, or `cut`; returns how often was cut so far."""
        self._control.write(json.dumps(values) + "\n")
        self._control.flush()
        return int(self._control.readline())

    def close(self) -> None:
        """End it."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def _obey(proxy: Proxy, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if name == "cut":
            proxy.cut()
        elif name == "cut_after":
            proxy.cut_after = None if value is None else str(value).encode()
        else:
            setattr(proxy, name, value)


def rerouted(url: str, port: int) -> str:
    """A URL with another port."""
    parts = urlsplit(url)
    host = f"{parts.netloc.rpartition(':')[0]}:{port}"
    return urlunsplit(parts._replace(netloc=host))


class _Cut(Exception):
    """A connection is over."""
