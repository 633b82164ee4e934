"""Animations: decoded frame by frame and written anew, never held whole in pixels twice."""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageSequence, PngImagePlugin

from executor.media.pixels import SAVE_OPTIONS, to_plain

_OPAQUE = 255
# What is done with a frame before a next one that has holes, and before any other.
_DISPOSALS = {
    "gif": (2, 1),
    "png": (PngImagePlugin.Disposal.OP_NONE, PngImagePlugin.Disposal.OP_NONE),
}


def write_animation(data: bytes, format_name: str, target: BinaryIO, *, lossless: bool) -> None:
    """Write every frame of the file `data` to `target` in its own format, with its time, no more."""
    with _open(data, format_name) as image:
        if format_name == "webp":
            _write_webp(image, target, lossless=lossless)
            return
        loop = image.info.get("loop")
    frames = _Frames(data, format_name)
    options = {**SAVE_OPTIONS[format_name], "duration": frames.durations}
    options |= {"disposal": frames.disposals} | ({} if loop is None else {"loop": loop})
    frames.first().save(target, format_name, save_all=True, append_images=frames, **options)


def _open(data: bytes, format_name: str) -> Image.Image:
    return Image.open(BytesIO(data), formats=[format_name])


def _write_webp(image: Image.Image, target: BinaryIO, *, lossless: bool) -> None:
    """Decode once for the times and to see that all is whole, once more while writing."""
    durations = []
    for frame in ImageSequence.Iterator(image):
        frame.load()
        durations.append(int(frame.info["duration"]))
    image.seek(0)
    options = {**SAVE_OPTIONS["webp"], "lossless": lossless, "duration": durations}
    if lossless:
        options["quality"] = 0
    image.save(target, "webp", save_all=True, loop=image.info.get("loop", 0), **options)


class _Frames:
    """The frames after the first, decoded anew at each pass, one ahead of the writer.

    The writers walk them once or twice and read `durations` and `disposals` by the frame's number
    as they go; both lists grow just ahead of them.
    """

    def __init__(self, data: bytes, format_name: str) -> None:
        self._data = data
        self._format_name = format_name
        self._clear, self._keep = _DISPOSALS[format_name]
        self.durations: list[float] = []
        self.disposals: list[int] = []

    def first(self) -> Image.Image:
        """Return the first frame and make the lists tell of it."""
        return next(self._pass())

    def __iter__(self) -> Iterator[Image.Image]:
        stream = self._pass()
        next(stream)
        return stream

    def _pass(self) -> Iterator[Image.Image]:
        self.durations.clear()
        self.disposals.clear()
        held = None
        with _open(self._data, self._format_name) as image:
            for frame in ImageSequence.Iterator(image):
                frame.load()
                current = _CLEAN[self._format_name](frame)
                if held is not None:
                    self.disposals.append(self._clear if _has_holes(current) else self._keep)
                    yield held
                self.durations.append(frame.info.get("duration", 0))
                held = current
        self.disposals.append(self._keep)
        if held is not None:
            yield held


def _has_holes(frame: Image.Image) -> bool:
    """Say whether what is under the frame would show through it."""
    if not frame.has_transparency_data:
        return False
    return bool(frame.convert("RGBA").getchannel("A").getextrema()[0] != _OPAQUE)


def _gif_frame(frame: Image.Image) -> Image.Image:
    """Return a frame with its palette, and of its notes the transparent colour alone."""
    copy = frame.copy()
    transparency = frame.info.get("transparency")
    copy.info = {} if transparency is None else {"transparency": transparency}
    return copy


_CLEAN: dict[str, Callable[[Image.Image], Image.Image]] = {"gif": _gif_frame, "png": to_plain}
