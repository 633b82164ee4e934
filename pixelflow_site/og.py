"""Pictures for links that people share (Open Graph): 1200 × 630, drawn by Pillow."""

import io
import json
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from PIL import Image, ImageDraw, ImageFont, ImageOps

SIZE = (1200, 630)
_FONT = "node_modules/@fontsource-variable/instrument-sans/files/instrument-sans-latin-wght-normal.woff2"
_MARGIN = 72
_PICTURE = (480, 630)
_TITLE_SIZES = (76, 68, 60, 52, 46)
_BACKGROUND, _TEXT, _QUIET, _ACCENT, _ENERGY = (
    "#11141a",
    "#f4f5f8",
    "#a4a9b4",
    "#719afd",
    "#feb16a",
)


def draw_card(title: str, line: str, picture: Path | None = None) -> bytes:
    """Return a PNG with a title, a quiet line beneath it and, at the right, a picture.

    A picture that cannot be read is left out: a link is shared with or without it.
    """
    card = Image.new("RGB", SIZE, _BACKGROUND)
    draw = ImageDraw.Draw(card)
    _draw_dots(draw)
    width = SIZE[0] - 2 * _MARGIN
    if picture is not None and _paste(card, picture):
        width -= _PICTURE[0] - _MARGIN // 2
    _draw_mark(draw, _MARGIN, _MARGIN)
    draw.text((_MARGIN + 76, _MARGIN + 4), "Pixelflow", font=_font(36, 600), fill=_TEXT)
    font, lines = _fitted(draw, title, width)
    bottom = SIZE[1] - _MARGIN - 56
    top = bottom - round(len(lines) * font.size * 1.12) - 16
    draw.multiline_text(
        (_MARGIN, top), "\n".join(lines), font=font, fill=_TEXT, spacing=round(font.size * 0.12)
    )
    quiet = _cut(draw, line, _font(30, 450), width)
    draw.text((_MARGIN, bottom + 16), quiet, font=_font(30, 450), fill=_QUIET)
    target = io.BytesIO()
    card.save(target, "PNG", optimize=True)
    return target.getvalue()


def _draw_dots(draw: ImageDraw.ImageDraw) -> None:
    for x in range(40, SIZE[0], 40):
        for y in range(30, SIZE[1], 40):
            draw.rectangle((x, y, x + 1, y + 1), fill="#2d323a")


def _draw_mark(draw: ImageDraw.ImageDraw, left: int, top: int) -> None:
    """Draw the logo: two ports joined by one curve."""
    points = []
    for step in range(41):
        part = step / 40
        eased = part * part * (3 - 2 * part)
        points.append((left + 10 + 40 * part, top + 12 + 26 * eased))
    draw.line(points, fill=_ACCENT, width=6, joint="curve")
    draw.ellipse((left, top + 2, left + 20, top + 22), fill=_ACCENT)
    draw.ellipse((left + 40, top + 28, left + 60, top + 48), fill=_ENERGY)


def _paste(card: Image.Image, picture: Path) -> bool:
    try:
        with Image.open(picture) as source:
            fitted = ImageOps.fit(source.convert("RGB"), _PICTURE)
    except (OSError, ValueError, Image.DecompressionBombError):
        return False
    card.paste(fitted, (SIZE[0] - _PICTURE[0], 0))
    return True


def _fitted(
    draw: ImageDraw.ImageDraw, text: str, width: int
) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """Return the largest size at which a title takes three lines at most, and these lines."""
    for size in _TITLE_SIZES:
        font = _font(size, 640)
        lines = _wrapped(draw, text, font, width)
        if len(lines) <= 3:
            return font, lines
    smallest = _font(_TITLE_SIZES[-1], 640)
    lines = _wrapped(draw, text, smallest, width)
    return smallest, [*lines[:2], _cut(draw, " ".join(lines[2:]), smallest, width)]


def _wrapped(
    draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, width: int
) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and draw.textlength(longer, font=font) <= width:
            lines[-1] = longer
        else:
            lines.append(_cut(draw, word, font, width))
    return lines or [""]


def _cut(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    if draw.textlength(text, font=font) <= width:
        return text
    while text and draw.textlength(f"{text}…", font=font) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


@lru_cache(maxsize=16)
def _font(size: int, weight: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(str(_font_file()), size)
    font.set_variation_by_axes([weight])
    return font


@lru_cache(maxsize=1)
def _font_file() -> Path:
    """Return the pages' own face as the build left it."""
    dist = Path(settings.FRONTEND_DIST)
    manifest = json.loads((dist / "manifest.json").read_text())
    return dist / str(manifest[_FONT]["file"])
