"""Blend modes, composited as the W3C defines it; soft-light is Pillow's, a shade off the W3C's."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from workflows.catalogue.nodes.pixels import overlap

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

BlendMode = Literal[
    "normal",
    "multiply",
    "screen",
    "overlay",
    "darken",
    "lighten",
    "soft-light",
    "hard-light",
    "difference",
    "exclusion",
    "add",
    "subtract",
]
BAND = 512  # rows


def blend_onto(base: "Picture", layer: "Picture", left: int, top: int, mode: BlendMode) -> None:
    """Blend an RGBA layer into an RGBA base, which is changed; what sticks out is cut off.

    Works in bands, because each mode needs several pictures in between.
    """
    box = overlap(base.size, layer.size, left, top)
    if box is None:
        return
    for upper in range(box[1], box[3], BAND):
        band = (box[0], upper, box[2], min(upper + BAND, box[3]))
        under = base.crop(band)
        over = layer.crop((band[0] - left, band[1] - top, band[2] - left, band[3] - top))
        under.alpha_composite(over if mode == "normal" else _mixed(under, over, mode))
        base.paste(under, band)


def _mixed(under: "Picture", over: "Picture", mode: BlendMode) -> "Picture":
    """Return the layer in its blended colours; where nothing lies under it, in its own."""
    import PIL.Image

    own = over.convert("RGB")
    blended = _functions()[mode](under.convert("RGB"), own)
    mixed = PIL.Image.composite(blended, own, under.getchannel("A"))
    mixed.putalpha(over.getchannel("A"))
    return mixed


def _functions() -> Mapping[str, Callable[["Picture", "Picture"], "Picture"]]:
    from PIL import ImageChops

    return {
        "multiply": ImageChops.multiply,
        "screen": ImageChops.screen,
        "overlay": ImageChops.overlay,
        "darken": ImageChops.darker,
        "lighten": ImageChops.lighter,
        "soft-light": ImageChops.soft_light,
        "hard-light": ImageChops.hard_light,
        "difference": ImageChops.difference,
        "exclusion": _exclusion,
        "add": ImageChops.add,
        "subtract": ImageChops.subtract,
    }


def _exclusion(under: "Picture", over: "Picture") -> "Picture":
    """Blend as a + b - 2ab."""
    from PIL import ImageChops

    return ImageChops.subtract(ImageChops.screen(under, over), ImageChops.multiply(under, over))
