"""Images as values: making one, its format, its facts, and its transparency."""

from typing import TYPE_CHECKING, Literal, cast

from workflows.catalogue.node import Context, Inputs, Meta, Node, Outputs
from workflows.catalogue.nodes.limits import MAX_SIDE, check_size
from workflows.catalogue.nodes.pixels import (
    ImageIn,
    ImageOut,
    colour_of,
    colour_param,
    resized,
)
from workflows.catalogue.params import param, port
from workflows.catalogue.values import Mask

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


class ConvertIn(ImageIn):
    """`image.convert`."""

    format: Literal["png", "jpeg", "webp"] = param("png", title="Format")
    quality: int = param(90, title="Quality", help="Of JPEG and WebP.", minimum=1, maximum=100)
    background: str = colour_param("#ffffff", "Background", "Behind what JPEG cannot leave clear.")


class InfoOut(Outputs):
    """Facts about a picture."""

    width: int = port("Width")
    height: int = port("Height")
    aspect: float = port("Width by height")
    megapixels: float = port("Megapixels")
    orientation: str = port("Orientation")
    format: str = port("Format")
    mode: str = port("Mode")
    hasAlpha: bool = port("Has transparency")
    colour: str = port("Average colour")
    brightness: float = port("Brightness")


class CreateIn(Inputs):
    """`image.create`."""

    width: int = param(1024, title="Width", unit="px", minimum=1, maximum=MAX_SIDE)
    height: int = param(1024, title="Height", unit="px", minimum=1, maximum=MAX_SIDE)
    colour: str = colour_param("#ffffff", "Colour")
    fill: Literal["solid", "horizontal", "vertical", "radial"] = param("solid", title="Fill")
    colour2: str = colour_param("#000000", "Second colour", "The end of a gradient.")


class MaskIn(ImageIn):
    """`image.applyMask`."""

    mask: Mask = port("Mask")
    invert: bool = param(False, title="Keep what is black instead")


class AlphaIn(ImageIn):
    """`image.alpha`."""

    source: Literal["alpha", "brightness"] = param("alpha", title="Made from")
    invert: bool = param(False, title="Turn around")


class MaskOut(Outputs):
    """A mask."""

    mask: Mask = port("Mask")


class Convert(Node[ConvertIn, ImageOut]):
    """Change the format of a picture."""

    meta = Meta(
        type="image.convert",
        title="Convert",
        description="Gives an image in another file format.",
        category="Image",
        keywords=("format", "png", "jpeg", "webp", "compress", "quality"),
    )

    async def run(self, ctx: Context, args: ConvertIn) -> ImageOut:
        """Return the picture in the chosen format."""
        picture = ctx.load(args.image)
        if args.format == "jpeg" and picture.mode == "RGBA":
            picture = _flattened(picture, args.background)
        content_type = f"image/{args.format}"
        quality = None if args.format == "png" else args.quality
        return ImageOut(image=ctx.store(picture, content_type=content_type, quality=quality))


class Info(Node[ImageIn, InfoOut]):
    """Tell facts about a picture."""

    meta = Meta(
        type="image.info",
        title="Image info",
        description="Gives the size, format, average colour and other facts of an image.",
        category="Image",
        keywords=("width", "height", "size", "dimensions", "metadata"),
    )

    async def run(self, ctx: Context, args: ImageIn) -> InfoOut:
        """Return the facts; clear pixels count by their share in the average."""
        picture = ctx.load(args.image)
        width, height = picture.size
        red, green, blue = _average(picture)
        return InfoOut(
            width=width,
            height=height,
            aspect=width / height,
            megapixels=width * height / 1_000_000,
            orientation=_orientation(width, height),
            format=args.image.content_type.removeprefix("image/"),
            mode=picture.mode,
            hasAlpha=picture.mode == "RGBA" and picture.getextrema()[3][0] < 255,
            colour=f"#{red:02x}{green:02x}{blue:02x}",
            brightness=round((0.299 * red + 0.587 * green + 0.114 * blue) / 255, 4),
        )


class Create(Node[CreateIn, ImageOut]):
    """Make a picture of a colour or gradient."""

    meta = Meta(
        type="image.create",
        title="Blank image",
        description="Makes an image of one colour or of a gradient.",
        category="Image",
        keywords=("solid", "blank", "background", "gradient"),
    )

    async def run(self, ctx: Context, args: CreateIn) -> ImageOut:
        """Return the new picture."""
        check_size(args.width, args.height)
        return ImageOut(image=ctx.store(_created(args)))


class ApplyMask(Node[MaskIn, ImageOut]):
    """Make a picture transparent by a mask."""

    meta = Meta(
        type="image.applyMask",
        title="Apply mask",
        description="Keeps what a mask chooses of an image and makes the rest transparent.",
        category="Image",
        keywords=("alpha", "cutout", "transparent"),
    )

    async def run(self, ctx: Context, args: MaskIn) -> ImageOut:
        """Return the picture with the mask, stretched to its size, in its alpha."""
        from PIL import ImageChops

        masked = ctx.load(args.image).convert("RGBA")
        shape = resized(ctx.load(args.mask).convert("L"), masked.width, masked.height, "bilinear")
        shape = ImageChops.invert(shape) if args.invert else shape
        masked.putalpha(ImageChops.multiply(masked.getchannel("A"), shape))
        return ImageOut(image=ctx.store(masked, content_type=_clear_type(args.image.content_type)))


class AlphaMask(Node[AlphaIn, MaskOut]):
    """Make a mask out of a picture."""

    meta = Meta(
        type="image.alpha",
        title="Image to mask",
        description="Makes a mask out of an image's transparency or brightness.",
        category="Image",
        keywords=("mask", "channel", "luma"),
    )

    async def run(self, ctx: Context, args: AlphaIn) -> MaskOut:
        """Return the mask; a picture without transparency is all chosen."""
        import PIL.Image
        from PIL import ImageChops

        picture = ctx.load(args.image)
        if args.source == "brightness":
            shape = picture.convert("L")
        elif picture.mode == "RGBA":
            shape = picture.getchannel("A")
        else:
            shape = PIL.Image.new("L", picture.size, 255)
        shape = ImageChops.invert(shape) if args.invert else shape
        stored = ctx.store(shape, content_type="image/png", kind="mask")
        return MaskOut(mask=cast("Mask", stored))


def _flattened(picture: "Picture", background: str) -> "Picture":
    import PIL.Image

    canvas = PIL.Image.new("RGBA", picture.size, (*colour_of(background)[:3], 255))
    canvas.alpha_composite(picture)
    return canvas.convert("RGB")


def _average(picture: "Picture") -> tuple[int, int, int]:
    from PIL import ImageStat

    weight = picture.getchannel("A") if picture.mode == "RGBA" else None
    if weight is None:
        mean = ImageStat.Stat(picture.convert("RGB")).mean
    else:
        shares = ImageStat.Stat(picture.convert("RGBa")).mean
        mean = [255 * share / shares[3] if shares[3] else 0.0 for share in shares[:3]]
    red, green, blue = (min(255, round(value)) for value in mean)
    return red, green, blue


def _orientation(width: int, height: int) -> str:
    return "square" if width == height else "landscape" if width > height else "portrait"


def _created(args: CreateIn) -> "Picture":
    import PIL.Image

    size = (args.width, args.height)
    first, second = colour_of(args.colour), colour_of(args.colour2)
    if args.fill == "solid":
        second = first
    mode = "RGB" if first[3] == second[3] == 255 else "RGBA"
    channels = 3 if mode == "RGB" else 4
    start = PIL.Image.new(mode, size, first[:channels])
    if args.fill == "solid":
        return start
    end = PIL.Image.new(mode, size, second[:channels])
    return PIL.Image.composite(end, start, _gradient(args.fill, size))


def _gradient(fill: str, size: tuple[int, int]) -> "Picture":
    """Return a greyscale picture, black where the gradient begins and white where it ends."""
    import PIL.Image

    if fill == "radial":
        return PIL.Image.radial_gradient("L").resize(size)
    ramp = PIL.Image.linear_gradient("L")  # black at the top
    if fill == "horizontal":
        ramp = ramp.transpose(PIL.Image.Transpose.ROTATE_90)
    return ramp.resize(size)


def _clear_type(content_type: str) -> str:
    """Return a format that can be transparent: JPEG becomes PNG."""
    return "image/png" if content_type == "image/jpeg" else content_type


NODES = (Convert, Info, Create, ApplyMask, AlphaMask)
