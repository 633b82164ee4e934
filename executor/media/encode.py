"""Pictures to bytes: in their own format for people, or in a fast lossless one between nodes."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

DRAFT_TYPE = "image/png"
JPEG_QUALITY = 92
WEBP_QUALITY = 90

_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF"}
_PNG_COLOUR = {"L": 0, "RGB": 2, "RGBA": 6}
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def encode_picture(
    picture: Image.Image, content_type: str, quality: int | None = None
) -> tuple[bytes, str]:
    """Return a picture's bytes and content type; a type that cannot be written becomes PNG."""
    name = _FORMATS.get(content_type)
    if name is None:
        name, content_type = "PNG", "image/png"
    target = io.BytesIO()
    if name == "JPEG":
        flattened(picture).save(target, name, quality=quality or JPEG_QUALITY, subsampling=0)
    elif name == "WEBP":
        picture.save(target, name, quality=quality or WEBP_QUALITY, method=2)
    elif name == "PNG":
        picture.save(target, name, compress_level=4)
    else:
        picture.save(target, name)
    return target.getvalue(), content_type


def flattened(picture: Image.Image) -> Image.Image:
    """Return a picture without transparency, laid on white: JPEG knows none."""
    if picture.mode in ("L", "RGB"):
        return picture
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


def encode_draft(picture: Image.Image) -> bytes:
    """Return a valid PNG whose pixels are stored, not compressed.

    Values between nodes are read back once or never, so time counts and size does not: this takes
    little more than a copy, where even the quickest compression takes twenty times as long.
    """
    rows = np.asarray(picture)
    height, width = rows.shape[:2]
    lines = np.zeros((height, rows.size // height + 1), dtype=np.uint8)  # filter byte 0: none
    lines[:, 1:] = rows.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, _PNG_COLOUR[picture.mode], 0, 0, 0)
    return b"".join(
        (
            _PNG_MAGIC,
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(lines.data, 0)),
            _chunk(b"IEND", b""),
        )
    )


def open_picture(source: Any) -> Image.Image:
    """Decode a stored picture into mode L, RGB or RGBA; it went through the sandbox before."""
    with Image.open(source, formats=("PNG", "JPEG", "WEBP", "GIF")) as picture:
        picture.load()
        if picture.mode in _PNG_COLOUR:
            return picture
        return picture.convert("RGBA" if "transparency" in picture.info else "RGB")


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(data, zlib.crc32(name))
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)
