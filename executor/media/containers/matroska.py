"""WebM and Matroska: the EBML header and the first segment."""

from executor.media.containers.base import undecodable
from executor.media.containers.facts import Buffer, Facts

_SEGMENT = b"\x18\x53\x80\x67"
_LONGEST_SIZE = 8


def inspect_matroska(data: Buffer, format_name: str) -> Facts:
    """Check that a whole header is followed by a segment that lies within the file.

    Raises:
        MediaRejected: it is not, or it is cut short.
    """
    size, body = _read_size(data, 4)
    segment = body + (size or 0)
    if size is None or data[segment : segment + 4] != _SEGMENT:
        raise undecodable("The film has no media.")
    size, body = _read_size(data, segment + 4)
    if size == 0 or (size is not None and body + size > len(data)):
        raise undecodable("The film ends before its end.")
    return Facts(format_name)


def _read_size(data: Buffer, at: int) -> tuple[int | None, int]:
    """Return the size of an element (None: to the end) and where its body begins."""
    first = data[at] if at < len(data) else 0
    length = _LONGEST_SIZE + 1 - first.bit_length()
    if length > _LONGEST_SIZE or at + length > len(data):
        raise undecodable("The film ends before its end.")
    ones = (1 << 7 * length) - 1
    value = int.from_bytes(data[at : at + length]) & ones
    return (None if value == ones else value), at + length
