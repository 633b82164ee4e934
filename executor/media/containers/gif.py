"""GIF: blocks, read without unpacking a pixel."""

import struct
from typing import NamedTuple

from executor.media.containers.base import Prepared, check_size, undecodable
from executor.media.types import MediaLimits

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF
_SCREEN_END = 13
_LOOPING = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


class GifFrame(NamedTuple):
    """One frame as the file has it: pixels (`packed`: LZW in sub-blocks) and how to show them.

    `delay` is in hundredths of a second; `transparent` is an index of its colours, or None;
    `palette` is empty where the frame takes that of the file.
    """

    left: int
    top: int
    width: int
    height: int
    is_interlaced: bool
    palette: bytes
    packed: bytes
    delay: int
    disposal: int
    transparent: int | None


class Gif(NamedTuple):
    """A whole file, cut at its trailer. `loop` is None where it plays once, 0 where for ever."""

    width: int
    height: int
    palette: bytes
    loop: int | None
    frames: list[GifFrame]
    end: int


def prepare_gif(data: bytes, limits: MediaLimits) -> Prepared:
    """Walk a GIF to its trailer and return it without its tail.

    The size is that of the screen or of the furthest frame, whichever is greater.

    Raises:
        MediaRejected: too large by its headers, or cut short.
    """
    gif = read_gif(data, limits)
    return Prepared(data[: gif.end], gif.width, gif.height, len(gif.frames))


def read_gif(data: bytes, limits: MediaLimits) -> Gif:
    """Return the frames of a GIF, still packed.

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
        self._at = _SCREEN_END
        self._palette = self._take(_table_bytes(flags))
        self._frames: list[GifFrame] = []
        self._loop: int | None = None
        self._control = bytes(4)

    def run(self) -> Gif:
        check_size(self._width, self._height, 1, self._limits)
        while (block := self._data[self._at]) != _TRAILER:
            self._at += 1
            if block == _IMAGE:
                self._read_image()
            elif block == _EXTENSION:
                self._read_extension()
            else:
                raise undecodable("The GIF holds an unknown block.")
        check_size(self._width, self._height, len(self._frames), self._limits)
        end = self._at + 1
        return Gif(self._width, self._height, self._palette, self._loop, self._frames, end)

    def _read_image(self) -> None:
        left, top, width, height, flags = struct.unpack("<HHHHB", self._take(9))
        if not width or not height:
            raise undecodable("A frame of the GIF has no pixels.")
        self._width = max(self._width, left + width)
        self._height = max(self._height, top + height)
        check_size(self._width, self._height, len(self._frames) + 1, self._limits)
        palette = self._take(_table_bytes(flags))
        start = self._at
        self._at += 1
        self._pass_sub_blocks()
        packed = self._data[start : self._at]
        shown = self._take_control()
        self._frames.append(
            GifFrame(left, top, width, height, bool(flags & 0x40), palette, packed, *shown)
        )

    def _take_control(self) -> tuple[int, int, int | None]:
        """Return delay, disposal and transparent colour, which hold for one frame."""
        flags, delay, colour = struct.unpack("<BHB", self._control)
        self._control = bytes(4)
        disposal = flags >> 2 & 7
        return delay, disposal if disposal <= 3 else 0, colour if flags & 1 else None

    def _read_extension(self) -> None:
        label = self._take(1)[0]
        start = self._at
        self._pass_sub_blocks()
        body = self._data[start : self._at]
        if label == _CONTROL and body[0] == 4:
            self._control = body[1:5]
        elif label == _APPLICATION and body[1:12] in _LOOPING and body[12:14] == b"\x03\x01":
            self._loop = int.from_bytes(body[14:16], "little")

    def _pass_sub_blocks(self) -> None:
        while length := self._data[self._at]:
            self._at += 1 + length
        self._at += 1

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise IndexError
        self._at += count
        return taken


def _table_bytes(flags: int) -> int:
    """Return how many bytes a colour table takes, by the flags before it."""
    return 3 * (2 << (flags & 7)) if flags & 0x80 else 0
