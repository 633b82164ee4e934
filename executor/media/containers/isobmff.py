"""MP4, MOV and M4A: boxes, and whether they keep all of their media in the file itself."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from common.errors import UnsupportedMediaType
from executor.media.containers.base import undecodable
from executor.media.containers.facts import Buffer, Facts

_TOP_LEVEL = frozenset(
    name.encode()
    for name in (
        *("ftyp", "styp", "moov", "moof", "mdat", "mfra", "sidx", "ssix", "prft", "emsg"),
        *("free", "skip", "wide", "meta", "udta", "uuid", "pdin", "pnot", "PICT"),
    )
)
_NESTING = frozenset((b"moov", b"trak", b"mdia", b"minf", b"dinf"))
# Boxes that take the place of a movie by one that lies elsewhere, or hide it from this reader.
_REFUSED = frozenset((b"rmra", b"rmda", b"rdrf", b"cmov"))
_MAX_BOXES = 20_000
_SELF_CONTAINED = 1


class _Box(NamedTuple):
    name: bytes
    body: int
    end: int


def inspect_isobmff(data: Buffer, format_name: str) -> Facts:
    """Check the boxes; without a picture track the file is sound (`m4a`).

    Raises:
        MediaRejected: boxes overlap the end, or movie or media are missing.
        UnsupportedMediaType: a track takes its media from somewhere else.
    """
    names = [box.name for box in _boxes(data, 0, len(data))]
    if not set(names) <= _TOP_LEVEL:
        raise undecodable("The film holds an unknown box.")
    if names[:1] != [b"ftyp"] or b"moov" not in names or b"mdat" not in names:
        raise undecodable("The film has no header or no media.")
    movie = _Movie()
    for box in _descend(data, 0, len(data)):
        movie.note(data, box)
    name = format_name if b"vide" in movie.handlers else "m4a"
    if not {b"vide", b"soun"} & movie.handlers:
        raise undecodable("The film has neither picture nor sound.")
    width, height = movie.size or (None, None)
    return Facts(name, width, height, movie.duration_s)


class _Movie:
    """What the boxes have told so far."""

    def __init__(self) -> None:
        self.handlers: set[bytes] = set()
        self.size: tuple[int, int] | None = None
        self.duration_s: float | None = None

    def note(self, data: Buffer, box: _Box) -> None:
        """Take in one box, refusing what points outside the file."""
        body = data[box.body : min(box.end, box.body + 128)]
        if box.name in _REFUSED:
            raise UnsupportedMediaType("A film that points to another file is not supported.")
        if box.name == b"dref":
            _check_references(data, box)
        elif box.name == b"hdlr":
            self.handlers.add(bytes(body[8:12]))
        elif box.name == b"mvhd":
            self.duration_s = _read_duration(body)
        elif box.name == b"tkhd" and self.size is None:
            self.size = _read_size(body)


def _boxes(data: Buffer, start: int, end: int) -> Iterator[_Box]:
    while start < end:
        if start + 8 > end:
            raise undecodable("The film ends before its end.")
        size, name = struct.unpack(">I4s", data[start : start + 8])
        body = start + 8
        if size == 1:
            size = int.from_bytes(data[body : body + 8])
            body += 8
        elif size == 0:
            size = end - start
        if size < body - start or start + size > end:
            raise undecodable("The film ends before its end.")
        yield _Box(name, body, start + size)
        start += size


def _descend(data: Buffer, start: int, end: int) -> Iterator[_Box]:
    """Yield every box of the movie header, in no promised order; of the rest the top ones."""
    ranges, seen = [(start, end)], 0
    while ranges:
        for box in _boxes(data, *ranges.pop()):
            seen += 1
            if seen > _MAX_BOXES:
                raise undecodable("The film holds too many boxes.")
            yield box
            if box.name in _NESTING:
                ranges.append((box.body, _without_terminator(data, box)))


def _without_terminator(data: Buffer, box: _Box) -> int:
    """Return where the boxes inside end: QuickTime may put four zero bytes behind them."""
    at = box.body
    while at + 8 <= box.end and (size := int.from_bytes(data[at : at + 4])) >= 8:
        at += size
    is_terminated = box.end - at == 4 and data[at : box.end] == b"\0\0\0\0"
    return at if is_terminated else box.end


def _check_references(data: Buffer, box: _Box) -> None:
    entries = box.body + 8
    for entry in _boxes(data, entries, box.end):
        flags = int.from_bytes(data[entry.body + 1 : entry.body + 4])
        if entry.name not in {b"url ", b"urn ", b"alis"} or not flags & _SELF_CONTAINED:
            raise UnsupportedMediaType("A film that points to another file is not supported.")


def _read_duration(body: bytes) -> float | None:
    """Return seconds from a movie header; None where it does not know (a stream)."""
    if len(body) < 32:
        raise undecodable("The header of the film is cut short.")
    scale, duration = struct.unpack_from(">IQ" if body[0] == 1 else ">II", body, _times(body) * 2)
    unknown = (1 << 64 if body[0] == 1 else 1 << 32) - 1
    return None if not scale or duration in {0, unknown} else round(duration / scale, 3)


def _times(body: bytes) -> int:
    """Return the offset, halved, of what follows the two dates of a full box."""
    return 10 if body[0] == 1 else 6


def _read_size(body: bytes) -> tuple[int, int] | None:
    """Return the size in a track header (16.16 fixed point); None for a track without picture."""
    at = 88 if body[:1] == b"\1" else 76
    if len(body) < at + 8:
        raise undecodable("The header of a track is cut short.")
    width, height = (value >> 16 for value in struct.unpack_from(">II", body, at))
    return (width, height) if width and height else None
