"""What the readers of image files have in common."""

from typing import NamedTuple

from executor.media.errors import MediaRejected
from executor.media.types import MediaLimits

# A profile larger than this says nothing that a picture needs, and costs time to parse.
MAX_PROFILE_BYTES = 1024 * 1024


class Prepared(NamedTuple):
    """An image file whose structure holds, with nothing in it but what decoding needs."""

    data: bytes
    width: int
    height: int
    frames: int = 1
    lossless: bool = True


def undecodable(message: str) -> MediaRejected:
    """Return the error for a damaged file."""
    return MediaRejected("undecodable", message)


def check_size(width: int, height: int, frames: int, limits: MediaLimits) -> None:
    """Hold a claimed size against the limits.

    Raises:
        MediaRejected: `image_too_large`, or `undecodable` for an image without pixels.
    """
    if width < 1 or height < 1 or frames < 1:
        raise undecodable("The image has no pixels.")
    if max(width, height) > limits.max_side:
        raise _too_large(f"The image is {width} × {height}; a side may be {limits.max_side}.")
    if width * height > limits.max_pixels:
        raise _too_large(
            f"The image is {width} × {height}; {limits.max_pixels:,} pixels are allowed."
        )
    if frames > limits.max_frames:
        raise _too_large(f"The image has over {limits.max_frames:,} frames.")
    if frames * width * height > limits.max_total_pixels:
        raise _too_large(
            f"The image is {frames} frames of {width} × {height}; "
            f"{limits.max_total_pixels:,} pixels in all are allowed."
        )


def _too_large(message: str) -> MediaRejected:
    return MediaRejected("image_too_large", message)
