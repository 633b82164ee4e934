"""Images: decoded whole, turned upright, stripped to their pixels, and written anew.

PNG stays PNG, JPEG stays JPEG (quality 95, full colour resolution), WebP stays WebP (lossless where
the source was lossless or has alpha, else quality 95); an animation stays one, in its format. A GIF
of one frame becomes a PNG, which keeps every colour. Pixels come out as L, RGB or RGBA, in sRGB.
"""

import struct
import warnings
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import BinaryIO, NamedTuple

from PIL import (
    GifImagePlugin,
    Image,
    ImageCms,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from executor.media.animation import write_animation
from executor.media.containers.base import Prepared, check_size, undecodable
from executor.media.containers.gif import prepare_gif
from executor.media.containers.jpeg import prepare_jpeg, with_other_tail
from executor.media.containers.png import prepare_png
from executor.media.containers.webp import prepare_webp
from executor.media.pixels import SAVE_OPTIONS, to_plain
from executor.media.types import MediaLimits

# Naming the plugins registers them; no other is ever loaded, since `formats` names one of them.
_PLUGINS = (GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin)

_PREPARE: dict[str, Callable[[bytes, MediaLimits], Prepared]] = {
    "png": prepare_png,
    "jpeg": prepare_jpeg,
    "webp": prepare_webp,
    "gif": prepare_gif,
}
_BAND_ROWS = 512
# Whatever Pillow raises on bytes that are not what they claim; MemoryError is told apart.
_DECODER_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    AssertionError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class Written(NamedTuple):
    """What was written: a name of `formats.FORMATS`, and the size in pixels."""

    format_name: str
    width: int
    height: int


def harden(max_pixels: int) -> None:
    """Set Pillow's process-wide switches; `max_pixels` is the second wall behind `check_size`."""
    Image.MAX_IMAGE_PIXELS = max_pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def normalise_image(
    data: bytes, format_name: str, target: BinaryIO, limits: MediaLimits
) -> Written:
    """Decode `data` and write it anew to `target`.

    Raises:
        MediaRejected: it is damaged, or larger than `limits` allow.
        UnsupportedMediaType: a relative of the format that is not taken.
    """
    prepared = _PREPARE[format_name](data, limits)
    try:
        with Image.open(BytesIO(prepared.data), formats=[format_name]) as image:
            check_size(*image.size, 1, limits)
            if prepared.frames > 1:
                write_animation(
                    prepared.data, format_name, target, lossless=prepared.lossless, limits=limits
                )
                return Written(format_name, *image.size)
            return _write_still(image, format_name, prepared, target)
    except _DECODER_ERRORS as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's trouble, not the image's
        raise undecodable("The image is damaged.") from error


def _write_still(
    image: Image.Image, format_name: str, prepared: Prepared, target: BinaryIO
) -> Written:
    image.load()
    if format_name == "jpeg":
        _refuse_grey_filling(image, prepared.data)
    upright = ImageOps.exif_transpose(image)
    plain = to_plain(_to_srgb(upright))
    name = "png" if format_name == "gif" else format_name
    options = dict(SAVE_OPTIONS[name])
    if name == "webp" and (prepared.lossless or plain.mode == "RGBA"):
        options |= {"lossless": True, "quality": 0}
    plain.save(target, name, **options)
    return Written(name, *plain.size)


def _refuse_grey_filling(image: Image.Image, data: bytes) -> None:
    with Image.open(BytesIO(with_other_tail(data)), formats=["JPEG"]) as other:
        other.load()
        if _checksum(image) != _checksum(other):
            raise undecodable("The JPEG ends before its end.")


def _checksum(image: Image.Image) -> int:
    """Return a checksum of the pixels, taken in bands so that no second copy is held."""
    total = 0
    for top in range(0, image.height, _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, image.height)
        total = zlib.crc32(image.crop((0, top, image.width, bottom)).tobytes(), total)
    return total


def _to_srgb(image: Image.Image) -> Image.Image:
    """Apply an embedded profile; one that is broken or does not fit is left aside."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in {"RGB", "RGBA", "CMYK"}:
        return image
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return image
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, target, outputMode=mode) or image
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
