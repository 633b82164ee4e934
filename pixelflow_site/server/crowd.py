"""Requests that start runs: a line of bounded length before threads of their own.

A client that sends five thousand of them in a moment must not take the threads by which everybody
else polls, nor wait for minutes without an answer. So a request that finds the line full is
refused at once, with the seconds after which there will be room again.

If all who are refused were told when there is room, they would all come back in that second, and
most be refused once more. So each is told a moment of its own, one behind the other at the pace at
which the line moves; and refusals are made one by one, so that polls pass between them.
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
FIRST_GUESS_S = 0.02  # what one takes, until some were answered
WEIGHT = 0.05  # of the newest answer in the running mean
SPARE = 1.25  # those who come back are told a slower pace than the line's, or it would fill again
LONGEST_WAIT_S = 60  # else a client that comes back at once, again and again, puts others off

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
        self._refusing = asyncio.Lock()
        self._each_s = FIRST_GUESS_S
        self._booked_until = 0.0
        self.length = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request in its turn, or refuse it."""
        if self.length >= self._max_in_line:
            retry_after_s = self.book()
            async with self._refusing:
                await asyncio.sleep(0)  # or the event loop makes all of them in one turn
                await _refuse(scope, send, retry_after_s)
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

    def book(self) -> int:
        """Return after how many whole seconds to come back.

        For the first one half of the line will have been answered by then; each further one comes
        behind those who were told before.
        """
        now, pace_s = self._monotonic(), self._each_s / self._threads
        room_at = max(self._booked_until, now + self.length / 2 * pace_s)
        self._booked_until = min(room_at + SPARE * pace_s, now + LONGEST_WAIT_S)
        return max(1, math.ceil(self._booked_until - now))


async def _refuse(scope: Any, send: Any, retry_after_s: int) -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        detail = "Too many runs are being started at this moment."
        return problem_response(request, Unavailable(detail, retry_after_s=retry_after_s))

    answer: Any = RequestIdMiddleware(CorsMiddleware(view))
    await send_response(await answer(ASGIRequest(scope, io.BytesIO())), send)
