"""Single byte ranges (RFC 9110, 14): what a `Range` header asks of a file."""

import re
from typing import IO

CHUNK_BYTES = 64 * 1024

# One range; a list of them is not taken, and the answer is then the whole (V3).
_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))")


class Unsatisfiable(Exception):
    """The range lies outside of the file."""


def read_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return start and length of the one range asked for; None where the whole is meant.

    Raises:
        Unsatisfiable: it begins past the end, or asks for no byte at all.
    """
    match = _RANGE.fullmatch(header.replace(" ", "")) if header else None
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        length = min(int(suffix), size)
        if not length:
            raise Unsatisfiable
        return size - length, length
    start = int(first)
    stop = size if last is None else min(int(last) + 1, size)
    if last is not None and int(last) < start:
        return None  # no range at all, says the RFC, so it is not there
    if start >= size:
        raise Unsatisfiable
    return start, stop - start


class FileSlice:
    """Part of an open file, as an iterator of chunks; closing it closes the file."""

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        self._file = file
        self._left = length
        file.seek(start)

    def __iter__(self) -> "FileSlice":
        return self

    def __next__(self) -> bytes:
        """Return the next chunk."""
        chunk = self._file.read(min(CHUNK_BYTES, self._left))
        if not chunk:
            raise StopIteration
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        """Close the file."""
        self._file.close()
