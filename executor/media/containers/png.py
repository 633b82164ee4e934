"""PNG: chunks, their checksums, and which of them decoding needs."""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from executor.media.containers.base import (
    MAX_PROFILE_BYTES,
    Prepared,
    check_size,
    undecodable,
)
from executor.media.types import MediaLimits

_SIGNATURE = 8
_KEPT = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fcTL", b"fdAT", b"IEND"))
_MAX_EXIF_BYTES = 64 * 1024
_IHDR_LENGTH = 13
_INFLATE_STEP = 1024 * 1024
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Left, top, and the steps right and down of each pass.
_ONE_PASS = ((0, 0, 1, 1),)
_ADAM7 = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)


def prepare_png(data: bytes, limits: MediaLimits) -> Prepared:
    """Check a PNG or APNG and return it without text, times, private chunks and tail.

    Raises:
        MediaRejected: too large by its header, cut short, or a checksum does not fit.
    """
    header = _read_header(data)
    width, height = header.width, header.height
    check_size(width, height, 1, limits)
    pixels = _PixelCount(header.unpacked_bytes())
    frames, kept = 1, [data[:_SIGNATURE]]
    for name, start, end in _chunks(data):
        if name == b"acTL":
            frames = max(1, int.from_bytes(data[start + 8 : start + 12]))
            check_size(width, height, frames, limits)
        elif name == b"IDAT":
            pixels.add(data[start + 8 : end - 4])
        if name in _KEPT or _is_wanted_extra(name, data[start + 8 : end - 4]):
            kept.append(data[start:end])
    if not pixels.is_whole:
        raise undecodable("The PNG holds too few pixels.")
    return Prepared(b"".join(kept), width, height, frames)


class _Header(NamedTuple):
    width: int
    height: int
    bits: int
    colour: int
    packing: int
    filtering: int
    interlace: int

    def unpacked_bytes(self) -> int:
        """Return how many bytes the pixels take, with one more for each row of each pass."""
        bits = self.bits * _CHANNELS.get(self.colour, 0)
        total = 0
        for left, top, across, down in _ADAM7 if self.interlace else _ONE_PASS:
            columns, rows = -(-(self.width - left) // across), -(-(self.height - top) // down)
            if columns > 0 and rows > 0:
                total += rows * (1 + -(-columns * bits // 8))
        return total


class _PixelCount:
    """Counts what the pixel data unpacks to: a decoder leaves black what is not there."""

    def __init__(self, wanted: int) -> None:
        self._left = wanted
        self._inflater = zlib.decompressobj()

    @property
    def is_whole(self) -> bool:
        return self._left <= 0

    def add(self, packed: bytes) -> None:
        while packed and self._left > 0 and not self._inflater.eof:
            try:
                self._left -= len(self._inflater.decompress(packed, _INFLATE_STEP))
            except zlib.error as error:
                raise undecodable("The pixels of the PNG are damaged.") from error
            packed = self._inflater.unconsumed_tail


def _read_header(data: bytes) -> _Header:
    start = _SIGNATURE
    if data[start : start + 8] != struct.pack(">I4s", _IHDR_LENGTH, b"IHDR"):
        raise undecodable("The PNG has no header.")
    return _Header(*struct.unpack_from(">IIBBBBB", data.ljust(start + 21), start + 8))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of each chunk up to IEND; what follows it is no part of the image."""
    start, name = _SIGNATURE, b""
    while name != b"IEND":
        if start + 12 > len(data):
            raise undecodable("The PNG ends before its end.")
        length, name = struct.unpack_from(">I4s", data, start)
        end = start + 12 + length
        if end > len(data):
            raise undecodable("The PNG ends before its end.")
        if zlib.crc32(data[start + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
            raise undecodable("A checksum of the PNG does not fit its data.")
        yield name, start, end
        start = end


def _is_wanted_extra(name: bytes, body: bytes) -> bool:
    """Say whether a chunk changes how the picture is to be seen, and is of a sane size."""
    if name == b"eXIf":
        return len(body) <= _MAX_EXIF_BYTES
    return name == b"iCCP" and len(body) <= MAX_PROFILE_BYTES and _inflates_within(body)


def _inflates_within(body: bytes) -> bool:
    _, _, packed = body.partition(b"\0")
    inflater = zlib.decompressobj()
    try:
        inflater.decompress(packed[1:], MAX_PROFILE_BYTES)
    except zlib.error:
        return False
    return inflater.eof
