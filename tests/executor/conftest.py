"""Fixtures that tests of live surfaces share."""

import pytest
from django.conf import settings
from django.core.cache import cache

from tests.executor.followers import HOST, OWN_ORIGIN, site
from tests.executor.live import IN_MEMORY, Socket, live_news


@pytest.fixture
async def live(settings):
    """News come by the memory of the process; what Redis does is shown apart."""
    settings.CHANNEL_LAYERS = IN_MEMORY
    async with live_news():
        yield
    cache.clear()


@pytest.fixture
async def opened():
    """Open sockets; they are closed after the test."""
    sockets = []

    async def connect(execution_id, query="", *, cookie=None, origin=OWN_ORIGIN, app=site, **more):
        headers = [(b"host", HOST.encode())]
        if cookie:
            headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()))
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        path = f"/ws/executions/{execution_id}"
        socket = Socket(app, path, query, headers=[*headers, *more.get("headers", [])])
        sockets.append(socket)
        return socket if await socket.connect() else None

    yield connect
    for socket in sockets:
        await socket.disconnect()
