"""Images: laying one over another, and many on one sheet."""

import math
from typing import TYPE_CHECKING, Literal

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.node import Context, Inputs, Meta, Node
from workflows.catalogue.nodes.blend import BlendMode, blend_onto
from workflows.catalogue.nodes.lettering import FontName, TextStyle, draw_block, shortened
from workflows.catalogue.nodes.limits import MAX_SIDE, check_elements, check_size
from workflows.catalogue.nodes.pixels import (
    Anchor,
    ImageIn,
    ImageOut,
    as_before,
    colour_of,
    colour_param,
    covering,
    faded,
    fitted_size,
    lay_over,
    place,
    resized,
)
from workflows.catalogue.params import param, port
from workflows.catalogue.values import Image, Mask

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MAX_CAPTION = 200  # letters; a caption is one line


class CompositeIn(ImageIn):
    """`image.composite`."""

    overlay: Image = port("Overlay")
    mask: Mask | None = port("Mask", required=False, nullable=True)
    mode: BlendMode = param("normal", title="Blend mode")
    opacity: float = param(1.0, title="Opacity", minimum=0, maximum=1)
    position: Anchor = param("center", title="Position")
    x: int = param(0, title="To the right", unit="px", minimum=-MAX_SIDE, maximum=MAX_SIDE)
    y: int = param(0, title="Down", unit="px", minimum=-MAX_SIDE, maximum=MAX_SIDE)
    fit: Literal["none", "cover", "contain", "fill"] = param(
        "none", title="Fit", help="First brings the overlay to the size of the image."
    )
    scale: float = param(1.0, title="Scale", help="Of the overlay.", minimum=0.01, maximum=16)


class GridIn(Inputs):
    """`image.grid`."""

    images: list[Image] = port("Images", many=True)
    captions: list[str] = port("Captions", many=True, required=False, default=[])
    columns: int | None = param(
        None, title="Columns", help="About a square if empty.", minimum=1, maximum=100
    )
    cellWidth: int = param(256, title="Cell width", unit="px", minimum=8, maximum=4_096)
    cellHeight: int = param(256, title="Cell height", unit="px", minimum=8, maximum=4_096)
    fit: Literal["contain", "cover"] = param("contain", title="Fit")
    gap: int = param(16, title="Gap", unit="px", minimum=0, maximum=1_000)
    margin: int = param(16, title="Margin", unit="px", minimum=0, maximum=1_000)
    background: str = colour_param("#ffffff", "Background")
    captionSize: int = param(16, title="Caption size", unit="px", minimum=4, maximum=200)
    captionColour: str = colour_param("#000000", "Caption colour")
    captionFont: FontName = param("sans", title="Caption font")


class Composite(Node[CompositeIn, ImageOut]):
    """Lay one picture over another."""

    meta = Meta(
        type="image.composite",
        title="Composite",
        description="Lays an image over another, with a blend mode, opacity and mask.",
        category="Image",
        cost="cpu",
        keywords=("overlay", "blend", "layer", "watermark", "merge"),
    )

    async def run(self, ctx: Context, args: CompositeIn) -> ImageOut:
        """Return the lower picture with the overlay in it."""
        picture = ctx.load(args.image)
        mask = None if args.mask is None else ctx.load(args.mask)
        layer = _layer(ctx.load(args.overlay), mask, picture.size, args)
        left, top = place(args.position, picture.size, layer.size)
        base = picture.convert("RGBA")  # always a copy
        blend_onto(base, layer, left + args.x, top + args.y, args.mode)
        return ImageOut(image=ctx.store(as_before(base, picture), like=args.image))


class Grid(Node[GridIn, ImageOut]):
    """Put pictures on one sheet."""

    meta = Meta(
        type="image.grid",
        title="Grid",
        description="Puts many images on one sheet, with captions if wanted.",
        category="Image",
        cost="cpu",
        keywords=("contact sheet", "collage", "montage", "tile"),
    )

    async def run(self, ctx: Context, args: GridIn) -> ImageOut:
        """Return the sheet; cells fill up row by row in the order of the images."""
        check_elements(len(args.images))
        if not args.images:
            raise NodeFailed("invalid_value", "There is no image to show.")
        columns = args.columns or math.ceil(math.sqrt(len(args.images)))
        columns = min(columns, len(args.images))
        sheet = _sheet(args, columns, math.ceil(len(args.images) / columns))
        for number, image in enumerate(args.images):
            ctx.check_cancelled()
            _place_cell(sheet, ctx.load(image), args, divmod(number, columns), number)
            ctx.progress((number + 1) / len(args.images))
            ctx.preview(sheet)
        opaque = colour_of(args.background)[3] == 255
        return ImageOut(image=ctx.store(sheet.convert("RGB") if opaque else sheet))


def _layer(
    overlay: "Picture", mask: "Picture | None", size: tuple[int, int], args: CompositeIn
) -> "Picture":
    """Return the overlay as RGBA at its final size, masked and faded."""
    from PIL import ImageChops

    layer = _scaled(overlay.convert("RGBA"), size, args)
    if mask is not None:
        shape = resized(mask.convert("L"), *layer.size, "bilinear")
        layer.putalpha(ImageChops.multiply(layer.getchannel("A"), shape))
    return faded(layer, args.opacity)


def _scaled(layer: "Picture", size: tuple[int, int], args: CompositeIn) -> "Picture":
    """Return the layer fitted to the base and then scaled."""
    width, height = layer.size
    match args.fit:
        case "cover":
            layer = covering(layer, *size)
            width, height = layer.size
        case "contain":
            width, height = fitted_size(layer, *size)
        case "fill":
            width, height = size
    scaled = max(1, round(width * args.scale)), max(1, round(height * args.scale))
    return resized(layer, *scaled)


def _caption_height(args: GridIn) -> int:
    return round(args.captionSize * 1.5) if any(args.captions) else 0


def _sheet(args: GridIn, columns: int, rows: int) -> "Picture":
    import PIL.Image

    cell_height = args.cellHeight + _caption_height(args)
    width = 2 * args.margin + columns * args.cellWidth + (columns - 1) * args.gap
    height = 2 * args.margin + rows * cell_height + (rows - 1) * args.gap
    check_size(width, height)
    return PIL.Image.new("RGBA", (width, height), colour_of(args.background))


def _place_cell(
    sheet: "Picture", picture: "Picture", args: GridIn, cell: tuple[int, int], number: int
) -> None:
    row, column = cell
    left = args.margin + column * (args.cellWidth + args.gap)
    top = args.margin + row * (args.cellHeight + _caption_height(args) + args.gap)
    size = (args.cellWidth, args.cellHeight)
    if args.fit == "cover":
        shown = covering(picture, *size)
    else:
        shown = resized(picture, *fitted_size(picture, *size))
    across, down = place("center", size, shown.size)
    lay_over(sheet, shown.convert("RGBA"), left + across, top + down)
    caption = args.captions[number] if number < len(args.captions) else ""
    if caption:
        _write_caption(sheet, caption, args, left, top + args.cellHeight)


def _write_caption(sheet: "Picture", caption: str, args: GridIn, left: int, top: int) -> None:
    """Write one line under a cell, cut to the cell's width."""
    style = TextStyle(
        font=args.captionFont, size=args.captionSize, colour=args.captionColour, align="center"
    )
    line = shortened(caption.splitlines()[0][:MAX_CAPTION], style, args.cellWidth)
    block = draw_block(line, style, max_width=None)
    width, height = args.cellWidth, _caption_height(args)
    across, down = place("center", (width, height), block.size)
    left_cut, top_cut = block.bleed - across, block.bleed - down
    visible = block.picture.crop((left_cut, top_cut, left_cut + width, top_cut + height))
    lay_over(sheet, visible, left, top)


NODES = (Composite, Grid)
