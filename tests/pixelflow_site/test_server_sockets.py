"""WebSockets on a real connection: half-open ones, slow readers, bombs, with short deadlines."""

import asyncio
import socket
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode

from pixelflow_site.server import embedded
from pixelflow_site.server.pace import PacedSocketProtocol
from pixelflow_site.server.protocol import StrictHttpProtocol

SOON_S = 0.3
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


class HurriedSocketProtocol(PacedSocketProtocol):
    """The protocol as it is served, in a hurry."""

    drain_s = SOON_S


class App:
    """Accepts a socket, sends `frames`, and notes what it receives until the end."""

    def __init__(self, frames: int = 0) -> None:
        self.frames = frames
        self.received: list[dict[str, Any]] = []
        self.is_over = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        sending = asyncio.create_task(self._send_all(send))
        while not self.received or self.received[-1]["type"] != "websocket.disconnect":
            self.received.append(await receive())
        sending.cancel()
        self.is_over.set()

    async def _send_all(self, send: Any) -> None:
        for _ in range(self.frames):
            await send({"type": "websocket.send", "text": "a" * 65_536})


@asynccontextmanager
async def connected_to(
    app: App, head: bytes = HANDSHAKE, *, ping_s: float = 20, window: int = 65_536
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Give a connection on which the handshake is done."""
    config = uvicorn.Config(
        app,
        log_level="critical",
        ws=HurriedSocketProtocol,
        ws_max_size=embedded.WS_MAX_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=ping_s,
        ws_ping_timeout=ping_s,
    )
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: StrictHttpProtocol(config, state, {}), "127.0.0.1", 0
    )
    client = socket.create_connection(server.sockets[0].getsockname())
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    reader, writer = await asyncio.open_connection(sock=client, limit=window)
    try:
        writer.write(head + b"\r\n")
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101 ")
        assert b"permessage-deflate" not in answer.lower()
        yield reader, writer
    finally:
        writer.transport.abort()
        server.close()
        await asyncio.gather(*state.tasks)


async def test_W6_a_half_open_socket_is_pinged_and_let_go():
    app = App()
    async with connected_to(app, ping_s=SOON_S) as (reader, _), asyncio.timeout(10 * SOON_S):
        await app.is_over.wait()
        sent = await reader.read(-1)

    assert sent[0] & 0x0F == Opcode.PING


async def test_W6_a_socket_that_answers_pings_stays():
    app = App()
    async with connected_to(app, ping_s=SOON_S) as (reader, writer):
        for _ in range(4):
            async with asyncio.timeout(10 * SOON_S):
                head = await reader.readexactly(2)
                payload = await reader.readexactly(head[1])
            assert head[0] & 0x0F == Opcode.PING
            writer.write(Frame(Opcode.PONG, payload).serialize(mask=True))

        assert not app.is_over.is_set()


async def test_W6_a_reader_that_is_too_slow_is_cut_off():
    app = App(frames=1_000)
    async with connected_to(app, window=1_024), asyncio.timeout(20 * SOON_S):
        await app.is_over.wait()

    assert app.received[-1]["type"] == "websocket.disconnect"


async def test_W6_a_reader_that_keeps_pace_stays():
    app = App(frames=100)
    async with connected_to(app) as (reader, _):
        async with asyncio.timeout(20 * SOON_S):
            await reader.readexactly(100 * 65_536)
        await asyncio.sleep(2 * SOON_S)

        assert not app.is_over.is_set()


async def test_W4_a_frame_over_a_megabyte_is_never_held():
    app = App()
    async with connected_to(app) as (reader, writer):
        frame = Frame(Opcode.TEXT, b"a" * (embedded.WS_MAX_BYTES + 1)).serialize(mask=True)
        writer.write(frame)
        head = await reader.readexactly(4)

    assert (head[0] & 0x0F, int.from_bytes(head[2:4], "big")) == (Opcode.CLOSE, 1009)
    assert [message["type"] for message in app.received] == ["websocket.disconnect"]


async def test_W4_no_compression_is_agreed_to_so_no_bomb_goes_off():
    app = App()
    asking = HANDSHAKE + b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
    bomb = zlib.compress(b"a" * 10_000_000)
    async with connected_to(app, asking) as (reader, writer):
        head = bytes([0x80 | 0x40 | Opcode.TEXT, 0x80 | 126]) + len(bomb).to_bytes(2, "big")
        writer.write(head + bytes(4) + bomb)  # the bit that says "compressed", and a mask of zeros
        head = await reader.readexactly(4)

    assert (head[0] & 0x0F, int.from_bytes(head[2:4], "big")) == (Opcode.CLOSE, 1002)
