"""One router by path: waits and sockets go to ASGI, everything else to WSGI threads.

Django's ASGI handler halves the throughput of plain views, while a wait in a WSGI thread would
hold the thread; so each kind of request goes where it costs least (docs/decisions/0007).
"""

from typing import Any, cast

from a2wsgi import WSGIMiddleware
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter

from executor.routing import websocket_urlpatterns
from pixelflow_site.server.waits import answer_waiting_poll, is_waiting_poll

WSGI_THREADS = 8
UPLOAD_ONLY_BYTES = 10**12  # a length over every limit
MAX_UNMEASURED_BYTES = 2 * 1024 * 1024  # above what any body but an upload may have


def build_application(*, wsgi: Any) -> ProtocolTypeRouter:
    """Return the ASGI application of a web process."""
    plain = WSGIMiddleware(wsgi, workers=WSGI_THREADS)

    async def http(scope: Any, receive: Any, send: Any) -> None:
        if is_waiting_poll(scope):
            await answer_waiting_poll(scope, receive, send)
        else:
            await plain(*await measured(scope, receive), send)

    sockets = AuthMiddlewareStack(URLRouter(cast(Any, websocket_urlpatterns)))
    return ProtocolTypeRouter({"http": http, "websocket": sockets})


async def measured(scope: Any, receive: Any) -> tuple[Any, Any]:
    """Give a body that came in chunks its length, since WSGI reads by length alone.

    It is read up to a limit; beyond that the request goes on with a length that every view
    refuses as too large.
    """
    names = {name for name, _ in scope["headers"]}
    if b"transfer-encoding" not in names or b"content-length" in names:
        return scope, receive
    body, more = bytearray(), True
    while more and len(body) <= MAX_UNMEASURED_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    length = len(body) if not more else UPLOAD_ONLY_BYTES
    headers = [item for item in scope["headers"] if item[0] != b"transfer-encoding"]
    headers.append((b"content-length", str(length).encode("ascii")))

    async def replay() -> dict[str, Any]:
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return {**scope, "headers": headers}, replay
