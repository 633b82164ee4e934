"""Values as nodes see them. JSON kinds are plain Python; media are handles to a file.

A handle may also carry the decoded thing, so that nodes fused into one segment hand it over in
memory. Media other than pictures carry no decoded form: nodes read the file by `Context.path`.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Media:
    """A file of some media kind.

    `file_id` is None until it is stored; `content_type` is what a download would be;
    `decoded` is the in-memory form (a `PIL.Image.Image` for pictures), never part of equality.
    `draft` marks a stored file that is in the fast lossless form of values between nodes, not yet
    in the format that `content_type` names; `quality` (1 to 100) is asked of a lossy one; `sha256`
    is that of the stored bytes.
    """

    kind: str
    content_type: str
    file_id: str | None = None
    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    draft: bool = False
    quality: int | None = None
    sha256: str | None = None
    decoded: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Image(Media):
    """A picture. Its format is `content_type`; operations keep it unless told otherwise."""

    kind: str = "image"
    content_type: str = "image/png"


@dataclass(frozen=True, slots=True)
class Mask(Media):
    """A greyscale picture: white is chosen, black is not."""

    kind: str = "mask"
    content_type: str = "image/png"


@dataclass(frozen=True, slots=True)
class Video(Media):
    """A film."""

    kind: str = "video"
    content_type: str = "video/mp4"


@dataclass(frozen=True, slots=True)
class Audio(Media):
    """A sound."""

    kind: str = "audio"
    content_type: str = "audio/wav"


@dataclass(frozen=True, slots=True)
class Model3D(Media):
    """A 3D model."""

    kind: str = "model3d"
    content_type: str = "model/gltf-binary"


MEDIA_CLASSES: dict[str, type[Media]] = {
    "image": Image,
    "mask": Mask,
    "video": Video,
    "audio": Audio,
    "model3d": Model3D,
}
