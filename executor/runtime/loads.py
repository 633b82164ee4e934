"""How much of files a process holds in memory while it sends them to providers.

A hundred requests at once may each carry a film. What they hold together is bounded; who comes when
there is no room waits, in the order of coming, before anything is written down or sent.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from executor.providers.base import Request

MAX_BYTES = 256 * 1024 * 1024  # as base64 in JSON the same takes some four times as much
READ_BYTES = 100 * 1024 * 1024  # larger files are sent by their address where they have one


class Loads:
    """The room for files; in one event loop."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._most = self._left = max_bytes
        self._turn = asyncio.Lock()  # it is fair: nobody with little passes one with much
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def held(self, size: int) -> AsyncIterator[None]:
        """Have room for so many bytes. One that is larger than all the room has it alone."""
        weight = min(size, self._most)
        if weight:
            await self._take(weight)
        try:
            yield
        finally:
            self._left += weight
            self._freed.set()

    async def _take(self, weight: int) -> None:
        async with self._turn:
            while self._left < weight:
                self._freed.clear()
                await self._freed.wait()
            self._left -= weight


def bytes_of(request: Request | None) -> int:
    """Return how many bytes of files sending a request may hold."""
    if request is None:
        return 0
    files = [file for given in request.files.values() for file in given]
    return sum(file.size for file in files if file.url is None or file.size <= READ_BYTES)
