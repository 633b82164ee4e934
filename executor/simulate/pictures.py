"""Simulated pictures, one way for each task that gives some."""

from collections.abc import Callable, Mapping

from PIL import Image, ImageFilter
from PIL.Image import Image as Picture

from executor.simulate.drawing import (
    encoded,
    flattened,
    ground,
    likeness,
    marked,
    open_input,
    oval,
    tinted,
)
from executor.simulate.seeds import numbered
from executor.simulate.sizes import (
    MAX_PIXELS,
    MAX_SIDE,
    Size,
    bounded,
    count_of,
    picture_size,
    upscaled_size,
)
from executor.simulate.types import Job, Made, MadeFile

_SIDES = {
    "left": ("left", "extend_left", "expand_left", "left_pixels"),
    "right": ("right", "extend_right", "expand_right", "right_pixels"),
    "top": ("top", "up", "extend_top", "expand_top", "top_pixels"),
    "bottom": ("bottom", "down", "extend_bottom", "expand_bottom", "bottom_pixels"),
}

Painter = Callable[[Job, Picture, bytes], Picture]


def pictures(job: Job) -> Made:
    """Return as many pictures as are asked for, in the format and size that are."""
    source = source_of(job)
    made = []
    for number in range(count_of(job)):
        seed = numbered(job.seed, number)
        picture = marked(_painted(job, source, seed), caption_of(job, number))
        made.append(MadeFile("image", encoded(picture, format_of(job))))
    return Made({"seed": seed_number(job)}, made)


def masks(job: Job) -> Made:
    """Return a mask in the size of its picture: white letters on black say that it is simulated."""
    source = source_of(job)
    size = picture_size(job, None) if source is None else source.size
    picture = marked(oval(bounded(size, MAX_SIDE, MAX_PIXELS), job.seed), caption_of(job))
    return Made({}, [MadeFile("image", encoded(picture, "png"))])


def source_of(job: Job) -> Picture | None:
    """Return the first picture among the inputs, decoded."""
    found = job.files("image", "mask")
    return open_input(job.read(found[0])) if found else None


def caption_of(job: Job, number: int = 0) -> str:
    """Return what stands under the mark: the model, which result, and what was asked for."""
    words = " ".join(job.text("prompt", "text", "lyrics").split())
    which = f" {number + 1}" if number else ""
    return f"{job.title}{which} · {job.seed.hex()[:8]}" + (f" · {words}" if words else "")


def format_of(job: Job) -> str:
    """Return the name of the format that is asked for; nothing where none is."""
    word = job.word("output_format", "format", "image_format", "response_format")
    return word.removeprefix("image/")


def seed_number(job: Job) -> int:
    """Return the seed that the result is said to be made with."""
    return int(job.number("seed") or int.from_bytes(job.seed[:3]))


def _painted(job: Job, source: Picture | None, seed: bytes) -> Picture:
    if source is None:
        picture = ground(picture_size(job, None), seed)
    else:
        picture = _PAINTERS.get(job.task, _changed)(job, source, seed)
    return _cleared(picture, seed) if _wants_no_background(job) else picture


def _wants_no_background(job: Job) -> bool:
    asked = job.values.get("transparent_background") is True
    return asked or job.word("background") == "transparent"


def _cleared(picture: Picture, seed: bytes) -> Picture:
    cut = picture.convert("RGBA")
    cut.putalpha(oval(cut.size, seed))
    return cut


def _changed(job: Job, source: Picture, seed: bytes) -> Picture:
    return tinted(likeness(source, picture_size(job, source.size)), seed)


def _larger(job: Job, source: Picture, seed: bytes) -> Picture:  # noqa: ARG001 - of every painter
    return likeness(source, upscaled_size(job, source.size))


def _cut_out(job: Job, source: Picture, seed: bytes) -> Picture:  # noqa: ARG001
    return _cleared(likeness(source, _size_of(source)), seed)


def _depth(job: Job, source: Picture, seed: bytes) -> Picture:  # noqa: ARG001
    return Image.linear_gradient("L").resize(_size_of(source), Image.Resampling.BILINEAR)


def _edges(job: Job, source: Picture, seed: bytes) -> Picture:  # noqa: ARG001
    grey = likeness(flattened(source), _size_of(source)).convert("L")
    return grey.filter(ImageFilter.FIND_EDGES)


def _extended(job: Job, source: Picture, seed: bytes) -> Picture:
    """Return the input with more around it: as many pixels as asked for, or to the asked size."""
    more = {side: int(job.number(*names) or 0) for side, names in _SIDES.items()}
    if any(more.values()):
        width = source.width + more["left"] + more["right"]
        height = source.height + more["top"] + more["bottom"]
        corner = more["left"], more["top"]
    else:
        width, height = picture_size(job, (source.width * 3 // 2, source.height * 3 // 2))
        corner = (width - source.width) // 2, (height - source.height) // 2
    canvas = ground(bounded((width, height), MAX_SIDE, MAX_PIXELS), seed)
    canvas.paste(likeness(flattened(source), source.size), corner)
    return canvas


def _size_of(source: Picture) -> Size:
    return bounded(source.size, MAX_SIDE, MAX_PIXELS)


_PAINTERS: Mapping[str, Painter] = {
    "upscale": _larger,
    "remove-background": _cut_out,
    "depth": _depth,
    "preprocess": _edges,
    "outpaint": _extended,
}
