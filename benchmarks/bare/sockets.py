"""A bare ASGI application of sockets: what is said in one comes back there, or in all of them."""

from typing import Any

_open: set[Any] = set()


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer `/healthz`, and echo in sockets; a text that begins with `all` goes to every one."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "{}"})
        _open.add(send)
        try:
            await _echo(receive, send)
        finally:
            _open.discard(send)


async def _echo(receive: Any, send: Any) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        for target in list(_open) if message["text"].startswith("all") else [send]:
            await target({"type": "websocket.send", "text": message["text"]})
