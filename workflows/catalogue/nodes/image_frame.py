"""Images: borders, rounded corners and shadows."""

from typing import TYPE_CHECKING, Literal

from workflows.catalogue.node import Context, Meta, Node
from workflows.catalogue.nodes.limits import MAX_SIDE, check_size
from workflows.catalogue.nodes.pixels import (
    TRANSPARENT,
    ImageIn,
    ImageOut,
    colour_of,
    colour_param,
    lay_over,
    padded,
)
from workflows.catalogue.params import param

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MAX_BLUR = 500
MAX_OFFSET = 4_096


class BorderIn(ImageIn):
    """`image.border`."""

    size: int = param(32, title="Width", unit="px", minimum=0, maximum=MAX_SIDE)
    top: int | None = param(None, title="Top", unit="px", minimum=0, maximum=MAX_SIDE)
    right: int | None = param(None, title="Right", unit="px", minimum=0, maximum=MAX_SIDE)
    bottom: int | None = param(None, title="Bottom", unit="px", minimum=0, maximum=MAX_SIDE)
    left: int | None = param(None, title="Left", unit="px", minimum=0, maximum=MAX_SIDE)
    colour: str = colour_param("#ffffff", "Colour")


class RoundedIn(ImageIn):
    """`image.rounded`."""

    radius: float = param(32.0, title="Radius", minimum=0, maximum=MAX_SIDE)
    unit: Literal["px", "percent"] = param(
        "px", title="Unit", help="Percent is of the shorter side; 50 makes a circle of a square."
    )
    background: str = colour_param(TRANSPARENT, "Background", "Behind the corners.")


class ShadowIn(ImageIn):
    """`image.shadow`."""

    x: int = param(0, title="To the right", unit="px", minimum=-MAX_OFFSET, maximum=MAX_OFFSET)
    y: int = param(16, title="Down", unit="px", minimum=-MAX_OFFSET, maximum=MAX_OFFSET)
    blur: float = param(24.0, title="Softness", unit="px", minimum=0, maximum=MAX_BLUR)
    colour: str = colour_param("#00000099", "Colour")
    background: str = colour_param(TRANSPARENT, "Background")


class Border(Node[BorderIn, ImageOut]):
    """Put a border around a picture."""

    meta = Meta(
        type="image.border",
        title="Border",
        description="Puts a border around an image, of one width or of one for each side.",
        category="Image",
        keywords=("pad", "frame", "margin"),
    )

    async def run(self, ctx: Context, args: BorderIn) -> ImageOut:
        """Return the picture with its border."""
        picture = ctx.load(args.image)
        sides = (args.top, args.right, args.bottom, args.left)
        top, right, bottom, left = (args.size if side is None else side for side in sides)
        width, height = picture.width + left + right, picture.height + top + bottom
        bordered = padded(picture, width, height, (left, top), args.colour)
        return ImageOut(image=ctx.store(bordered, like=args.image))


class Rounded(Node[RoundedIn, ImageOut]):
    """Round the corners of a picture."""

    meta = Meta(
        type="image.rounded",
        title="Rounded corners",
        description="Rounds the corners of an "
        "image; what is cut off is transparent or of a colour.",
        category="Image",
        keywords=("corner", "circle", "avatar"),
    )

    async def run(self, ctx: Context, args: RoundedIn) -> ImageOut:
        """Return the picture with round corners."""
        picture = ctx.load(args.image)
        shorter = min(picture.size)
        radius = args.radius * shorter / 100 if args.unit == "percent" else args.radius
        rounded = _rounded(picture, min(radius, shorter / 2), args.background)
        return ImageOut(image=ctx.store(rounded, like=args.image))


class Shadow(Node[ShadowIn, ImageOut]):
    """Put a shadow under a picture."""

    meta = Meta(
        type="image.shadow",
        title="Shadow",
        description="Puts a soft shadow under an image; the canvas grows to hold it.",
        category="Image",
        keywords=("drop shadow", "glow"),
    )

    async def run(self, ctx: Context, args: ShadowIn) -> ImageOut:
        """Return the larger canvas with the shadow and the picture on it."""
        shaded = _shaded(ctx.load(args.image).convert("RGBA"), args)
        return ImageOut(image=ctx.store(shaded, like=args.image))


def _rounded(picture: "Picture", radius: float, background: str) -> "Picture":
    import PIL.Image
    from PIL import ImageChops

    colour = colour_of(background)
    rounded = picture.convert("RGBA")
    shape = _round_shape(picture.size, radius)
    rounded.putalpha(ImageChops.multiply(rounded.getchannel("A"), shape))
    if colour[3] == 0:
        return rounded
    canvas = PIL.Image.new("RGBA", picture.size, colour)
    canvas.alpha_composite(rounded)
    return canvas if colour[3] < 255 else canvas.convert("RGB")


def _round_shape(size: tuple[int, int], radius: float) -> "Picture":
    """Return a greyscale picture, white inside the corners; edges are smooth.

    Each pixel takes the share that its distance from the corner's centre gives it, so only the
    corners are computed, not an enlarged whole.
    """
    import numpy as np
    import PIL.Image

    shape = PIL.Image.new("L", size, 255)
    side = int(np.ceil(radius))
    if side == 0:
        return shape
    steps = radius - (np.arange(side, dtype=np.float32) + 0.5)
    inside = np.clip(radius - np.hypot(steps[:, None], steps[None, :]) + 0.5, 0, 1)
    corner = PIL.Image.fromarray((inside * 255).round().astype(np.uint8))
    right, bottom = size[0] - side, size[1] - side
    mirrored = corner.transpose(PIL.Image.Transpose.FLIP_LEFT_RIGHT)
    for part, left in ((corner, 0), (mirrored, right)):
        shape.paste(part, (left, 0))
        shape.paste(part.transpose(PIL.Image.Transpose.FLIP_TOP_BOTTOM), (left, bottom))
    return shape


def _shaded(picture: "Picture", args: ShadowIn) -> "Picture":
    import PIL.Image
    from PIL import ImageFilter

    spread = round(args.blur * 2)
    left, top = max(spread - args.x, 0), max(spread - args.y, 0)
    width = left + picture.width + max(spread + args.x, 0)
    height = top + picture.height + max(spread + args.y, 0)
    check_size(width, height)
    red, green, blue, alpha = colour_of(args.colour)
    shape = PIL.Image.new("L", (width, height), 0)
    dimmed = picture.getchannel("A").point(lambda value: value * alpha // 255)
    shape.paste(dimmed, (left + args.x, top + args.y))
    shadow = PIL.Image.new("RGBA", (width, height), (red, green, blue, 0))
    shadow.putalpha(shape.filter(ImageFilter.GaussianBlur(args.blur)))
    canvas = PIL.Image.new("RGBA", (width, height), colour_of(args.background))
    canvas.alpha_composite(shadow)
    lay_over(canvas, picture, left, top)
    return canvas


NODES = (Border, Rounded, Shadow)
