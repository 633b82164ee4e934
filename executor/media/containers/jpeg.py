"""JPEG: segments and scans, walked to the end marker."""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from common.errors import UnsupportedMediaType
from executor.media.containers.base import (
    MAX_PROFILE_BYTES,
    Prepared,
    check_size,
    undecodable,
)
from executor.media.errors import MediaRejected
from executor.media.types import MediaLimits

_EOI, _SOS, _APP0, _APP1, _APP2, _APP14, _APP15, _COM = (
    0xD9,
    0xDA,
    0xE0,
    0xE1,
    0xE2,
    0xEE,
    0xEF,
    0xFE,
)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_TABLES = frozenset((0xC4, 0xCC, 0xDB, 0xDC, 0xDD))
_KNOWN = _FRAMES | _TABLES | {_SOS, _COM} | set(range(_APP0, _APP15 + 1))
# Inside a scan 0xFF is followed by a stuffed zero or a restart; anything else ends the scan.
_SCAN_END = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_END_MARKER = b"\xff\xd9"
_OTHER_TAIL = b"\x55" * 65_536 + _END_MARKER
_ENTRY_BYTES, _ENTRIES_TAG, _SMALL_HEADER = 16, 0xB002, 512 * 1024


class _Segment(NamedTuple):
    """A marker with its body; for the start of a scan `end` lies behind its pixels."""

    marker: int
    start: int
    body: int
    end: int


def prepare_jpeg(data: bytes, limits: MediaLimits) -> Prepared:
    """Check a JPEG and return it without comments, application data and tail.

    Raises:
        MediaRejected: too large by its header, or cut short.
        UnsupportedMediaType: several pictures of one size in one file (MPO).
    """
    width = height = 0
    kept, profile = [data[:2]], []
    for segment in _segments(data):
        if segment.marker in _FRAMES:
            width, height = _read_size(data, segment)
            check_size(width, height, 1, limits)
        elif segment.marker == _APP2:
            _refuse_several_pictures(data, segment, (width, height))
        chunk = data[segment.start : segment.end]
        if _is_profile(data, segment):
            profile.append(chunk)
        elif segment.marker not in range(_APP0, _APP15 + 1) and segment.marker != _COM:
            kept.append(chunk)
        elif _is_wanted(data, segment):
            kept.insert(1, chunk)
    check_size(width, height, 1, limits)
    if sum(map(len, profile)) <= MAX_PROFILE_BYTES:
        kept[1:1] = profile
    return Prepared(b"".join(kept) + _END_MARKER, width, height, lossless=False)


def with_other_tail(prepared: bytes) -> bytes:
    """Return the same JPEG with other bits behind its last scan.

    A decoder fills what is missing with grey and says nothing. Where the scan is whole these bits
    are never read; where the two decode to different pictures, the scan was cut short.
    """
    return prepared.removesuffix(_END_MARKER) + _OTHER_TAIL


def _segments(data: bytes) -> Iterator[_Segment]:
    """Yield the segments up to the end marker, which is not among them."""
    at = 2
    while (marker := _marker_at(data, at)) != _EOI:
        if marker not in _KNOWN:
            raise undecodable("The JPEG holds an unknown marker.")
        body = at + 4
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if end < body:
            raise undecodable("A segment of the JPEG has no length.")
        if marker == _SOS:
            end = _end_of_scan(data, end)
        yield _Segment(marker, at, body, end)
        at = _skip_fill(data, end)


def _marker_at(data: bytes, at: int) -> int:
    if at + 2 > len(data):
        raise undecodable("The JPEG ends before its end.")
    if data[at] != 0xFF:
        raise undecodable("The JPEG holds data outside its segments.")
    return data[at + 1]


def _skip_fill(data: bytes, at: int) -> int:
    """Pass the 0xFF bytes that may stand before a marker."""
    while data[at : at + 2] == b"\xff\xff":
        at += 1
    return at


def _end_of_scan(data: bytes, at: int) -> int:
    found = _SCAN_END.search(data, at)
    if found is None:
        raise undecodable("The JPEG ends before its end.")
    return found.start(1) - 1


def _read_size(data: bytes, segment: _Segment) -> tuple[int, int]:
    if segment.end - segment.body < 6 or segment.end > len(data):
        raise undecodable("The JPEG has no header.")
    height, width = struct.unpack_from(">HH", data, segment.body + 1)
    return width, height


def _starts(data: bytes, segment: _Segment, marker: int, prefix: bytes) -> bool:
    return segment.marker == marker and data.startswith(prefix, segment.body)


def _is_profile(data: bytes, segment: _Segment) -> bool:
    return _starts(data, segment, _APP2, b"ICC_PROFILE\0")


def _is_wanted(data: bytes, segment: _Segment) -> bool:
    """Say whether application data changes how the picture is to be seen."""
    return (
        _starts(data, segment, _APP0, b"JFIF\0")
        or _starts(data, segment, _APP1, b"Exif\0\0")
        or _starts(data, segment, _APP14, b"Adobe")
    )


def _refuse_several_pictures(data: bytes, segment: _Segment, size: tuple[int, int]) -> None:
    """Refuse a multi-picture file, and let one pass whose other pictures belong to the first.

    Phones append a gain map or a preview, which are smaller than the photo. Stereo pairs, bursts
    and panoramas are of one size, and none of them is the picture.
    """
    if not _starts(data, segment, _APP2, b"MPF\0"):
        return
    own = size if all(size) else _first_size(data, 0)
    base = segment.body + 4
    if any(own == _first_size(data, base + offset) for offset in _picture_offsets(data, base)):
        raise UnsupportedMediaType("Files of several pictures are not supported.")


def _picture_offsets(data: bytes, base: int) -> list[int]:
    """Return where the pictures after the first begin, counted from `base`."""
    order = "<" if data[base : base + 2] == b"II" else ">"
    try:
        directory = base + struct.unpack_from(f"{order}I", data, base + 4)[0]
        count = struct.unpack_from(f"{order}H", data, directory)[0]
        for at in range(directory + 2, directory + 2 + 12 * count, 12):
            tag, _, length, where = struct.unpack_from(f"{order}HHII", data, at)
            if tag == _ENTRIES_TAG:
                entries = data[base + where : base + where + length]
                pictures = struct.iter_unpack(f"{order}IIIHH", entries)
                return [entry[2] for entry in pictures if entry[2]]
    except struct.error:
        pass
    return []


def _first_size(data: bytes, start: int) -> tuple[int, int] | None:
    """Return the size of the picture that begins at `start`, None where none does."""
    if data[start : start + 2] != b"\xff\xd8":
        return None
    picture = data[start : start + _SMALL_HEADER]
    try:
        header = next(part for part in _segments(picture) if part.marker in _FRAMES)
        return _read_size(picture, header)
    except (MediaRejected, StopIteration):
        return None
