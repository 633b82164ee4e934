"""WebP: the RIFF chunks and the size in the first of them."""

import struct

from executor.media.containers.base import (
    MAX_PROFILE_BYTES,
    Prepared,
    check_size,
    undecodable,
)
from executor.media.types import MediaLimits

_RIFF_HEADER = 12
_KEPT = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"))
_MAX_EXIF_BYTES = 64 * 1024


def prepare_webp(data: bytes, limits: MediaLimits) -> Prepared:
    """Check a WebP and return it without XMP, unknown chunks and tail.

    Raises:
        MediaRejected: too large by its header, or cut short.
    """
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data) or end < _RIFF_HEADER + 8:
        raise undecodable("The WebP ends before its end.")
    width, height = _read_size(data)
    check_size(width, height, 1, limits)
    chunks = _read_chunks(data, end)
    names = [name for name, _ in chunks]
    check_size(width, height, max(1, names.count(b"ANMF")), limits)
    body = b"WEBP" + b"".join(chunk for name, chunk in chunks if _is_wanted(name, chunk))
    riff = b"RIFF" + struct.pack("<I", len(body)) + body
    lossless = any(_is_lossless(name, chunk) for name, chunk in chunks)
    return Prepared(riff, width, height, max(1, names.count(b"ANMF")), lossless)


def _read_size(data: bytes) -> tuple[int, int]:
    name, body = data[12:16], data[20:30].ljust(10, b"\0")
    if name == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if name == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if name == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    raise undecodable("The WebP has no header.")


def _read_chunks(data: bytes, end: int) -> list[tuple[bytes, bytes]]:
    chunks, at = [], _RIFF_HEADER
    while at + 8 <= end:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        after = at + 8 + length + (length & 1)
        if at + 8 + length > end:
            raise undecodable("The WebP ends before its end.")
        chunks.append((data[at : at + 4], data[at:after].ljust(after - at, b"\0")))
        at = after
    return chunks


def _is_wanted(name: bytes, chunk: bytes) -> bool:
    if name == b"EXIF":
        return len(chunk) <= _MAX_EXIF_BYTES
    return name in _KEPT or (name == b"ICCP" and len(chunk) <= MAX_PROFILE_BYTES)


def _is_lossless(name: bytes, chunk: bytes) -> bool:
    """Say whether pixels were kept exactly, or have an alpha that must be."""
    if name in {b"VP8L", b"ALPH"}:
        return True
    frame_header = 24
    return name == b"ANMF" and chunk[frame_header : frame_header + 4] in {b"VP8L", b"ALPH"}
