"""What tests of live surfaces share: an event loop that gets the news, and reads in its threads."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from asgiref.testing import ApplicationCommunicator
from channels.layers import get_channel_layer
from django.db import connections

from executor.dispatch import live_bridge
from executor.selectors.following import READERS, in_reader


def the_layer() -> Any:
    """Return the channel layer, whose members and queues tests look into."""
    return get_channel_layer()


IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@asynccontextmanager
async def live_news() -> AsyncIterator[None]:
    """Bring the news into the running loop, and leave neither members nor connections behind."""
    live_bridge.use(asyncio.get_running_loop())
    try:
        yield
    finally:
        await the_layer().flush()
        barrier = threading.Barrier(READERS)
        await asyncio.gather(*(in_reader(_close_at, barrier) for _ in range(READERS)))


def _close_at(barrier: threading.Barrier) -> None:
    barrier.wait(timeout=10)  # so that each reader thread takes one of the calls
    connections.close_all()


class Socket(ApplicationCommunicator):
    """A client of an ASGI application's sockets (Channels' own needs a server of its own)."""

    def __init__(self, app: Any, path: str, query: str = "", *, headers: Any = ()) -> None:
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": query.encode("utf-8"),
            "headers": list(headers),
        }
        super().__init__(app, scope)

    async def connect(self) -> bool:
        """Knock; says whether the socket was accepted."""
        await self.send_input({"type": "websocket.connect"})
        message = await self.receive_output(timeout=5)
        return bool(message["type"] == "websocket.accept")

    async def send_text(self, text: str) -> None:
        await self.send_input({"type": "websocket.receive", "text": text})

    async def send_bytes(self, data: bytes) -> None:
        await self.send_input({"type": "websocket.receive", "bytes": data})

    async def disconnect(self) -> None:
        """Go; waits for the application to end."""
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(timeout=5)
