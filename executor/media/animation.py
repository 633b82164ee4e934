"""Animations: decoded frame by frame and written anew in their own format."""

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageSequence, PngImagePlugin

from executor.media.containers.gif import read_gif
from executor.media.gif_writer import write_gif
from executor.media.pixels import SAVE_OPTIONS, to_plain
from executor.media.types import MediaLimits


def write_animation(
    data: bytes, format_name: str, target: BinaryIO, *, lossless: bool, limits: MediaLimits
) -> None:
    """Write every frame of the file `data` to `target`, each with its time and no more."""
    if format_name == "gif":
        write_gif(read_gif(data, limits), target)
    elif format_name == "webp":
        _write_webp(data, target, lossless=lossless)
    else:
        _write_png(data, target)


def _open(data: bytes, format_name: str) -> Image.Image:
    return Image.open(BytesIO(data), formats=[format_name])


def _write_webp(data: bytes, target: BinaryIO, *, lossless: bool) -> None:
    """Decode once for the times and to see that all is whole, once more while writing."""
    options = {**SAVE_OPTIONS["webp"], "lossless": lossless}
    if lossless:
        options["quality"] = 0
    with _open(data, "webp") as image:
        durations = []
        for frame in ImageSequence.Iterator(image):
            frame.load()
            durations.append(int(frame.info["duration"]))
        image.seek(0)
        loop = image.info.get("loop", 0)
        image.save(target, "webp", save_all=True, loop=loop, duration=durations, **options)


def _write_png(data: bytes, target: BinaryIO) -> None:
    with _open(data, "png") as image:
        loop = image.info.get("loop", 0)
    frames = _Frames(data)
    options = {**SAVE_OPTIONS["png"], "disposal": PngImagePlugin.Disposal.OP_NONE, "loop": loop}
    first = frames.first()
    first.save(
        target, "png", save_all=True, append_images=frames, duration=frames.durations, **options
    )


class _Frames:
    """The frames of an APNG after the first, decoded anew at each pass.

    Pillow's writer walks them twice, and reads `durations` (in ms) by a frame's number as it goes.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.durations: list[float] = []

    def first(self) -> Image.Image:
        """Return the first frame."""
        return next(self._pass())

    def __iter__(self) -> Iterator[Image.Image]:
        stream = self._pass()
        next(stream)
        return stream

    def _pass(self) -> Iterator[Image.Image]:
        self.durations.clear()
        with _open(self._data, "png") as image:
            for frame in ImageSequence.Iterator(image):
                frame.load()
                self.durations.append(frame.info.get("duration", 0))
                yield to_plain(frame)
