"""Undoing the content encoding of a body in bounded steps, so that no bomb is ever unpacked."""

import zlib
from collections.abc import Iterator

from common.fetch.errors import FetchFailed

_STEP_BYTES = 64 * 1024
_GZIP_WBITS = 31


class Identity:
    """A body as it is."""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the chunk."""
        yield chunk

    def finish(self) -> None:
        """Accept any end."""


class Gunzip:
    """A gzip body of one member, unpacked by at most 64 KiB a step."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=_GZIP_WBITS)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what `chunk` unpacks to, in pieces of at most 64 KiB.

        Raises:
            FetchFailed: It is not gzip, or goes on after its end.
        """
        piece = b"start"
        while piece or chunk:
            piece = self._step(chunk)
            chunk = self._inflate.unconsumed_tail
            yield piece
        if self._inflate.unused_data:
            raise FetchFailed("The body's gzip encoding is broken.", retryable=False)

    def finish(self) -> None:
        """Check that the body has ended where gzip says.

        Raises:
            FetchFailed: It was cut short; retryable.
        """
        if not self._inflate.eof:
            raise FetchFailed("The body ended too early.", retryable=True)

    def _step(self, chunk: bytes) -> bytes:
        try:
            return self._inflate.decompress(chunk, _STEP_BYTES)
        except zlib.error as error:
            raise FetchFailed("The body's gzip encoding is broken.", retryable=False) from error


def decoder_for(content_encoding: str) -> Identity | Gunzip:
    """Return a fresh decoder for the value of a Content-Encoding header, "" where there is none.

    Only identity is asked for; gzip is what some stores send all the same.

    Raises:
        FetchFailed: Any other encoding.
    """
    match content_encoding.strip().lower():
        case "" | "identity":
            return Identity()
        case "gzip" | "x-gzip":
            return Gunzip()
        case _:
            raise FetchFailed("The body has an unknown encoding.", retryable=False)
