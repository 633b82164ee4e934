"""Drawing simulated pictures: grounds of colour, the coarse likeness of an input, and the mark.

Large areas of one colour, so that writing them as PNG takes milliseconds: a photograph of a
megapixel takes a quarter of a second, its likeness in coarse points a tenth of that.
"""

import io
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from PIL.Image import Image as Picture

from executor.simulate.seeds import colour, within
from executor.simulate.sizes import Size
from executor.simulate.types import MARK
from workflows.catalogue.errors import NodeFailed

POINTS = 192  # of the longer side of a likeness
MAX_CAPTION = 90  # characters
CAPTION_FROM = 160  # pixels of a side from which on there is room for a second line
MAX_WEBP_SIDE = 16_383  # the format has 14 bits for it; a picture may have one pixel more

_FONT = Path(__file__).parents[2] / "workflows/catalogue/fonts/Inter-Bold.otf"
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")  # what the store holds
_INK_AND_PAPER: Mapping[str, tuple[Any, Any]] = {
    "L": (255, 0),
    "RGB": ((255, 255, 255), (18, 18, 24)),
    "RGBA": ((255, 255, 255, 255), (18, 18, 24, 255)),
}


def open_input(data: bytes) -> Picture:
    """Return an input picture, which went through the sandbox before, as RGB or RGBA.

    Raises:
        NodeFailed: it cannot be read.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            picture.load()
            has_alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
            return picture.convert("RGBA" if has_alpha else "RGB")
    except (OSError, ValueError) as error:
        raise NodeFailed("undecodable", "A stored picture cannot be read.") from error


def ground(size: Size, seed: bytes) -> Picture:
    """Return a picture out of nothing: a fade between two colours, and three discs."""
    top, bottom = Image.new("RGB", size, colour(seed, 0)), Image.new("RGB", size, colour(seed, 3))
    fade = Image.linear_gradient("L").resize(size, Image.Resampling.BILINEAR)
    picture = Image.composite(bottom, top, fade)
    pen, (width, height) = ImageDraw.Draw(picture), size
    for number in range(3):
        place = 6 + 3 * number
        across, down = within(seed, place, 0, width), within(seed, place + 1, 0, height * 0.8)
        radius = within(seed, place + 2, 0.05, 0.2) * min(size)
        edges = (across - radius, down - radius, across + radius, down + radius)
        pen.ellipse(edges, fill=colour(seed, place + 5))
    return picture


def likeness(source: Picture, size: Size) -> Picture:
    """Return an input in another size and in coarse points, which are quick to write."""
    scale = min(POINTS / max(source.size), 1.0)
    points = (max(round(source.width * scale), 1), max(round(source.height * scale), 1))
    return source.resize(points, Image.Resampling.BOX).resize(size, Image.Resampling.NEAREST)


def tinted(picture: Picture, seed: bytes) -> Picture:
    """Return a picture with a breath of colour over it."""
    flat = picture.convert("RGB")
    return Image.blend(flat, Image.new("RGB", flat.size, colour(seed, 0)), 0.3)


def oval(size: Size, seed: bytes) -> Picture:
    """Return a mask, mode L: white where something is taken to stand."""
    mask = Image.new("L", size, 0)
    width, height = size
    inset = within(seed, 0, 0.1, 0.25)
    edges = (width * inset, height * inset, width * (1 - inset), height * (1 - inset))
    ImageDraw.Draw(mask).ellipse(edges, fill=255)
    return mask


def marked(picture: Picture, caption: str) -> Picture:
    """Write the mark across the foot of a picture, with a line beneath where there is room."""
    width, height = picture.size
    band = max(min(height // 6, width // 5), min(height, 7))
    has_caption = min(picture.size) >= CAPTION_FROM
    pen = ImageDraw.Draw(picture)
    ink, paper = _INK_AND_PAPER[picture.mode]
    pen.rectangle((0, height - band, width, height), fill=paper)
    words = f"{MARK} · SIMULATED" if width >= CAPTION_FROM else MARK
    room = band * (0.55 if has_caption else 0.9)
    font = fitting_font(words, width * 0.94, room)
    pen.text((width * 0.03, height - band + room * 0.5), words, ink, font, anchor="lm")
    if has_caption:
        line = caption[:MAX_CAPTION]
        small = fitting_font(line, width * 0.94, band * 0.28)
        pen.text((width * 0.03, height - band * 0.22), line, ink, small, anchor="lm")
    return picture


def fitting_font(words: str, width: float, height: float) -> ImageFont.FreeTypeFont:
    """Return a font in which words are no wider and no higher than this."""
    size = max(int(height * 0.9), 5)
    length = _font(size).getlength(words)
    return _font(size if length <= width else max(int(size * width / length), 5))


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FONT), size)


def encoded(picture: Picture, format_name: str) -> bytes:
    """Return a picture as a file: `jpeg`, or `webp` where that holds it, and PNG otherwise."""
    target = io.BytesIO()
    if format_name in ("jpeg", "jpg"):
        flattened(picture).save(target, "JPEG", quality=90)
    elif format_name == "webp" and max(picture.size) <= MAX_WEBP_SIDE:
        picture.save(target, "WEBP", quality=85, method=0)
    else:
        picture.save(target, "PNG", compress_level=1)
    return target.getvalue()


def flattened(picture: Picture) -> Picture:
    """Return a picture without transparency, laid on white."""
    if picture.mode != "RGBA":
        return picture
    white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, picture).convert("RGB")
