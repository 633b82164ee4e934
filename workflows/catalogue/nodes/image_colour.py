"""Images: brightness, contrast, colour and looks."""

from typing import TYPE_CHECKING, Literal

from workflows.catalogue.node import Context, Meta, Node
from workflows.catalogue.nodes.effects import EFFECTS, EffectSettings
from workflows.catalogue.nodes.pixels import (
    ImageIn,
    ImageOut,
    colour_of,
    colour_param,
    on_colours,
)
from workflows.catalogue.params import param

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FACTOR_HELP = "1 changes nothing."
EffectName = Literal[
    "grayscale",
    "sepia",
    "invert",
    "posterize",
    "solarize",
    "threshold",
    "duotone",
    "edges",
    "emboss",
    "contour",
    "vignette",
    "pixelate",
]


class AdjustIn(ImageIn):
    """`image.adjust`."""

    brightness: float = param(1.0, title="Brightness", help=FACTOR_HELP, minimum=0, maximum=10)
    contrast: float = param(1.0, title="Contrast", help=FACTOR_HELP, minimum=0, maximum=10)
    saturation: float = param(1.0, title="Saturation", help=FACTOR_HELP, minimum=0, maximum=10)
    gamma: float = param(
        1.0, title="Gamma", help="Over 1 lightens the middle tones.", minimum=0.1, maximum=10
    )
    hue: float = param(0.0, title="Hue", unit="°", minimum=-360, maximum=360)


class EffectIn(ImageIn):
    """`image.effect`."""

    effect: EffectName = param("grayscale", title="Effect")
    strength: float = param(
        1.0, title="Strength", help="0 gives the image itself.", minimum=0, maximum=1
    )
    levels: int = param(4, title="Levels", help="Of posterize.", minimum=2, maximum=64)
    threshold: int = param(
        128, title="Threshold", help="Of solarize and threshold.", minimum=0, maximum=255
    )
    dark: str = colour_param("#000000", "Dark colour", "Of duotone and vignette.")
    light: str = colour_param("#ffffff", "Light colour", "Of duotone.")
    size: int = param(16, title="Block", help="Of pixelate.", unit="px", minimum=1, maximum=1_000)


class Adjust(Node[AdjustIn, ImageOut]):
    """Adjust a picture's tones."""

    meta = Meta(
        type="image.adjust",
        title="Adjust",
        description="Changes the brightness, contrast, saturation, gamma and hue of an image.",
        category="Image",
        keywords=("brightness", "contrast", "saturation", "hue", "exposure"),
    )

    async def run(self, ctx: Context, args: AdjustIn) -> ImageOut:
        """Return the adjusted picture."""
        adjusted = on_colours(ctx.load(args.image), lambda each: _adjusted(each, args))
        return ImageOut(image=ctx.store(adjusted, like=args.image))


class ApplyEffect(Node[EffectIn, ImageOut]):
    """Give a picture a look."""

    meta = Meta(
        type="image.effect",
        title="Effect",
        description="Gives an image a look: greyscale, sepia, duotone, edges and more.",
        category="Image",
        keywords=("filter", "black and white", "sepia", "invert", "posterize", "pixelate"),
    )

    async def run(self, ctx: Context, args: EffectIn) -> ImageOut:
        """Return the picture with the look mixed in by the strength."""
        changed = on_colours(ctx.load(args.image), lambda each: _with_effect(each, args))
        return ImageOut(image=ctx.store(changed, like=args.image))


def _adjusted(picture: "Picture", args: AdjustIn) -> "Picture":
    from PIL import ImageEnhance

    steps = (
        (ImageEnhance.Brightness, args.brightness),
        (ImageEnhance.Contrast, args.contrast),
        (ImageEnhance.Color, args.saturation),
    )
    for enhance, factor in steps:
        if factor != 1:
            picture = enhance(picture).enhance(factor)
    if args.gamma != 1:
        picture = picture.point(lambda value: round(255 * (value / 255) ** (1 / args.gamma)))
    return _turned_hue(picture, args.hue) if args.hue % 360 else picture


def _turned_hue(picture: "Picture", degrees: float) -> "Picture":
    import PIL.Image

    hue, saturation, value = picture.convert("HSV").split()
    shift = round(degrees / 360 * 256)
    turned = hue.point(lambda each: (each + shift) % 256)
    return PIL.Image.merge("HSV", (turned, saturation, value)).convert("RGB")


def _with_effect(picture: "Picture", args: EffectIn) -> "Picture":
    import PIL.Image

    settings = EffectSettings(
        levels=args.levels,
        threshold=args.threshold,
        dark=colour_of(args.dark)[:3],
        light=colour_of(args.light)[:3],
        size=args.size,
    )
    changed = EFFECTS[args.effect](picture, settings)
    return changed if args.strength >= 1 else PIL.Image.blend(picture, changed, args.strength)


NODES = (Adjust, ApplyEffect)
