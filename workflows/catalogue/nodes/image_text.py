"""`image.text`: writing on a picture."""

from typing import TYPE_CHECKING

from workflows.catalogue.node import Context, Meta, Node
from workflows.catalogue.nodes.lettering import Align, Block, FontName, TextStyle, draw_block
from workflows.catalogue.nodes.limits import MAX_SIDE, check_size
from workflows.catalogue.nodes.pixels import (
    TRANSPARENT,
    Anchor,
    ImageIn,
    ImageOut,
    as_before,
    colour_of,
    colour_param,
    faded,
    lay_over,
    place,
)
from workflows.catalogue.params import param

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MAX_LETTERS = 5_000


class TextOverlayIn(ImageIn):
    """`image.text`."""

    text: str = param("", title="Text", max_length=MAX_LETTERS, multiline=True)
    font: FontName = param("sans-bold", title="Font")
    size: int = param(64, title="Size", unit="px", minimum=4, maximum=2_000)
    colour: str = colour_param("#ffffff", "Colour")
    position: Anchor = param("bottom", title="Position")
    marginX: int = param(
        32, title="Margin, sideways", unit="px", minimum=-MAX_SIDE, maximum=MAX_SIDE
    )
    marginY: int = param(
        32, title="Margin, up and down", unit="px", minimum=-MAX_SIDE, maximum=MAX_SIDE
    )
    align: Align = param("center", title="Align lines")
    maxWidth: int | None = param(
        None,
        title="Widest line",
        unit="px",
        minimum=1,
        maximum=MAX_SIDE,
        help="Lines wrap there; between the margins if empty.",
    )
    lineSpacing: float = param(1.2, title="Line spacing", minimum=0.5, maximum=5)
    strokeWidth: int = param(0, title="Outline", unit="px", minimum=0, maximum=100)
    strokeColour: str = colour_param("#000000", "Outline colour")
    shadowColour: str = colour_param(TRANSPARENT, "Shadow colour")
    shadowX: int = param(4, title="Shadow, to the right", unit="px", minimum=-500, maximum=500)
    shadowY: int = param(4, title="Shadow, down", unit="px", minimum=-500, maximum=500)
    shadowBlur: float = param(4.0, title="Shadow softness", unit="px", minimum=0, maximum=100)
    boxColour: str = colour_param(TRANSPARENT, "Box colour", "Behind the text.")
    boxPadding: int = param(16, title="Box padding", unit="px", minimum=0, maximum=1_000)
    boxRadius: int = param(8, title="Box corners", unit="px", minimum=0, maximum=1_000)
    opacity: float = param(1.0, title="Opacity", minimum=0, maximum=1)


class TextOverlay(Node[TextOverlayIn, ImageOut]):
    """Write on a picture."""

    meta = Meta(
        type="image.text",
        title="Text on image",
        description="Writes text on an image, wrapped, with outline, shadow or box.",
        category="Image",
        cost="cpu",
        keywords=("caption", "title", "watermark", "font", "overlay"),
    )

    async def run(self, ctx: Context, args: TextOverlayIn) -> ImageOut:
        """Return the picture with the text on it; the picture itself when the text is empty."""
        picture = ctx.load(args.image)
        text = args.text[:MAX_LETTERS].strip("\n")
        if not text.strip():
            return ImageOut(image=ctx.store(picture, like=args.image))
        written = as_before(_written(picture.convert("RGBA"), text, args), picture)
        return ImageOut(image=ctx.store(written, like=args.image))


def _written(canvas: "Picture", text: str, args: TextOverlayIn) -> "Picture":
    """Return an RGBA canvas of ours with the text drawn on it."""
    padding = args.boxPadding if colour_of(args.boxColour)[3] else 0
    room = canvas.width - 2 * max(args.marginX, 0) - 2 * padding
    width = max(1, room if args.maxWidth is None else args.maxWidth)
    block = draw_block(text, _style(args), max_width=width)
    layer, edge = _decorated(block, padding, args)
    inner = (layer.width - 2 * edge, layer.height - 2 * edge)
    left, top = place(args.position, canvas.size, inner)
    left += _inward(args.position, "left", "right", args.marginX)
    top += _inward(args.position, "top", "bottom", args.marginY)
    lay_over(canvas, faded(layer, args.opacity), left - edge, top - edge)
    return canvas


def _style(args: TextOverlayIn) -> TextStyle:
    return TextStyle(
        font=args.font,
        size=args.size,
        colour=args.colour,
        align=args.align,
        line_spacing=args.lineSpacing,
        stroke_width=args.strokeWidth,
        stroke_colour=args.strokeColour,
    )


def _decorated(block: Block, padding: int, args: TextOverlayIn) -> tuple["Picture", int]:
    """Return the text with its box and shadow, and how far the layer reaches beyond the box."""
    import PIL.Image

    shadow = colour_of(args.shadowColour)
    reach = max(abs(args.shadowX), abs(args.shadowY)) + round(2 * args.shadowBlur)
    edge = max(block.bleed - padding, reach if shadow[3] else 0, 0)
    width = block.size[0] + 2 * (padding + edge)
    height = block.size[1] + 2 * (padding + edge)
    check_size(width, height)
    layer = PIL.Image.new("RGBA", (width, height), (*colour_of(args.colour)[:3], 0))
    at = edge + padding - block.bleed
    if colour_of(args.boxColour)[3]:
        _draw_box(layer, edge, args)
    if shadow[3]:
        lay_over(layer, _shadow(block, layer.size, at, args), 0, 0)
    lay_over(layer, block.picture, at, at)
    return layer, edge


def _draw_box(layer: "Picture", edge: int, args: TextOverlayIn) -> None:
    from PIL import ImageDraw

    box = (edge, edge, layer.width - edge - 1, layer.height - edge - 1)
    radius = min(args.boxRadius, (box[2] - box[0]) // 2, (box[3] - box[1]) // 2)
    ImageDraw.Draw(layer).rounded_rectangle(box, radius, fill=colour_of(args.boxColour))


def _shadow(block: Block, size: tuple[int, int], at: int, args: TextOverlayIn) -> "Picture":
    import PIL.Image
    from PIL import ImageFilter

    red, green, blue, alpha = colour_of(args.shadowColour)
    shape = PIL.Image.new("L", size, 0)
    dimmed = block.picture.getchannel("A").point(lambda value: value * alpha // 255)
    shape.paste(dimmed, (at + args.shadowX, at + args.shadowY))
    shadow = PIL.Image.new("RGBA", size, (red, green, blue, 0))
    shadow.putalpha(shape.filter(ImageFilter.GaussianBlur(args.shadowBlur)))
    return shadow


def _inward(position: str, low: str, high: str, margin: int) -> int:
    return margin if low in position else -margin if high in position else 0


NODES = (TextOverlay,)
