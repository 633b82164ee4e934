"""One GET of a URL that somebody else chose, streamed to a sink, under limits of our own.

No cookies, no credentials, no proxies or certificates from the environment; bytes, time and
redirects are all bounded, and every hop is checked as the first URL was.
"""

import hashlib
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

import httpcore
import httpx

from common.fetch.addresses import PUBLIC_ONLY, FetchPolicy
from common.fetch.backend import Deadline, PinnedBackend, Resolve, system_resolve
from common.fetch.encoding import Identity, decoder_for
from common.fetch.errors import FetchBlocked, FetchFailed, UrlNotAllowed
from common.fetch.urls import parse_url, port_of, redact_url

MAX_REDIRECTS = 3

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SUCCESSES = frozenset({200, 203})
_RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
# RFC 6838, section 4.2. The value goes into rows and headers, so nothing else is let through.
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")

Headers = tuple[tuple[bytes, bytes], ...]

_HEADERS = (
    (b"User-Agent", b"Pixelflow-Fetch/1"),
    (b"Accept", b"*/*"),
    (b"Accept-Encoding", b"identity"),
    (b"Connection", b"close"),
)


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What arrived: `bytes` after decoding, and the SHA-256 of them in hex.

    `content_type` is the media type that the server claims, in lower case without parameters,
    "" when it claims no usable one; `final_url_redacted` is fit for logs.
    """

    bytes: int
    content_type: str
    final_url_redacted: str
    sha256: str


def fetch(
    url: str,
    *,
    max_bytes: int,
    deadline_s: float,
    sink: BinaryIO,
    allow: FetchPolicy = PUBLIC_ONLY,
    headers: Mapping[str, str] | None = None,
    resolve: Resolve = system_resolve,
) -> FetchResult:
    """GET `url` and write its decoded body to `sink`.

    `headers` are shown to the origin of `url` alone: a redirect to another one goes without, and
    cannot come back to them. At most `max_bytes` are written and `deadline_s` seconds taken, names and redirects included.
    After an error the sink may hold a part of the body: it is the caller's to throw away.

    Raises:
        FetchBlocked: The URL, an address of its host, or a redirect is not allowed.
        FetchFailed: There was no usable answer within the limits.
    """
    deadline = Deadline(deadline_s)
    backend = PinnedBackend(allow=allow, deadline=deadline, resolve=resolve)
    intake = _Intake(sink, max_bytes)
    with _translated(), _pool(backend) as pool:
        final = _follow(pool, url, allow, intake, _encoded(headers or {}))
    return FetchResult(
        bytes=intake.count,
        content_type=intake.content_type,
        final_url_redacted=redact_url(str(final)),
        sha256=intake.sha256.hexdigest(),
    )


class _Intake:
    """Counts, hashes and writes what arrives, and stops at the limit."""

    def __init__(self, sink: BinaryIO, max_bytes: int) -> None:
        self._sink = sink
        self._max_bytes = max_bytes
        self.count = 0
        self.sha256 = hashlib.sha256()
        self.content_type = ""

    def receive(self, response: httpcore.Response) -> None:
        """Take in the whole body. Raises FetchFailed when it is too large or broken."""
        decoder = decoder_for(_header(response, b"content-encoding"))
        if isinstance(decoder, Identity):
            self._check_promise(_header(response, b"content-length"))
        for chunk in response.iter_stream():
            for piece in decoder.feed(chunk):
                self._take(piece)
        decoder.finish()
        self.content_type = _media_type(_header(response, b"content-type"))

    def _check_promise(self, content_length: str) -> None:
        """Refuse before the first byte what says that it is too large."""
        if content_length.isdecimal() and int(content_length) > self._max_bytes:
            raise self._too_large()

    def _take(self, piece: bytes) -> None:
        if self.count + len(piece) > self._max_bytes:
            raise self._too_large()
        self.count += len(piece)
        self.sha256.update(piece)
        self._sink.write(piece)

    def _too_large(self) -> FetchFailed:
        detail = f"The file behind the URL is larger than {self._max_bytes} bytes."
        return FetchFailed(detail, retryable=False)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the errors of the URL check and of httpcore into ours."""
    try:
        yield
    except UrlNotAllowed:
        # Not chained: which rule it was is not told, not even in a report of the error.
        raise FetchBlocked from None
    except httpcore.TimeoutException as error:
        raise FetchFailed("The URL could not be fetched in time.", retryable=True) from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        # A certificate that does not hold now will not hold in a minute.
        retryable = not isinstance(error.__cause__, ssl.SSLCertVerificationError)
        raise FetchFailed("The connection to the URL failed.", retryable=retryable) from error


def _pool(backend: PinnedBackend) -> httpcore.ConnectionPool:
    return httpcore.ConnectionPool(
        ssl_context=_ssl_context(),
        max_connections=1,
        max_keepalive_connections=0,  # every hop connects, so every hop is checked
        retries=0,
        network_backend=backend,
    )


@cache
def _ssl_context() -> ssl.SSLContext:
    """Return the one context: building it reads well over a hundred certificates."""
    return httpx.create_ssl_context(trust_env=False)


def _encoded(headers: Mapping[str, str]) -> Headers:
    """Return headers as bytes.

    Raises:
        UrlNotAllowed: one cannot be sent; it would be read as several.
    """
    pairs = tuple(
        (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in headers.items()
    )
    if any(b"\r" in part or b"\n" in part for pair in pairs for part in pair):
        raise UrlNotAllowed
    return pairs


def _follow(
    pool: httpcore.ConnectionPool,
    url: str,
    allow: FetchPolicy,
    intake: _Intake,
    headers: Headers,
) -> httpx.URL:
    """GET `url` and up to 3 redirects, take in the last body and return where it came from."""
    target = parse_url(url, allow=allow)
    for _ in range(MAX_REDIRECTS + 1):
        with _get(pool, target, headers) as response:
            if response.status not in _REDIRECTS:
                _check_status(response.status)
                intake.receive(response)
                return target
            before, target = target, _next_target(target, response, allow)
        if _origin(before) != _origin(target):
            headers = ()
    raise FetchBlocked


def _origin(url: httpx.URL) -> tuple[str, bytes, int]:
    return url.scheme, url.raw_host.lower(), port_of(url)


@contextmanager
def _get(
    pool: httpcore.ConnectionPool, target: httpx.URL, more: Headers
) -> Iterator[httpcore.Response]:
    url = httpcore.URL(
        scheme=target.raw_scheme,
        host=target.raw_host,
        port=port_of(target),
        target=target.raw_path,
    )
    headers = [(b"Host", target.netloc), *_HEADERS, *more]
    # Certificates and SNI know no trailing dot.
    extensions = {"sni_hostname": target.raw_host.decode("ascii").removesuffix(".")}
    with pool.stream(b"GET", url, headers=headers, extensions=extensions) as response:
        yield response


def _check_status(status: int) -> None:
    if status not in _SUCCESSES:
        raise FetchFailed(
            f"The server of the URL answered with status {status}.",
            retryable=status in _RETRYABLE,
        )


def _next_target(base: httpx.URL, response: httpcore.Response, allow: FetchPolicy) -> httpx.URL:
    """Return where a redirect leads, checked. Raises UrlNotAllowed, or FetchFailed without one."""
    location = _header(response, b"location")
    if not location:
        raise FetchFailed("The URL redirects to nowhere.", retryable=False)
    try:
        joined = base.join(location)
    except (httpx.InvalidURL, ValueError):
        raise UrlNotAllowed from None
    return parse_url(str(joined), allow=allow)


def _media_type(content_type: str) -> str:
    """Return `type/subtype` in lower case without parameters, "" for what is none."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type if _MEDIA_TYPE.fullmatch(media_type) else ""


def _header(response: httpcore.Response, name: bytes) -> str:
    """Return the value of a header, "" when absent; several are joined, so that none is hidden."""
    values = [value for key, value in response.headers if key.lower() == name]
    return b", ".join(values).decode("utf-8", "replace")
