"""Which reader looks at the structure of what is not an image; such files are stored as they are."""

from collections.abc import Callable

from executor.media.containers import audio, documents, isobmff, matroska
from executor.media.containers.facts import Buffer, Facts

_INSPECT: dict[str, Callable[[Buffer], Facts]] = {
    "mp4": lambda data: isobmff.inspect_isobmff(data, "mp4"),
    "mov": lambda data: isobmff.inspect_isobmff(data, "mov"),
    "m4a": lambda data: isobmff.inspect_isobmff(data, "m4a"),
    "webm": lambda data: matroska.inspect_matroska(data, "webm"),
    "mkv": lambda data: matroska.inspect_matroska(data, "mkv"),
    "wav": audio.inspect_wav,
    "flac": audio.inspect_flac,
    "ogg": audio.inspect_ogg,
    "mp3": audio.inspect_mp3,
    "aac": audio.inspect_aac,
    "glb": documents.inspect_glb,
    "json": documents.inspect_json,
    "text": documents.inspect_text,
}


def inspect_structure(data: Buffer, format_name: str) -> Facts:
    """Return what the container tells; the name may change (sound in an MP4 is `m4a`).

    Raises:
        MediaRejected: it is damaged.
        UnsupportedMediaType: it points outside itself, or hides a format that is not taken.
    """
    return _INSPECT[format_name](data)
