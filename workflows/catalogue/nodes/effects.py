"""The looks of `image.effect`: each takes an RGB picture and settings, and gives an RGB picture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

SEPIA = (0.393, 0.769, 0.189, 0, 0.349, 0.686, 0.168, 0, 0.272, 0.534, 0.131, 0)


@dataclass(frozen=True, slots=True)
class EffectSettings:
    """What the looks may be told; colours are RGB, `size` is in pixels."""

    levels: int
    threshold: int
    dark: tuple[int, int, int]
    light: tuple[int, int, int]
    size: int


Effect = Callable[["Picture", EffectSettings], "Picture"]


def _grayscale(picture: "Picture", settings: EffectSettings) -> "Picture":  # noqa: ARG001
    return picture.convert("L").convert("RGB")


def _sepia(picture: "Picture", settings: EffectSettings) -> "Picture":  # noqa: ARG001
    return picture.convert("RGB", SEPIA)


def _invert(picture: "Picture", settings: EffectSettings) -> "Picture":  # noqa: ARG001
    return picture.point(lambda value: 255 - value)


def _posterize(picture: "Picture", settings: EffectSettings) -> "Picture":
    steps = max(settings.levels, 2) - 1
    return picture.point(lambda value: round(round(value * steps / 255) * 255 / steps))


def _solarize(picture: "Picture", settings: EffectSettings) -> "Picture":
    return picture.point(lambda value: value if value < settings.threshold else 255 - value)


def _threshold(picture: "Picture", settings: EffectSettings) -> "Picture":
    grey = picture.convert("L")
    return grey.point(lambda value: 255 if value >= settings.threshold else 0).convert("RGB")


def _duotone(picture: "Picture", settings: EffectSettings) -> "Picture":
    from PIL import ImageOps

    return ImageOps.colorize(picture.convert("L"), settings.dark, settings.light)


def _edges(picture: "Picture", settings: EffectSettings) -> "Picture":  # noqa: ARG001
    from PIL import ImageFilter

    return picture.filter(ImageFilter.FIND_EDGES)


def _emboss(picture: "Picture", settings: EffectSettings) -> "Picture":  # noqa: ARG001
    from PIL import ImageFilter

    return picture.filter(ImageFilter.EMBOSS)


def _contour(picture: "Picture", settings: EffectSettings) -> "Picture":  # noqa: ARG001
    from PIL import ImageFilter

    return picture.filter(ImageFilter.CONTOUR)


def _vignette(picture: "Picture", settings: EffectSettings) -> "Picture":
    import PIL.Image

    edge = PIL.Image.new("RGB", picture.size, settings.dark)
    shape = PIL.Image.radial_gradient("L").resize(picture.size)
    return PIL.Image.composite(edge, picture, shape)


def _pixelate(picture: "Picture", settings: EffectSettings) -> "Picture":
    import PIL.Image

    size = max(settings.size, 1)
    small = (max(1, round(picture.width / size)), max(1, round(picture.height / size)))
    blocks = picture.resize(small, PIL.Image.Resampling.BOX)
    return blocks.resize(picture.size, PIL.Image.Resampling.NEAREST)


EFFECTS: Mapping[str, Effect] = {
    "grayscale": _grayscale,
    "sepia": _sepia,
    "invert": _invert,
    "posterize": _posterize,
    "solarize": _solarize,
    "threshold": _threshold,
    "duotone": _duotone,
    "edges": _edges,
    "emboss": _emboss,
    "contour": _contour,
    "vignette": _vignette,
    "pixelate": _pixelate,
}
