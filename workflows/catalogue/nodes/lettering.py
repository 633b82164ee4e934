"""Writing on pictures: fonts, wrapping, and drawing a block of text."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from workflows.catalogue.nodes.limits import check_size
from workflows.catalogue.nodes.pixels import colour_of

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageFont import FreeTypeFont

FontName = Literal["sans", "sans-bold", "slab", "slab-bold", "mono"]
Align = Literal["left", "center", "right"]
FONTS = Path(__file__).parent.parent / "fonts"
FONT_FILES: dict[str, str] = {
    "sans": "Inter-Regular.otf",
    "sans-bold": "Inter-Bold.otf",
    "slab": "RobotoSlab-Regular.otf",
    "slab-bold": "RobotoSlab-Bold.otf",
    "mono": "DejaVuSansMono.ttf",
}
FALLBACK = "DejaVuSans.ttf"  # has letters of most scripts that go left to right
MAX_LINES = 500
MAX_SAMPLE = 500  # different letters that are looked for in a font
_NO_LETTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How a block of text looks; sizes in pixels."""

    font: FontName = "sans"
    size: int = 64
    colour: str = "#ffffff"
    align: Align = "left"
    line_spacing: float = 1.2
    stroke_width: int = 0
    stroke_colour: str = "#000000"


@dataclass(frozen=True, slots=True)
class Block:
    """A drawn block: an RGBA picture with the text alone, `bleed` pixels larger on every side.

    Letters may reach beyond their lines, which is what the bleed is for.
    """

    picture: "Picture"
    bleed: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the text without the bleed."""
        return self.picture.width - 2 * self.bleed, self.picture.height - 2 * self.bleed


def draw_block(text: str, style: TextStyle, *, max_width: int | None) -> Block:
    """Draw text, wrapped to a width if one is given.

    Raises:
        NodeFailed: `resource_limit` when it would be larger than a picture may be.
    """
    import PIL.Image
    from PIL import ImageDraw

    font = load_font(style, text)
    lines = wrapped(text, font, max_width)
    widths = [font.getlength(line) for line in lines]
    ascent, descent = font.getmetrics()
    step = (ascent + descent) / 1.2 * style.line_spacing
    width = max(1, math.ceil(max(widths, default=0)) + 2 * style.stroke_width)
    height = math.ceil(step * (len(lines) - 1)) + ascent + descent + 2 * style.stroke_width
    bleed = style.size // 3 + 1
    check_size(width + 2 * bleed, height + 2 * bleed)
    fill = colour_of(style.colour)
    canvas = PIL.Image.new("RGBA", (width + 2 * bleed, height + 2 * bleed), (*fill[:3], 0))
    pen = ImageDraw.Draw(canvas)
    for number, (line, line_width) in enumerate(zip(lines, widths, strict=True)):
        slack = width - 2 * style.stroke_width - line_width
        left = bleed + style.stroke_width + slack * _ALIGNED[style.align]
        baseline = bleed + style.stroke_width + ascent + number * step
        pen.text(
            (left, baseline),
            line,
            fill=fill,
            font=font,
            anchor="ls",
            stroke_width=style.stroke_width,
            stroke_fill=colour_of(style.stroke_colour),
        )
    return Block(canvas, bleed)


def load_font(style: TextStyle, text: str) -> "FreeTypeFont":
    """Return the style's font, or the fallback where that has letters of the text it lacks."""
    file = FONT_FILES[style.font]
    lacking = _lacking(file, text)
    if lacking and len(_lacking(FALLBACK, "".join(lacking))) < len(lacking):
        file = FALLBACK
    return _open(file, style.size)


def wrapped(text: str, font: "FreeTypeFont", max_width: int | None) -> list[str]:
    """Return the lines of a text, broken at blanks, and inside words that are too long."""
    lines: list[str] = []
    for line in text.expandtabs(4).splitlines() or [""]:
        if len(lines) >= MAX_LINES:
            break
        lines += [line] if max_width is None else _broken(line, font, max_width)
    return lines[:MAX_LINES]


def shortened(line: str, style: TextStyle, max_width: int) -> str:
    """Return a line, cut and ended by an ellipsis where it is wider than so many pixels."""
    font = load_font(style, line + "…")
    if font.getlength(line) <= max_width:
        return line
    room = max(0, max_width - math.ceil(font.getlength("…")))
    return _chopped(line, font, room)[0].rstrip() + "…"


_SAMPLE = 20  # pixels; the size at which letters are looked at
_ALIGNED = {"left": 0.0, "center": 0.5, "right": 1.0}


def _open(file: str, size: int) -> "FreeTypeFont":
    from PIL import ImageFont

    return ImageFont.truetype(FONTS / file, size)


def _lacking(file: str, text: str) -> list[str]:
    """Return the letters of a text that a font shows as an empty box, in order."""
    from PIL import ImageFont

    font = ImageFont.truetype(FONTS / file, _SAMPLE, layout_engine=ImageFont.Layout.BASIC)
    box = _shape(font, _NO_LETTER)
    letters = dict.fromkeys(letter for letter in text if letter.isprintable() and letter != " ")
    sample = list(letters)[:MAX_SAMPLE]
    return [letter for letter in sample if _shape(font, letter) == box]


def _shape(font: "FreeTypeFont", letter: str) -> bytes:
    import PIL.Image
    from PIL import ImageDraw

    picture = PIL.Image.new("L", (_SAMPLE * 2, _SAMPLE * 2))
    ImageDraw.Draw(picture).text((_SAMPLE // 2, 0), letter, fill=255, font=font)
    return picture.tobytes()


def _broken(line: str, font: "FreeTypeFont", max_width: int) -> list[str]:
    lines: list[str] = []
    current = ""
    for word in line.split(" "):
        longer = f"{current} {word}" if current else word
        if font.getlength(longer) <= max_width:
            current = longer
            continue
        if current:
            lines.append(current)
        *full, current = _chopped(word, font, max_width)
        lines += full
        if len(lines) > MAX_LINES:
            break
    return [*lines, current]


def _chopped(word: str, font: "FreeTypeFont", max_width: int) -> list[str]:
    """Return a word in pieces that fit, each of at least one letter."""
    pieces: list[str] = []
    while len(word) > 1 and len(pieces) <= MAX_LINES:
        length = _fitting(word, font, max_width)
        if length == len(word):
            break
        pieces.append(word[:length])
        word = word[length:]
    return [*pieces, word]


def _fitting(word: str, font: "FreeTypeFont", max_width: int) -> int:
    """Return how many letters from the start fit, at least one.

    The search doubles its reach before it halves it, so that the rest of a very long word is not
    measured again for each piece.
    """
    least, most = 1, min(16, len(word))
    while most < len(word) and font.getlength(word[:most]) <= max_width:
        least, most = most, min(most * 2, len(word))
    while least < most:
        middle = (least + most + 1) // 2
        fits = font.getlength(word[:middle]) <= max_width
        least, most = (middle, most) if fits else (least, middle - 1)
    return least
