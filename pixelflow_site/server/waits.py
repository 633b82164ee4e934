"""Polls that wait and event streams, answered by async functions without Django's request handler.

The handler gives every request a thread of its own for as long as it lasts; a thousand waits would
hold a thousand threads. So the few steps that a public API call needs are put together here.
"""

import asyncio
import io
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from typing import Any

from corsheaders.middleware import CorsMiddleware
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase

from billing.http.rates import RequestRatesMiddleware
from common.http.plain import bad_request
from common.http.request_id import RequestIdMiddleware
from executor.routing import (
    EVENTS_PATH,
    WAITING_POLL_PATH,
    event_stream,
    in_reader_thread,
    waiting_poll,
)
from pixelflow_site.server.answers import send_response, send_start

SEND_S = 10.0  # who takes nothing for so long is cut off

Events = Callable[[HttpRequest, str, AsyncExitStack], Awaitable[HttpResponseBase]]

_WAITS = re.compile(rb"(?:^|&)wait=(?!0?(?:&|$))")


def is_held(scope: Any) -> bool:
    """Say whether a request is an event stream, or a poll that asks to be held."""
    if scope["method"] != "GET":
        return False
    if EVENTS_PATH.fullmatch(scope["path"]):
        return True
    is_poll = WAITING_POLL_PATH.fullmatch(scope["path"]) is not None
    return is_poll and _WAITS.search(scope["query_string"]) is not None


async def answer_held(
    scope: Any, receive: Any, send: Any, *, events: Events = event_stream, send_s: float = SEND_S
) -> None:
    """Answer one such call; a client that goes away ends it."""
    answering = asyncio.ensure_future(_answer(scope, send, events, send_s))
    leaving = asyncio.ensure_future(_until_gone(receive))
    await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
    leaving.cancel()
    if not answering.done():
        answering.cancel()
        await asyncio.wait({answering})
    elif not answering.cancelled():
        answering.result()


async def _answer(scope: Any, send: Any, events: Events, send_s: float) -> None:
    async with AsyncExitStack() as held:

        async def view(request: HttpRequest) -> HttpResponseBase:
            return await _view(request, held, events)

        counted = RequestRatesMiddleware(view, in_thread=in_reader_thread)
        middleware: Any = RequestIdMiddleware(CorsMiddleware(counted))
        response = await middleware(ASGIRequest(scope, io.BytesIO()))
        await _send(response, send, send_s)


async def _view(request: HttpRequest, held: AsyncExitStack, events: Events) -> HttpResponseBase:
    try:
        request.get_host()
    except DisallowedHost as error:
        return bad_request(request, error)
    response = await _respond(request, held, events)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


async def _respond(request: HttpRequest, held: AsyncExitStack, events: Events) -> HttpResponseBase:
    followed = EVENTS_PATH.fullmatch(request.path)
    if followed is not None:
        return await events(request, followed.group(1), held)
    poll = WAITING_POLL_PATH.fullmatch(request.path)
    assert poll is not None  # noqa: S101 - the router asked is_held
    return await waiting_poll(request, poll.group(1))


async def _until_gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(response: Any, send: Any, send_s: float) -> None:
    """Send an answer; a stream piece by piece, each of which the client must take in `send_s`."""
    if not response.streaming:
        await send_response(response, send)
        return
    await send_start(response, send)
    try:
        await _send_pieces(response.streaming_content, send, send_s)
    except TimeoutError:
        return  # without an end: the connection goes, and what it holds

    await send({"type": "http.response.body", "body": b""})


async def _send_pieces(pieces: Any, send: Any, send_s: float) -> None:
    async with aclosing(pieces):
        async for piece in pieces:
            async with asyncio.timeout(send_s):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
