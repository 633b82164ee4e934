"""What goes into and comes out of normalising a file."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

MediaKind = Literal["image", "video", "audio", "model3d", "json", "text"]

MEBIBYTE = 1024 * 1024


class MediaLimits(NamedTuple):
    """How big a file of each kind may be, and how much work an image may ask for.

    Sizes are in bytes, `timeout_s` is wall time. `max_total_pixels` is frames times pixels.
    """

    image_bytes: int = 50 * MEBIBYTE
    audio_bytes: int = 100 * MEBIBYTE
    video_bytes: int = 500 * MEBIBYTE
    other_bytes: int = 50 * MEBIBYTE
    max_pixels: int = 40_000_000
    max_side: int = 16_384
    max_total_pixels: int = 400_000_000
    max_frames: int = 2_000
    timeout_s: float = 30.0

    def bytes_for(self, kind: MediaKind) -> int:
        """Return the greatest size of a file of this kind, in bytes."""
        by_kind = {
            "image": self.image_bytes,
            "audio": self.audio_bytes,
            "video": self.video_bytes,
        }
        return by_kind.get(kind, self.other_bytes)


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a normalised file is; `bytes` and `sha256` are of the file that was written.

    Width and height are None where the kind has none or the container does not say; `duration_s`
    likewise.
    """

    kind: MediaKind
    content_type: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
