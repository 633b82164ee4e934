"""What the image nodes share: colours, places, and working on a picture of any mode.

Pictures are `PIL.Image.Image` in mode L, RGB or RGBA, as `Context.load` gives them. Nothing here
changes the picture that it is given, save `lay_over`, which says so.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.node import Inputs, Outputs
from workflows.catalogue.nodes.limits import check_size
from workflows.catalogue.params import param, port
from workflows.catalogue.values import Image

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.Image import Resampling

Colour = tuple[int, int, int, int]
Box = tuple[int, int, int, int]
Anchor = Literal[
    "top-left",
    "top",
    "top-right",
    "left",
    "center",
    "right",
    "bottom-left",
    "bottom",
    "bottom-right",
]
Resample = Literal["lanczos", "bicubic", "bilinear", "nearest"]
Fit = Literal["cover", "contain", "fill", "inside"]
TRANSPARENT = "#00000000"


class ImageIn(Inputs):
    """A picture."""

    image: Image = port("Image")


class ImageOut(Outputs):
    """A picture."""

    image: Image = port("Image")


def colour_of(text: str) -> Colour:
    """Read `#rgb`, `#rrggbb` or `#rrggbbaa`.

    Raises:
        NodeFailed: `invalid_value` for anything else.
    """
    digits = text.strip().removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    try:
        red, green, blue, alpha = bytes.fromhex(digits if len(digits) == 8 else digits + "ff")
    except ValueError as error:
        raise NodeFailed("invalid_value", f"{text[:50]!r} is no colour such as #ff8800.") from error
    return red, green, blue, alpha


def colour_param(default: str | None, title: str, help: str = "") -> str:  # noqa: A002
    """Declare a colour; null stands for none."""
    field: str = param(default, title=title, help=help, kind="colour")
    return field


def place(anchor: str, outer: tuple[int, int], inner: tuple[int, int]) -> tuple[int, int]:
    """Return where the top left corner of `inner` lies in `outer` (width, height) by an anchor."""
    across, down = (outer[0] - inner[0]), (outer[1] - inner[1])
    left = 0 if "left" in anchor else across if "right" in anchor else across // 2
    top = 0 if "top" in anchor else down if "bottom" in anchor else down // 2
    return left, top


def resampling(name: str) -> "Resampling":
    """Return Pillow's name for a way of resampling."""
    import PIL.Image

    return PIL.Image.Resampling[name.upper()]


def resized(picture: "Picture", width: int, height: int, resample: str = "lanczos") -> "Picture":
    """Return the picture stretched to a size, which is checked first."""
    check_size(width, height)
    if picture.size == (width, height):
        return picture
    return picture.resize((width, height), resampling(resample))


def covering(
    picture: "Picture", width: int, height: int, anchor: str = "center", resample: str = "lanczos"
) -> "Picture":
    """Return the picture scaled to fill a size, cut where it is too long; the anchor stays."""
    check_size(width, height)
    scale = max(width / picture.width, height / picture.height)
    kept_width = min(width / scale, picture.width)
    kept_height = min(height / scale, picture.height)
    left = _share(anchor, "left", "right") * (picture.width - kept_width)
    top = _share(anchor, "top", "bottom") * (picture.height - kept_height)
    box = (left, top, left + kept_width, top + kept_height)
    return picture.resize((width, height), resampling(resample), box=box)


def fitted_size(picture: "Picture", width: int, height: int) -> tuple[int, int]:
    """Return the largest size of the picture's own shape within a size."""
    scale = min(width / picture.width, height / picture.height)
    return max(1, round(picture.width * scale)), max(1, round(picture.height * scale))


def contained(
    picture: "Picture",
    width: int,
    height: int,
    background: str,
    anchor: str = "center",
    resample: str = "lanczos",
) -> "Picture":
    """Return the picture scaled to lie within a size, with background around it."""
    check_size(width, height)
    inner = resized(picture, *fitted_size(picture, width, height), resample)
    return padded(inner, width, height, place(anchor, (width, height), inner.size), background)


def padded(
    picture: "Picture", width: int, height: int, at: tuple[int, int], background: str
) -> "Picture":
    """Return the picture on a canvas of a colour, which shows around it but not through it."""
    import PIL.Image

    check_size(width, height)
    colour = colour_of(background)
    mode = "RGBA" if colour[3] < 255 or picture.mode == "RGBA" else "RGB"
    canvas = PIL.Image.new(mode, (width, height), colour if mode == "RGBA" else colour[:3])
    canvas.paste(picture.convert(mode), at)
    return canvas


def on_colours(picture: "Picture", change: Callable[["Picture"], "Picture"]) -> "Picture":
    """Return the picture with a change made to its colours, as RGB, and its alpha kept."""
    if picture.mode != "RGBA":
        return change(picture.convert("RGB"))
    changed = change(picture.convert("RGB")).convert("RGB")
    changed.putalpha(picture.getchannel("A"))
    return changed


def premultiplied(picture: "Picture", change: Callable[["Picture"], "Picture"]) -> "Picture":
    """Return the picture after a change that mixes neighbours; hidden colours do not bleed in."""
    if picture.mode != "RGBA":
        return change(picture)
    return change(picture.convert("RGBa")).convert("RGBA")


def lay_over(canvas: "Picture", layer: "Picture", left: int, top: int) -> None:
    """Blend an RGBA layer onto an RGBA canvas, which is changed; what sticks out is cut off."""
    box = overlap(canvas.size, layer.size, left, top)
    if box is not None:
        part = layer.crop((box[0] - left, box[1] - top, box[2] - left, box[3] - top))
        canvas.alpha_composite(part, (box[0], box[1]))


def overlap(outer: tuple[int, int], inner: tuple[int, int], left: int, top: int) -> Box | None:
    """Return the part of `outer` that `inner` covers when laid at a place; None for no part."""
    box = (
        max(left, 0),
        max(top, 0),
        min(left + inner[0], outer[0]),
        min(top + inner[1], outer[1]),
    )
    return box if box[0] < box[2] and box[1] < box[3] else None


def faded(layer: "Picture", opacity: float) -> "Picture":
    """Return an RGBA layer with its alpha scaled by 0 to 1."""
    import PIL.Image

    if opacity >= 1:
        return layer
    red, green, blue, alpha = layer.split()
    share = max(opacity, 0.0)
    return PIL.Image.merge(
        "RGBA", (red, green, blue, alpha.point(lambda value: round(value * share)))
    )


def as_before(picture: "Picture", before: "Picture") -> "Picture":
    """Return an RGBA picture as RGB if the one it was made from had no transparency."""
    return picture if before.mode == "RGBA" else picture.convert("RGB")


def _share(anchor: str, low: str, high: str) -> float:
    return 0.0 if low in anchor else 1.0 if high in anchor else 0.5
