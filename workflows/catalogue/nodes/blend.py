"""Blend modes, as CSS and the W3C's compositing define them."""

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


def blend_onto(
    base: "Picture", layer: "Picture", left: int, top: int, mode: BlendMode
) -> "Picture":
    """Return RGBA `base` with RGBA `layer` blended in at a place; what sticks out is cut off."""
    box = overlap(base.size, layer.size, left, top)
    if box is None:
        return base
    result = base.copy()
    under = base.crop(box)
    over = layer.crop((box[0] - left, box[1] - top, box[2] - left, box[3] - top))
    under.alpha_composite(over if mode == "normal" else _mixed(under, over, mode))
    result.paste(under, box)
    return result


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
