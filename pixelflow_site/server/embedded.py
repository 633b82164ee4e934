"""The embedded server: one process with the site, the API and the workers in it."""

import asyncio
import fcntl
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

import uvicorn
from django.conf import settings

from executor.api import live_bridge, start_worker, take_over_leases
from pixelflow_site.server.protocol import StrictHttpProtocol
from pixelflow_site.settings.env import SettingsError

HOST = "127.0.0.1"
WS_MAX_BYTES = 1024 * 1024


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

    async def with_worker(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        else:
            await application(scope, receive, send)

    uvicorn.run(
        with_worker,
        host=HOST,
        port=port,
        http=StrictHttpProtocol,
        ws="websockets-sansio",
        ws_max_size=WS_MAX_BYTES,
        ws_per_message_deflate=False,
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=5,
    )


async def _lifespan(receive: Any, send: Any) -> None:
    """Start the workers with the server and stop them with it."""
    await receive()
    async with _worker():
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})


@asynccontextmanager
async def _worker() -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    live_bridge.use(loop)
    worker = start_worker()
    sys.stdout.flush()
    try:
        yield
    finally:
        await loop.run_in_executor(None, worker.stop)
