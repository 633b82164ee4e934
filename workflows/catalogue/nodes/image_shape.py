"""Images: size, cut and turn."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.node import Context, Meta, Node
from workflows.catalogue.nodes.limits import MAX_SIDE, check_size
from workflows.catalogue.nodes.pixels import (
    TRANSPARENT,
    Anchor,
    Box,
    Fit,
    ImageIn,
    ImageOut,
    Resample,
    colour_of,
    colour_param,
    contained,
    covering,
    fitted_size,
    place,
    resized,
)
from workflows.catalogue.params import param

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FIT_HELP = (
    "cover fills the size and cuts, contain pads with the background, fill stretches, inside keeps "
    "within the size."
)


class ResizeIn(ImageIn):
    """`image.resize`."""

    width: int | None = param(
        None, title="Width", unit="px", minimum=1, maximum=MAX_SIDE, help="Follows if empty."
    )
    height: int | None = param(
        None, title="Height", unit="px", minimum=1, maximum=MAX_SIDE, help="Follows if empty."
    )
    fit: Fit = param("cover", title="Fit", help=FIT_HELP)
    position: Anchor = param("center", title="Position", help="What cover keeps.")
    background: str = colour_param("#000000", "Background", "Around the picture with contain.")
    resample: Resample = param("lanczos", title="Resampling")
    enlarge: bool = param(True, title="Enlarge smaller pictures")


class CropIn(ImageIn):
    """`image.crop`."""

    width: int | None = param(None, title="Width", unit="px", minimum=1, maximum=MAX_SIDE)
    height: int | None = param(None, title="Height", unit="px", minimum=1, maximum=MAX_SIDE)
    aspect: Literal[
        "free", "1:1", "5:4", "4:3", "3:2", "16:9", "21:9", "4:5", "3:4", "2:3", "9:16"
    ] = param("free", title="Shape", help="The largest part of this shape within width and height.")
    x: int | None = param(
        None, title="Left", unit="px", minimum=0, maximum=MAX_SIDE, help="By position if empty."
    )
    y: int | None = param(
        None, title="Top", unit="px", minimum=0, maximum=MAX_SIDE, help="By position if empty."
    )
    position: Anchor = param("center", title="Position")


class RotateIn(ImageIn):
    """`image.rotate`."""

    angle: float = param(
        90.0, title="Angle", unit="°", help="Clockwise.", minimum=-3600, maximum=3600
    )
    expand: bool = param(True, title="Grow to hold it all")
    background: str = colour_param(TRANSPARENT, "Background", "In the corners.")


class FlipIn(ImageIn):
    """`image.flip`."""

    direction: Literal["horizontal", "vertical", "both"] = param("horizontal", title="Direction")


class Resize(Node[ResizeIn, ImageOut]):
    """Change the size of a picture."""

    meta = Meta(
        type="image.resize",
        title="Resize",
        description="Scales an image to a size.",
        category="Image",
        keywords=("scale", "thumbnail", "dimensions"),
    )

    async def run(self, ctx: Context, args: ResizeIn) -> ImageOut:
        """Return the picture at its new size."""
        picture = ctx.load(args.image)
        return ImageOut(image=ctx.store(_resize(picture, args), like=args.image))


class Crop(Node[CropIn, ImageOut]):
    """Cut a part out of a picture."""

    meta = Meta(
        type="image.crop",
        title="Crop",
        description="Cuts a rectangle out of an image, by place and size or by shape.",
        category="Image",
        keywords=("cut", "trim", "aspect ratio"),
    )

    async def run(self, ctx: Context, args: CropIn) -> ImageOut:
        """Return the part."""
        picture = ctx.load(args.image)
        return ImageOut(image=ctx.store(picture.crop(_crop_box(picture, args)), like=args.image))


class Rotate(Node[RotateIn, ImageOut]):
    """Turn a picture."""

    meta = Meta(
        type="image.rotate",
        title="Rotate",
        description="Turns an image by any angle.",
        category="Image",
        keywords=("turn", "angle", "straighten"),
    )

    async def run(self, ctx: Context, args: RotateIn) -> ImageOut:
        """Return the turned picture."""
        picture = ctx.load(args.image)
        return ImageOut(image=ctx.store(_rotated(picture, args), like=args.image))


class Flip(Node[FlipIn, ImageOut]):
    """Mirror a picture."""

    meta = Meta(
        type="image.flip",
        title="Flip",
        description="Mirrors an image.",
        category="Image",
        keywords=("mirror", "horizontal", "vertical"),
    )

    async def run(self, ctx: Context, args: FlipIn) -> ImageOut:
        """Return the mirrored picture."""
        from PIL.Image import Transpose

        turns = {
            "horizontal": Transpose.FLIP_LEFT_RIGHT,
            "vertical": Transpose.FLIP_TOP_BOTTOM,
            "both": Transpose.ROTATE_180,
        }
        picture = ctx.load(args.image).transpose(turns[args.direction])
        return ImageOut(image=ctx.store(picture, like=args.image))


def _resize(picture: "Picture", args: ResizeIn) -> "Picture":
    width, height = _wanted_size(picture, args)
    if not args.enlarge and (width > picture.width or height > picture.height):
        width, height = min(width, picture.width), min(height, picture.height)
    match args.fit:
        case "contain":
            return contained(picture, width, height, args.background, args.position, args.resample)
        case "inside":
            return resized(picture, *fitted_size(picture, width, height), args.resample)
        case "fill":
            return resized(picture, width, height, args.resample)
        case _:
            return covering(picture, width, height, args.position, args.resample)


def _wanted_size(picture: "Picture", args: ResizeIn) -> tuple[int, int]:
    """Return both sides; one that is not given follows the picture's shape."""
    width, height = args.width, args.height
    if width is None and height is None:
        return picture.width, picture.height
    if width is None:
        assert height is not None  # noqa: S101 - narrows the type
        width = max(1, round(picture.width * height / picture.height))
    if height is None:
        height = max(1, round(picture.height * width / picture.width))
    check_size(width, height)
    return width, height


def _crop_box(picture: "Picture", args: CropIn) -> Box:
    """Return the rectangle, cut to what lies inside the picture."""
    width = min(args.width or picture.width, picture.width)
    height = min(args.height or picture.height, picture.height)
    if args.aspect != "free":
        across, down = (int(part) for part in args.aspect.split(":"))
        scale = min(width / across, height / down)
        width, height = max(1, round(across * scale)), max(1, round(down * scale))
    left, top = place(args.position, picture.size, (width, height))
    left = left if args.x is None else args.x
    top = top if args.y is None else args.y
    if left >= picture.width or top >= picture.height or left < 0 or top < 0:
        raise NodeFailed("invalid_value", "The part to keep lies outside the picture.")
    return left, top, min(left + width, picture.width), min(top + height, picture.height)


def _rotated(picture: "Picture", args: RotateIn) -> "Picture":
    import PIL.Image

    angle = args.angle % 360
    if angle % 90 == 0 and (args.expand or angle % 180 == 0 or picture.width == picture.height):
        return _quarter_turned(picture, int(angle))
    if args.expand:
        check_size(*_expanded_size(picture, angle))
    red, green, blue, alpha = colour_of(args.background)
    if alpha == 255 and picture.mode != "RGBA":
        return picture.convert("RGB").rotate(
            -angle, PIL.Image.Resampling.BICUBIC, expand=args.expand, fillcolor=(red, green, blue)
        )
    fill = (*(channel * alpha // 255 for channel in (red, green, blue)), alpha)
    turned = (
        picture.convert("RGBA")
        .convert("RGBa")
        .rotate(-angle, PIL.Image.Resampling.BICUBIC, expand=args.expand, fillcolor=fill)
    )
    return turned.convert("RGBA")


def _quarter_turned(picture: "Picture", angle: int) -> "Picture":
    from PIL.Image import Transpose

    turns: Mapping[int, Any] = {
        90: Transpose.ROTATE_270,  # Pillow counts anticlockwise
        180: Transpose.ROTATE_180,
        270: Transpose.ROTATE_90,
    }
    return picture.transpose(turns[angle]) if angle else picture


def _expanded_size(picture: "Picture", angle: float) -> tuple[int, int]:
    sine, cosine = abs(math.sin(math.radians(angle))), abs(math.cos(math.radians(angle)))
    across = picture.width * cosine + picture.height * sine
    down = picture.width * sine + picture.height * cosine
    return math.ceil(across), math.ceil(down)


NODES = (Resize, Crop, Rotate, Flip)
