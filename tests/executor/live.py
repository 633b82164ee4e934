"""What tests of live surfaces share: an event loop that gets the news, and reads in its threads."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from asgiref.testing import ApplicationCommunicator
from channels.layers import get_channel_layer
from django.db import connections

from executor.dispatch import live_bridge
from executor.live import news
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
        await news.live_news().close()
        await the_layer().flush()
        await on_each_reader(connections.close_all)


async def on_each_reader(work: Callable[[], object]) -> None:
    """Call a function once in every reader thread."""
    barrier = threading.Barrier(READERS)

    def call() -> None:
        barrier.wait(timeout=10)  # so that each reader thread takes one of the calls
        work()

    await asyncio.gather(*(in_reader(call) for _ in range(READERS)))


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


class EventStream(ApplicationCommunicator):
    """A client of `GET …/events`, through the whole site's ASGI application."""

    def __init__(
        self, app: Any, execution_id: str, *, key: str | None, query: str = "", **headers: str
    ) -> None:
        sent = {"host": "127.0.0.1:8000", "accept": "text/event-stream"}
        sent |= {name.replace("_", "-").lower(): value for name, value in headers.items()}
        if key is not None:
            sent["authorization"] = f"Bearer {key}"
        path = f"/api/v1/workflows/executions/{execution_id}/events"
        self.status = 0
        self.headers: dict[str, str] = {}
        self.is_over = False
        self._rest = b""
        super().__init__(
            app,
            {
                "type": "http",
                "http_version": "1.1",
                "method": "GET",
                "path": path,
                "raw_path": path.encode(),
                "query_string": query.encode(),
                "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            },
        )

    async def open(self) -> int:
        """Ask; returns the status."""
        await self.send_input({"type": "http.request", "body": b"", "more_body": False})
        start = await self.receive_output(timeout=20)
        self.status = start["status"]
        self.headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        return self.status

    async def block(self, *, timeout_s: float = 5) -> str | None:
        """Return what comes before the next empty line; None at the end."""
        while b"\n\n" not in self._rest:
            if self.is_over:
                return None
            message = await self.receive_output(timeout=timeout_s)
            self._rest += message.get("body", b"")
            self.is_over = not message.get("more_body")
        found, _, self._rest = self._rest.partition(b"\n\n")
        return found.decode()

    async def event(self) -> dict[str, Any] | None:
        """Return the next event as a socket's frame would be, passing over what is none."""
        while (block := await self.block()) is not None:
            fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
            if "id" in fields:
                data = json.loads(fields["data"])
                return {"seq": int(fields["id"]), "type": fields["event"], "data": data}
        return None

    async def events(self) -> list[dict[str, Any]]:
        """Return all events up to the end of the stream."""
        found = []
        while (event := await self.event()) is not None:
            found.append(event)
        return found

    async def problem(self) -> dict[str, Any]:
        """Return the body of a refusal."""
        body = self._rest
        while not self.is_over:
            message = await self.receive_output(timeout=5)
            body += message.get("body", b"")
            self.is_over = not message.get("more_body")
        problem: dict[str, Any] = json.loads(body)
        return problem

    async def leave(self) -> None:
        """Go; waits for the application to end."""
        await self.send_input({"type": "http.disconnect"})
        await self.wait(timeout=5)
