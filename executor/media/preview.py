"""Small pictures of what a node is at, to be looked at and thrown away."""

import base64
import io

from PIL import Image

from executor.media.encode import flattened

MAX_SIDE = 512
MAX_BYTES = 24 * 1024
_TRIES = ((512, 75), (512, 50), (384, 50), (256, 50), (128, 40), (64, 30))  # side, JPEG quality


def preview_uri(picture: Image.Image) -> str:
    """Return a picture as the data URI of a JPEG of at most `MAX_SIDE` pixels and `MAX_BYTES`.

    The picture itself is left alone.
    """
    small = flattened(_shrunk(picture, MAX_SIDE))
    data = b""
    for side, quality in _TRIES:
        target = io.BytesIO()
        _shrunk(small, side).save(target, "JPEG", quality=quality)
        data = target.getvalue()
        if len(data) <= MAX_BYTES:
            break
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"


def _shrunk(picture: Image.Image, side: int) -> Image.Image:
    if max(picture.size) <= side:
        return picture
    small = (
        picture.copy() if max(picture.size) <= 2 * side else picture.reduce(_factor(picture, side))
    )
    small.thumbnail((side, side), Image.Resampling.BILINEAR)
    return small


def _factor(picture: Image.Image, side: int) -> int:
    """Return by how much to reduce first, which is quick, so that no less than `side` is left."""
    return max(max(picture.size) // side, 1)
