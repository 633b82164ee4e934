"""The embedded server: one process with the site, the API and the workers in it."""

import asyncio
import contextlib
import fcntl
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO, Any

import uvicorn
from django.conf import settings

from executor.api import end_now, end_within, live_bridge, start_worker, take_over_leases
from pixelflow_site.server.pace import PacedSocketProtocol
from pixelflow_site.server.protocol import StrictHttpProtocol
from pixelflow_site.settings.env import SettingsError

HOST = "127.0.0.1"
WS_MAX_BYTES = 1024 * 1024
WS_PING_S = 20.0  # who does not answer one before the next is due is gone


def hold_data_dir(data_dir: Path) -> IO[str]:
    """Lock the data folder for this process, for as long as the returned file is open.

    Raises:
        SettingsError: another server has it: SQLite's truth must have one server.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = (data_dir / "server.lock").open("a")  # what a running server wrote stays
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise SettingsError(f"another server is running on {data_dir}") from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def run_server(port: int) -> None:
    """Serve until the process is told to stop; workers finish what they hold."""
    from pixelflow_site.asgi import application  # noqa: PLC0415 - needs Django set up

    if settings.EMBEDDED:
        take_over_leases()

    server = EmbeddedServer(application, port)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()


def _config(app: Any, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=HOST,
        port=port,
        http=StrictHttpProtocol,
        interface="asgi3",  # what a bound method is cannot be seen
        ws=PacedSocketProtocol,
        ws_ping_interval=WS_PING_S,
        ws_ping_timeout=WS_PING_S,
        ws_max_size=WS_MAX_BYTES,
        ws_per_message_deflate=False,
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # it would believe whoever is on this machine about other addresses
        timeout_keep_alive=20,
        timeout_graceful_shutdown=5,
    )


class EmbeddedServer(uvicorn.Server):
    """The server with a worker beside it, which starts and stops with it."""

    def __init__(self, application: Any, port: int) -> None:
        self._application = application
        self._stop_worker: Callable[[], object] = lambda: None
        super().__init__(_config(self._answer, port))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop, the worker at once; a second signal ends everything now."""
        if self.should_exit:
            end_now(128 + sig)
        end_within()
        threading.Thread(target=self._stop_worker, name="stop-worker", daemon=True).start()
        super().handle_exit(sig, frame)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._application(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        """Start the worker with the server and stop it with it."""
        await receive()
        loop = asyncio.get_running_loop()
        live_bridge.use(loop)
        self._stop_worker = start_worker().stop
        sys.stdout.flush()
        await send({"type": "lifespan.startup.complete"})
        try:
            await receive()
        finally:
            await loop.run_in_executor(None, self._stop_worker)
        await send({"type": "lifespan.shutdown.complete"})
