"""Animated GIF: every frame unpacked and packed anew, with colours, place and time as they were.

Frame by frame and by index, so nothing is composed, quantised again or held twice; comments,
unknown extensions and whatever was hidden between the pixels stay behind.
"""

import struct
from io import BytesIO
from typing import BinaryIO

from PIL import GifImagePlugin, Image

from executor.media.containers.gif import Gif, GifFrame

_RAMP = bytes(level for level in range(256) for _ in range(3))
_ALL_COLOURS = 0xF7
_INTERLACED = 0x40
_OWN_PALETTE = 0x80
_DESCRIPTOR_BYTES = 10


def write_gif(gif: Gif, target: BinaryIO) -> None:
    """Write `gif` anew; raises what Pillow raises on frames that do not unpack."""
    flags = 0x70 | _table_flags(gif.palette)
    target.write(b"GIF89a" + struct.pack("<HHBBB", gif.width, gif.height, flags, 0, 0))
    target.write(gif.palette)
    if gif.loop is not None:
        target.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", gif.loop, 0))
    for frame in gif.frames:
        target.write(_control(frame))
        place = (frame.left, frame.top, frame.width, frame.height)
        target.write(b"\x2c" + struct.pack("<HHHHB", *place, _table_flags(frame.palette)))
        target.write(frame.palette + _pack(_unpack(frame)))
    target.write(b"\x3b")


def _control(frame: GifFrame) -> bytes:
    flags = frame.disposal << 2 | (frame.transparent is not None)
    return b"\x21\xf9\x04" + struct.pack("<BHBB", flags, frame.delay, frame.transparent or 0, 0)


def _table_flags(palette: bytes) -> int:
    """Return the flags that announce a colour table, 0 for none."""
    return _OWN_PALETTE | (len(palette) // 3).bit_length() - 2 if palette else 0


def _unpack(frame: GifFrame) -> Image.Image:
    """Return the colour indices as grey levels: alone in a file with a grey ramp they are both."""
    interlaced = _INTERLACED if frame.is_interlaced else 0
    alone = (
        b"GIF89a"
        + struct.pack("<HHBBB", frame.width, frame.height, _ALL_COLOURS, 0, 0)
        + _RAMP
        + b"\x2c"
        + struct.pack("<HHHHB", 0, 0, frame.width, frame.height, interlaced)
        + frame.packed
        + b"\x3b"
    )
    with Image.open(BytesIO(alone), formats=["GIF"]) as image:
        image.load()
        return image.copy()


def _pack(indices: Image.Image) -> bytes:
    """Return the code size and the sub-blocks of a frame."""
    return b"".join(GifImagePlugin.getdata(indices))[_DESCRIPTOR_BYTES:]
