"""One router by path: waits and sockets go to ASGI, everything else to WSGI threads.

Django's ASGI handler halves the throughput of plain views, while a wait in a WSGI thread would
hold the thread; so each kind of request goes where it costs least (docs/decisions/0007).
"""

import re
from typing import Any, cast
from urllib.parse import parse_qs

from a2wsgi import WSGIMiddleware
from asgiref.typing import HTTPScope
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter

from executor.routing import websocket_urlpatterns

WSGI_THREADS = 8
UPLOAD_ONLY_BYTES = 10**12  # a length over every limit
MAX_UNMEASURED_BYTES = 2 * 1024 * 1024  # above what any body but an upload may have

_POLL = re.compile(r"/api/v1/workflows/executions/[^/]+/poll/?")


def build_application(*, django: Any, wsgi: Any) -> ProtocolTypeRouter:
    """Return the ASGI application of a web process."""
    plain = WSGIMiddleware(wsgi, workers=WSGI_THREADS)

    async def http(scope: Any, receive: Any, send: Any) -> None:
        waiting = waiting_path(scope)
        if waiting is None:
            await plain(*await measured(scope, receive), send)
        else:
            changed = {**scope, "path": waiting, "raw_path": waiting.encode("ascii")}
            await django(changed, receive, send)

    sockets = AuthMiddlewareStack(URLRouter(cast(Any, websocket_urlpatterns)))
    return ProtocolTypeRouter({"http": http, "websocket": sockets})


def waiting_path(scope: HTTPScope) -> str | None:
    """Return the internal path of a poll that waits; None for every other request."""
    path = scope["path"]
    if scope["method"] != "GET" or not _POLL.fullmatch(path):
        return None
    wait = parse_qs(scope["query_string"].decode("latin-1")).get("wait", ["0"])[-1]
    return f"{path.rstrip('/')}/wait" if path.isascii() and wait not in ("", "0") else None


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
