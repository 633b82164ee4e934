"""Polls that wait, answered by their async view without Django's request handler around it.

The handler gives every request a thread of its own for as long as it lasts; a thousand waits would
hold a thousand threads. So the few steps that a public API call needs are put together here.
"""

import asyncio
import io
import re
from typing import Any

from corsheaders.middleware import CorsMiddleware
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse

from common.http.plain import bad_request
from common.http.request_id import RequestIdMiddleware
from executor.routing import WAITING_POLL_PATH, waiting_poll


def is_waiting_poll(scope: Any) -> bool:
    """Say whether a request is a poll that asks to be held."""
    if scope["method"] != "GET" or not WAITING_POLL_PATH.fullmatch(scope["path"]):
        return False
    return re.search(rb"(?:^|&)wait=(?!0?(?:&|$))", scope["query_string"]) is not None


async def answer_waiting_poll(scope: Any, receive: Any, send: Any) -> None:
    """Answer one waiting poll; a client that goes away ends it."""
    answering = asyncio.ensure_future(_answer(ASGIRequest(scope, io.BytesIO())))
    leaving = asyncio.ensure_future(_until_gone(receive))
    await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
    leaving.cancel()
    if answering.done():
        await _send(answering.result(), send)
    else:
        answering.cancel()
        await asyncio.wait({answering})


async def _view(request: HttpRequest) -> HttpResponse:
    match = WAITING_POLL_PATH.fullmatch(request.path)
    assert match is not None  # noqa: S101 - the router asked is_waiting_poll
    try:
        request.get_host()
    except DisallowedHost as error:
        return bad_request(request, error)
    response = await waiting_poll(request, match.group(1))
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


_answer: Any = RequestIdMiddleware(CorsMiddleware(_view))


async def _until_gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(response: HttpResponse, send: Any) -> None:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in response.headers.items()
    ]
    headers.append((b"content-length", str(len(response.content)).encode("ascii")))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
