"""GIF: blocks, counted without unpacking a pixel."""

import struct

from executor.media.containers.base import Prepared, check_size, undecodable
from executor.media.types import MediaLimits

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_SCREEN_END = 13


def prepare_gif(data: bytes, limits: MediaLimits) -> Prepared:
    """Walk a GIF to its trailer and return it without its tail.

    The size is that of the screen or of the furthest frame, whichever is greater.

    Raises:
        MediaRejected: too large by its headers, or cut short.
    """
    try:
        return _Walk(data, limits).run()
    except (IndexError, struct.error) as error:
        raise undecodable("The GIF ends before its end.") from error


class _Walk:
    """One pass over the blocks; holds where it is and what it has seen."""

    def __init__(self, data: bytes, limits: MediaLimits) -> None:
        self._data = data
        self._limits = limits
        self._width, self._height, flags = struct.unpack_from("<HHB", data, 6)
        self._at = _SCREEN_END + _table_bytes(flags)
        self._frames = 0

    def run(self) -> Prepared:
        check_size(self._width, self._height, 1, self._limits)
        while (block := self._data[self._at]) != _TRAILER:
            if block == _IMAGE:
                self._pass_image()
            elif block == _EXTENSION:
                self._at += 2
                self._pass_sub_blocks()
            else:
                raise undecodable("The GIF holds an unknown block.")
        check_size(self._width, self._height, self._frames, self._limits)
        return Prepared(self._data[: self._at + 1], self._width, self._height, self._frames)

    def _pass_image(self) -> None:
        left, top, width, height, flags = struct.unpack_from("<HHHHB", self._data, self._at + 1)
        self._width = max(self._width, left + width)
        self._height = max(self._height, top + height)
        self._frames += 1
        check_size(self._width, self._height, self._frames, self._limits)
        self._at += 10 + _table_bytes(flags) + 1
        self._pass_sub_blocks()

    def _pass_sub_blocks(self) -> None:
        while length := self._data[self._at]:
            self._at += 1 + length
        self._at += 1


def _table_bytes(flags: int) -> int:
    """Return how many bytes a colour table takes, by the flags before it."""
    return 3 * (2 << (flags & 7)) if flags & 0x80 else 0
