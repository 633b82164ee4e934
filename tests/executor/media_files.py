"""Builders of media files, honest and otherwise; every evil file of the tests is made here."""

import io
import json
import struct
import wave
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import skimage
from PIL import Image

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PHOTO = Path(skimage.__file__).parent / "data" / "astronaut.png"


def make_photo(width: int = 64, height: int = 64) -> Image.Image:
    """Return a real photo at a size."""
    with Image.open(PHOTO) as photo:
        return photo.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)


def make_image(format_name: str = "PNG", image: Image.Image | None = None, **options: Any) -> bytes:
    buffer = io.BytesIO()
    (image or make_photo()).save(buffer, format_name, **options)
    return buffer.getvalue()


def make_animation(format_name: str, count: int, size: tuple[int, int] = (32, 24)) -> bytes:
    frames = [Image.new("RGB", size, (i * 40 % 256, i * 7 % 256, i % 256)) for i in range(count)]
    return make_image(
        format_name, frames[0], save_all=True, append_images=frames[1:], duration=50, loop=0
    )


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def make_zero_png(width: int, height: int) -> bytes:
    """Return a grey PNG whose pixels pack to next to nothing."""
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(bytes(width + 1)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", packed), (b"IEND", b"")]
    return PNG_SIGNATURE + b"".join(png_chunk(name, body) for name, body in chunks)


def insert_png_chunk(data: bytes, name: bytes, body: bytes) -> bytes:
    """Return a PNG with one more chunk behind its header."""
    behind_header = len(PNG_SIGNATURE) + 25
    return data[:behind_header] + png_chunk(name, body) + data[behind_header:]


def insert_jpeg_segments(data: bytes, marker: int, bodies: list[bytes]) -> bytes:
    """Return a JPEG with more segments behind its start."""
    extra = b"".join(
        bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body for body in bodies
    )
    return data[:2] + extra + data[2:]


def make_many_frame_gif(count: int, width: int, height: int) -> bytes:
    """Return a GIF of `count` frames without building their pixels more than once."""
    whole = make_image("GIF", Image.new("P", (width, height)))
    first = whole.index(b"\x2c", 13 + 3 * (2 << (whole[10] & 7)))
    return whole[:first] + whole[first:-1] * count + b"\x3b"


def make_many_frame_png(count: int) -> bytes:
    """Return a PNG that claims `count` frames."""
    return insert_png_chunk(make_image(), b"acTL", struct.pack(">II", count, 0))


def make_many_frame_webp(count: int) -> bytes:
    """Return a WebP in which the last frame stands `count` times more."""
    whole = make_animation("WEBP", 2)
    last = whole.rindex(b"ANMF")
    body = whole[8:] + whole[last:] * count
    return b"RIFF" + struct.pack("<I", len(body)) + body


def make_wav(seconds: float = 0.5, rate: int = 8_000) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(bytes(2 * int(seconds * rate)))
    return buffer.getvalue()


def box(name: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return struct.pack(">I4s", len(body) + 8, name) + body


def make_mp4(
    *,
    brand: bytes = b"isom",
    handler: bytes = b"vide",
    reference: bytes | None = None,
    extra: bytes = b"",
) -> bytes:
    """Return the skeleton of a film of 2.5 s and 640 × 360; `reference` is an entry of its `dref`."""
    entry = box(b"url ", b"\0\0\0\1") if reference is None else reference
    size = struct.pack(">II", 640 << 16, 360 << 16) if handler == b"vide" else bytes(8)
    media = box(
        b"mdia",
        box(b"hdlr", bytes(8), handler, bytes(13)),
        box(b"minf", box(b"dinf", box(b"dref", struct.pack(">II", 0, 1), entry))),
    )
    movie = box(
        b"moov",
        box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, 2500), bytes(80)),
        box(b"trak", box(b"tkhd", bytes(76), size), media),
        extra,
    )
    return box(b"ftyp", brand, bytes(4), brand) + movie + box(b"mdat", bytes(64))


def make_glb(document: dict[str, Any]) -> bytes:
    body = json.dumps({"asset": {"version": "2.0"}, **document}).encode()
    body += b" " * (-len(body) % 4)
    total = 20 + len(body)
    return struct.pack("<4sIIII", b"glTF", 2, total, len(body), 0x4E4F534A) + body


def make_noisy_photo(width: int, height: int) -> Image.Image:
    """Return a photo with the noise of a sensor, which is what costs time to pack."""
    pixels = np.asarray(make_photo(width, height), dtype=np.int16)
    noise = np.random.default_rng(7).normal(0, 6, pixels.shape)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))
