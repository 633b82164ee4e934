"""Requests that start runs: a line of bounded length before threads of their own.

A client that sends five thousand of them in a moment must not take the threads by which everybody
else polls, nor wait for minutes without an answer. So a request that finds the line full is
refused at once, with the seconds after which there will be room again.
"""

import asyncio
import io
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any

from corsheaders.middleware import CorsMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse

from common.errors import Unavailable
from common.http.plain import problem_response
from common.http.request_id import RequestIdMiddleware
from pixelflow_site.server.answers import send_response

MAX_IN_LINE = 1_000
FIRST_GUESS_S = 0.005  # what one takes, until some were answered
WEIGHT = 0.05  # of the newest answer in the running mean

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


class Line:
    """The requests that wait for `threads` threads or are under way in them.

    Used from the event loop alone.
    """

    def __init__(
        self,
        application: Asgi,
        *,
        threads: int,
        max_in_line: int = MAX_IN_LINE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._application = application
        self._threads = threads
        self._max_in_line = max_in_line
        self._monotonic = monotonic
        self._free = asyncio.Semaphore(threads)
        self._each_s = FIRST_GUESS_S
        self.length = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request in its turn, or refuse it."""
        if self.length >= self._max_in_line:
            await _refuse(scope, send, self.seconds_to_room())
            return
        self.length += 1
        try:
            async with self._free:
                began = self._monotonic()
                await self._application(scope, receive, send)
                took_s = self._monotonic() - began
            self._each_s += WEIGHT * (took_s - self._each_s)
        finally:
            self.length -= 1

    def seconds_to_room(self) -> int:
        """Return after how many whole seconds half of the line will have been answered."""
        return max(1, math.ceil(self.length / 2 * self._each_s / self._threads))


async def _refuse(scope: Any, send: Any, retry_after_s: int) -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        detail = "Too many runs are being started at this moment."
        return problem_response(request, Unavailable(detail, retry_after_s=retry_after_s))

    answer: Any = RequestIdMiddleware(CorsMiddleware(view))
    await send_response(await answer(ASGIRequest(scope, io.BytesIO())), send)
