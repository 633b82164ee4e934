"""One router by path: waits, streams and sockets go to ASGI, everything else to WSGI threads.

Django's ASGI handler halves the throughput of plain views, while a wait in a WSGI thread would
hold the thread; so each kind of request goes where it costs least (docs/decisions/0007).
"""

import re
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter

from common import faults
from executor.routing import websocket_urlpatterns
from pixelflow_site.server.bodies import received
from pixelflow_site.server.crowd import Line
from pixelflow_site.server.waits import answer_held, is_held

WSGI_THREADS = 8
STARTING_THREADS = 4  # accepting a run is short, and writers of a database queue anyway
BULK_THREADS = 8  # uploads and downloads last as long as the client's line makes them

_STARTING = re.compile(r"/api/v1/workflows/[^/]+/(?:execute|batches)/?")
_BULK = re.compile(r"/api/v1/files/?|/api/studio/playground/files|/media/.*")
_FORMS_WITH_FILES = re.compile(r"/templates/[^/]+/run|/run/[^/]+")


def _dying_midway(send: Any) -> Any:
    async def passing_a_point(message: Any) -> None:
        await send(message)
        if message["type"] == "http.response.start":
            faults.point("web.mid_answer")

    return passing_a_point


def build_application(*, wsgi: Any) -> ProtocolTypeRouter:
    """Return the ASGI application of a web process."""
    plain = WSGIMiddleware(wsgi, workers=WSGI_THREADS)
    bulk = WSGIMiddleware(wsgi, workers=BULK_THREADS)
    starting = Line(WSGIMiddleware(wsgi, workers=STARTING_THREADS), threads=STARTING_THREADS)

    def application_for(scope: Any) -> Any:
        path = scope["path"]
        if scope["method"] == "POST" and _STARTING.fullmatch(path):
            return starting
        if scope["method"] == "POST" and _FORMS_WITH_FILES.fullmatch(path):
            return bulk
        return bulk if _BULK.fullmatch(path) else plain

    async def http(scope: Any, receive: Any, send: Any) -> None:
        if is_held(scope):
            await answer_held(scope, receive, send)
            return
        if faults.is_armed("web.mid_answer"):
            send = _dying_midway(send)
        request = await received(scope, receive)
        if request is not None:
            await application_for(scope)(*request, send)

    sockets = AuthMiddlewareStack(URLRouter(cast(Any, websocket_urlpatterns)))
    return ProtocolTypeRouter({"http": http, "websocket": sockets})
