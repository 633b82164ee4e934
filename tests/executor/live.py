"""What tests of live surfaces share: an event loop that gets the news, and reads in its threads."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from channels.layers import get_channel_layer
from django.db import connections

from executor.dispatch import live_bridge
from executor.selectors.following import READERS, in_reader


@asynccontextmanager
async def live_news() -> AsyncIterator[None]:
    """Bring the news into the running loop, and leave neither members nor connections behind."""
    live_bridge.use(asyncio.get_running_loop())
    try:
        yield
    finally:
        await get_channel_layer().flush()
        barrier = threading.Barrier(READERS)
        await asyncio.gather(*(in_reader(_close_at, barrier) for _ in range(READERS)))


def _close_at(barrier: threading.Barrier) -> None:
    barrier.wait(timeout=10)  # so that each reader thread takes one of the calls
    connections.close_all()
