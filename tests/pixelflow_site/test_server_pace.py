"""Connections of slow, silent and endless clients, on a real socket with short deadlines."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from pixelflow_site.server.protocol import StrictHttpProtocol

STEP_S = 0.3
UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


class HurriedHttpProtocol(StrictHttpProtocol):
    """The protocol as it is served, in a hurry."""

    step_s = STEP_S
    step_bytes = 100
    drain_s = STEP_S
    linger_s = STEP_S


class App:
    """Reads the body, unless it is told to answer early, and answers with `size` bytes."""

    def __init__(self, *, size: int = 2, is_early: bool = False) -> None:
        self.size, self.is_early = size, is_early
        self.received = b""
        self.is_left = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        more = not self.is_early
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            self.received += message["body"]
            more = message["more_body"]
        length = (b"content-length", str(self.size).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": b"a" * self.size})
        self.is_left.set()


@asynccontextmanager
async def connected_to(app: App) -> AsyncIterator[tuple[asyncio.StreamReader, Any]]:
    """Give a connection to `app`, which shows no sign of life yet."""
    config, state = uvicorn.Config(app, log_level="critical", ws="websockets-sansio"), ServerState()
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: HurriedHttpProtocol(config, state, {}), "127.0.0.1", 0
    )
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), limit=1024)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        server.close()
        await asyncio.gather(*state.tasks)


async def read_all(reader: asyncio.StreamReader) -> bytes:
    """Return what comes until the server closes the connection."""
    async with asyncio.timeout(10 * STEP_S):
        return await reader.read(-1)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        POST + b"Content-Length: 9\r\n\r\n{",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        POST + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n",
    ],
)
async def test_B22_a_client_that_stops_in_the_middle_is_cut_off(sent):
    app = App()
    async with connected_to(app) as (reader, writer):
        writer.write(sent)

        answer = await read_all(reader)

    assert b"200 OK" not in answer


@pytest.mark.parametrize(
    "sent",
    [
        POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\nHost: x\nContent-Length: 0\n\n",
    ],
)
async def test_B21_a_request_with_two_readings_is_refused(sent):
    async with connected_to(App()) as (reader, writer):
        writer.write(sent)

        answer = await read_all(reader)

    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_B22_a_client_that_drips_is_cut_off():
    async with connected_to(App()) as (reader, writer):
        writer.write(POST + b"Content-Length: 999\r\n\r\n")
        reading = asyncio.ensure_future(read_all(reader))
        started = time.monotonic()
        while not reading.done():
            writer.write(b"a")
            await asyncio.wait({reading}, timeout=STEP_S / 5)

    assert time.monotonic() - started < 3 * STEP_S


async def test_a_body_that_takes_long_and_keeps_pace_is_read_to_its_end():
    app = App()
    async with connected_to(app) as (reader, writer):
        writer.write(POST + b"Connection: close\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(10):
            await asyncio.sleep(STEP_S / 4)
            writer.write(b"a" * 100)

        answer = await read_all(reader)

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert len(app.received) == 1000


async def test_B9_a_body_that_goes_on_after_its_answer_is_cut_off():
    async with connected_to(App(is_early=True)) as (reader, writer):
        writer.write(POST + b"Content-Length: 999999999\r\n\r\n")
        reading = asyncio.ensure_future(read_all(reader))
        while not reading.done():
            writer.write(b"a" * 1000)
            await asyncio.wait({reading}, timeout=STEP_S / 5)

    assert reading.result().startswith(b"HTTP/1.1 200 OK")


async def test_a_client_that_reads_nothing_is_cut_off():
    app = App(size=50_000_000)
    async with connected_to(app) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await app.is_left.wait()

        await asyncio.sleep(3 * STEP_S)

        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(app.size), 10 * STEP_S)


async def test_a_request_without_a_host_is_malformed():
    async with connected_to(App()) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n\r\n")

        answer = await read_all(reader)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"malformed_request"' in answer
    assert b"\r\nAccess-Control-Allow-Origin: *\r\n" in answer


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 9_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: 1\r\n" * 200,
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n",
    ],
)
async def test_W4_a_handshake_that_cannot_be_read_is_malformed(head):
    async with connected_to(App()) as (reader, writer):
        writer.write(head + UPGRADE)

        answer = await read_all(reader)

    assert answer.startswith(b"HTTP/1.1 400 ")
