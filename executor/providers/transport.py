"""HTTP to providers: one client for a process, no retries, and errors that say what is known."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

import httpx

from common.clock import SYSTEM_CLOCK, Clock
from executor.providers.errors import (
    AccountBlocked,
    ContentRefused,
    NotSent,
    Overloaded,
    ProviderError,
    RateLimited,
    Unanswered,
)

MAX_ANSWER_BYTES = 32 * 1024 * 1024  # a picture or two in base64
CONNECT_TIMEOUT_S = 5.0
MAX_CONNECTIONS = 200  # what the pool costs grows with them
MAX_IDLE_CONNECTIONS = 50
MAX_RETRY_AFTER_S = 24 * 3600.0

# No connection, so nothing was said. Whatever fails later may have been heard.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


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
            return json.loads(self.body)
        except ValueError:
            raise Unanswered("not JSON") from None


class Transport:
    """The HTTP client that all adapters of a process share; lives in one event loop."""

    def __init__(self, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._client = httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(
                max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_IDLE_CONNECTIONS
            ),
        )
        # Whoever waits for a connection has sent nothing yet: it waits here, where no time runs.
        self._places = asyncio.Semaphore(MAX_CONNECTIONS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def call(
        self,
        method: str,
        url: str,
        *,
        timeout_s: float,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> Reply:
        """Send one request and read the whole answer, `timeout_s` seconds at most for all of it.

        Raises:
            ProviderError: it was refused, or never sent.
            Unanswered: it went out, and no answer (or half of one, or too much) came.
        """
        try:
            async with self._places, asyncio.timeout(timeout_s):
                response, content = await self._exchange(
                    method, url, body=body, headers=headers, max_bytes=max_bytes
                )
        except _NOT_SENT as error:
            raise NotSent from error
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise Unanswered(type(error).__name__) from error
        if response.is_success:
            return Reply(response.status_code, response.headers, content)
        raise self._refusal(response, content)

    async def _exchange(
        self,
        method: str,
        url: str,
        *,
        body: Any,
        headers: Mapping[str, str] | None,
        max_bytes: int,
    ) -> tuple[httpx.Response, bytes]:
        # No time-out on reading: the one around the whole call is what counts.
        timeout = httpx.Timeout(None, connect=CONNECT_TIMEOUT_S, pool=CONNECT_TIMEOUT_S)
        async with self._client.stream(
            method, url, json=body, headers=headers, timeout=timeout
        ) as response:
            chunks, size = [], 0
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > max_bytes:
                    raise Unanswered("the answer is too large")
                chunks.append(chunk)
            return response, b"".join(chunks)

    def _refusal(self, response: httpx.Response, body: bytes) -> ProviderError | Unanswered:
        """Return what an answer other than 2xx says, by its status and a known word in it."""
        status = response.status_code
        wait_s = self._retry_after_s(response.headers.get("retry-after"))
        if status == httpx.codes.TOO_MANY_REQUESTS:
            return RateLimited(retry_after_s=wait_s)
        if status == httpx.codes.SERVICE_UNAVAILABLE:
            return Overloaded(retry_after_s=wait_s)
        if status in (401, 402, 403, 406):
            return AccountBlocked()
        if status in (502, 504):  # a gateway gave up waiting; what is behind it may not have
            return Unanswered(f"status {status}")
        if 400 <= status < 500 and b"content_policy" in body:
            return ContentRefused()
        if status >= 500:
            return ProviderError("The provider broke.", retryable=True, retry_after_s=wait_s)
        return ProviderError(f"The provider refused this with status {status}.")

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
        except ValueError:
            return float("nan")
        return (at - self._clock.now()).total_seconds() if at.tzinfo else float("nan")
