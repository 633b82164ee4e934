"""HTTP to providers: one client for a process, no retries, and errors that say what is known."""

import asyncio
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver

from common.clock import SYSTEM_CLOCK, Clock
from common.fetch import PUBLIC_ONLY, FetchPolicy, UrlNotAllowed, check_url
from common.fetch.encoding import decoder_for
from common.fetch.errors import FetchFailed
from executor.providers.errors import (
    AccountBlocked,
    ContentRefused,
    NotSent,
    Overloaded,
    ProviderError,
    RateLimited,
    Unanswered,
)
from executor.providers.guarded import GuardedResolver

MAX_ANSWER_BYTES = 32 * 1024 * 1024  # a picture or two in base64
_VALUE_MARKS = (b",", b"[", b"{")  # every value of JSON stands behind one of them, or alone
MAX_VALUES = 500_000  # of an answer's JSON: what small answers can be blown up to in memory
MAX_MESSAGE_BYTES = 4 * 1024 * 1024  # of a web socket: a preview
CONNECT_TIMEOUT_S = 5.0
MAX_CONNECTIONS = 200
# Providers close idle connections after a while; one that does so just now loses us a request.
IDLE_S = 5.0
MAX_RETRY_AFTER_S = 24 * 3600.0
# Compressed answers would have to be unpacked in the event loop; none is asked for.
_HEADERS = {"User-Agent": "Pixelflow/1", "Accept": "*/*", "Accept-Encoding": "identity"}

# No connection, so nothing was said. Whatever fails later may have been heard.
_NOT_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.NonHttpUrlClientError,
)
# `OSError` are time-outs too; `ValueError` are headers and URLs that HTTP does not know.
_UNANSWERED = (aiohttp.ClientError, OSError, ValueError)
# A gateway gave up waiting; what is behind it may not have. 520 and more are Cloudflare's.
_GAVE_UP_WAITING = frozenset({408, 502, 504, 520, 522, 524})


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of 2xx."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            Unanswered: it is none: an answer that says nothing is as good as no answer.
        """
        try:
            return parsed(self.body)
        except (ValueError, RecursionError):
            raise Unanswered("not JSON") from None


@dataclass(frozen=True, slots=True)
class Rejection:
    """An answer other than 2xx, for an adapter that knows its provider's words."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    retry_after_s: float | None

    def json(self) -> Any:
        """Return the body as JSON; None when it is none."""
        try:
            return parsed(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class FormField:
    """A part of a multipart body: a text, or with a `filename` a file."""

    name: str
    value: str | bytes
    filename: str | None = None
    content_type: str | None = None


Message = str | bytes  # of a web socket

# Returns None where the status says enough.
Judge = Callable[[Rejection], ProviderError | Unanswered | None]


class Transport:
    """The HTTP client that all adapters of a process share; lives in one event loop."""

    def __init__(self, *, clock: Clock = SYSTEM_CLOCK, allow: FetchPolicy = PUBLIC_ONLY) -> None:
        self._clock = clock
        self._allow = allow
        # Whoever waits for a connection has sent nothing yet: it waits here, where no time runs.
        self._places = asyncio.Semaphore(MAX_CONNECTIONS)
        self._session: aiohttp.ClientSession
        self._guarded: aiohttp.ClientSession  # for addresses that customers chose

    async def __aenter__(self) -> Self:
        self._session = _open_session(None)
        self._guarded = _open_session(GuardedResolver(self._allow))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()
        await self._guarded.close()

    async def call(  # noqa: PLR0913 - a request has these parts
        self,
        method: str,
        url: str,
        *,
        timeout_s: float,
        body: Any = None,
        form: Sequence[FormField] | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
        judge: Judge | None = None,
        guarded: bool = False,
    ) -> Reply:
        """Send one request and read the whole answer, `timeout_s` seconds at most for all of it.

        `body` is sent as JSON, or as it is if it is bytes; `form` instead as multipart. `judge`
        says first what an answer other than 2xx means. `guarded` keeps the request to public
        addresses.

        Raises:
            ProviderError: it was refused, or never sent.
            Unanswered: it went out, and no answer (or half of one, or too much) came.
        """
        data = _encoded(body) if form is None else _multipart(form)
        kind = {"Content-Type": "application/json"} if isinstance(data, io.BytesIO) else {}
        request = partial(
            self._session_for(url, guarded=guarded).request, method, url,
            data=data, headers={**kind, **(headers or {})}, allow_redirects=False,
        )  # fmt: skip
        try:
            async with self._places, asyncio.timeout(timeout_s), request() as response:
                content = await _read(response, max_bytes)
        except _NOT_SENT as error:
            raise NotSent from error
        except _UNANSWERED as error:
            raise Unanswered(type(error).__name__) from error
        if 200 <= response.status < 300:
            return Reply(response.status, response.headers, content)
        raise self._judged(response, content, judge)

    async def overhear(
        self,
        url: str,
        *,
        for_s: float,
        is_enough: Callable[[Message], bool],
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_MESSAGE_BYTES,
        guarded: bool = False,
    ) -> list[Message]:
        """Listen at a web socket for `for_s` seconds, or until a message is enough or all too much.

        `url` is of http, as of all requests. Returns what was said, in its order, little more than
        `max_bytes` of it: what cannot be heard is nothing, and no error.
        """
        heard: list[Message] = []
        left = max_bytes
        try:
            session = self._session_for(url, guarded=guarded)
            opening = session.ws_connect(url, headers=headers, max_msg_size=max_bytes)
            async with self._places, asyncio.timeout(for_s), opening as socket:
                async for message in socket:
                    if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                        break
                    heard.append(message.data)
                    left -= len(message.data)
                    if left <= 0 or is_enough(message.data):
                        break
        except (*_NOT_SENT, *_UNANSWERED, Unanswered):
            pass
        return heard

    def _session_for(self, url: str, *, guarded: bool) -> aiohttp.ClientSession:
        """Return the client for a URL.

        Raises:
            NotSent: it may not be asked.
        """
        if not guarded:
            return self._session
        try:
            check_url(url, allow=self._allow)
        except UrlNotAllowed:
            raise NotSent("The server's address is not public.") from None
        return self._guarded

    def _judged(
        self, response: aiohttp.ClientResponse, body: bytes, judge: Judge | None
    ) -> ProviderError | Unanswered:
        wait_s = self._retry_after_s(response.headers.get("Retry-After"))
        rejection = Rejection(response.status, response.headers, body, wait_s)
        judged = None if judge is None else judge(rejection)
        return judged or refusal_of(rejection)

    def _retry_after_s(self, value: str | None) -> float | None:
        """Return the seconds that a `Retry-After` means; None for none or a broken one."""
        if value is None:
            return None
        try:
            seconds = float(value)
        except ValueError:
            seconds = self._seconds_until(value)
        return min(max(seconds, 0.0), MAX_RETRY_AFTER_S) if seconds == seconds else None

    def _seconds_until(self, date: str) -> float:
        try:
            at = parsedate_to_datetime(date)
        except (ValueError, OverflowError):
            return float("nan")
        return (at - self._clock.now()).total_seconds() if at.tzinfo else float("nan")


def refusal_of(rejection: Rejection) -> ProviderError | Unanswered:
    """Return what an answer other than 2xx says, by its status and a known word in it."""
    status, wait_s = rejection.status, rejection.retry_after_s
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(retry_after_s=wait_s)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return Overloaded(retry_after_s=wait_s)
    if status in (401, 402, 403, 406):
        return AccountBlocked()
    if status in _GAVE_UP_WAITING:
        return Unanswered(f"status {status}")
    if 400 <= status < 500 and b"content_policy" in rejection.body:
        return ContentRefused()
    if status >= 500:
        return ProviderError("The provider broke.", retryable=True, retry_after_s=wait_s)
    return ProviderError(f"The provider refused this with status {status}.")


def parsed(text: bytes | str) -> Any:
    """Return what JSON from outside says.

    Millions of small values would take the event loop seconds, and thirty times their size.

    Raises:
        ValueError: it is none, or too much of it.
        RecursionError: it is too deep.
    """
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if sum(raw.count(mark) for mark in _VALUE_MARKS) > MAX_VALUES:
        raise ValueError("too many values")
    return json.loads(text)


def _open_session(resolver: AbstractResolver | None) -> aiohttp.ClientSession:
    """Return a client that keeps nothing, reads no environment and does nothing unasked."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            ssl=httpx.create_ssl_context(trust_env=False),  # the certificates of all other calls
            limit=0,  # `Transport` counts
            resolver=resolver,
            use_dns_cache=resolver is None,  # what is guarded is looked up for each connection
            keepalive_timeout=IDLE_S,
        ),
        headers=_HEADERS,
        cookie_jar=aiohttp.DummyCookieJar(),
        # No time-out on reading: the one around the whole call is what counts.
        timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT_S),
        auto_decompress=False,
        trust_env=False,
        middlewares=(_send_once,),
    )


async def _send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep the client from sending again what went out on a connection that dropped.

    Raises:
        Unanswered: it did.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise Unanswered(type(error).__name__) from error


def _multipart(form: Sequence[FormField]) -> aiohttp.FormData:
    data = aiohttp.FormData(default_to_multipart=True)
    for part in form:
        # A file is a stream as well.
        value = io.BytesIO(part.value) if isinstance(part.value, bytes) else part.value
        data.add_field(part.name, value, filename=part.filename, content_type=part.content_type)
    return data


def _encoded(body: Any) -> io.BytesIO | bytes | None:
    """Return JSON as a stream, which is sent in pieces: pictures make it large."""
    if body is None or isinstance(body, bytes):
        return body
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return io.BytesIO(text.encode("utf-8"))


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """Return the whole body.

    Raises:
        Unanswered: it is too large, or encoded so that nobody can read it.
    """
    pieces, size = [], 0
    try:
        decoder = decoder_for(response.headers.get("Content-Encoding", ""))
        async for chunk in response.content.iter_any():
            for piece in decoder.feed(chunk):
                size += len(piece)
                if size > max_bytes:
                    raise Unanswered("the answer is too large")
                pieces.append(piece)
        decoder.finish()
    except FetchFailed as error:
        raise Unanswered(str(error)) from error
    return b"".join(pieces)
