"""What decoded pixels are brought to, and how each format is written."""

from typing import Any

from PIL import Image, PngImagePlugin

SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    "png": {"compress_level": 1, "blend": PngImagePlugin.Blend.OP_SOURCE},
    "jpeg": {"quality": 95, "subsampling": 0},
    "webp": {"quality": 95, "method": 0},
}
_WIDE_GREY = frozenset(("I", "I;16", "I;16B", "I;16L", "I;16N"))


def to_plain(image: Image.Image) -> Image.Image:
    """Return the pixels alone, as L, RGB or RGBA, with nothing in `info`."""
    if image.mode in _WIDE_GREY:
        plain = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif image.mode in {"LA", "La", "PA", "RGBa"} or image.has_transparency_data:
        plain = image.convert("RGBA")
    elif image.mode in {"1", "L"}:
        plain = image.convert("L")
    else:
        plain = image.convert("RGB")
    plain.info = {}
    return plain
