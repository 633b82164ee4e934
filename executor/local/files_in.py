"""Decoding the files of an order: pictures, masks, films."""

import io
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from executor.local.types import GivenFile, WrongOrder

MAX_FRAMES = 600
MAX_PIXELS = 100_000_000


def decoded(file: GivenFile, name: str) -> Any:
    """Return a file as pipelines take it: a picture, or a list of a film's frames.

    Raises:
        WrongOrder: it cannot be read.
    """
    family = file.content_type.partition("/")[0]
    if family == "image":
        return _picture(file.data, name, "L" if "mask" in name else "RGB")
    if family == "video":
        return _frames(file.data, name)
    raise WrongOrder(f"{name} is of a kind that is not taken.")


def _picture(data: bytes, name: str, mode: str) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data)) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise WrongOrder(f"{name} is too large.")
            return ImageOps.exif_transpose(opened).convert(mode)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise WrongOrder(f"{name} is no picture that can be read.") from None


def _frames(data: bytes, name: str) -> list[Image.Image]:
    import av  # noqa: PLC0415 - of the extra `local`

    frames: list[Image.Image] = []
    try:
        with av.open(io.BytesIO(data)) as opened:
            for frame in opened.decode(video=0):
                frames.append(frame.to_image())
                if len(frames) == MAX_FRAMES:
                    break
    except (av.error.FFmpegError, IndexError, ValueError):
        frames = []
    if not frames:
        raise WrongOrder(f"{name} is no film that can be read.")
    return frames


def rate_of(file: GivenFile) -> float:
    """Return how many frames a second a film has.

    Raises:
        WrongOrder: it is no film that can be read.
    """
    import av  # noqa: PLC0415 - of the extra `local`

    try:
        with av.open(io.BytesIO(file.data)) as opened:
            return float(opened.streams.video[0].average_rate or 1)
    except (av.error.FFmpegError, IndexError, ValueError):
        raise WrongOrder("There is no film that can be read.") from None
