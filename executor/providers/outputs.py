"""Finding files and texts in what a provider's models gave, where each model names them differently.

fal, Replicate and Segmind run thousands of models, and pass on what each of them gives: a URL, a
list of URLs, an object with files in it. Which kind of file is meant follows from the task.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from executor.providers.answers import clean_text, get_any, get_str
from executor.providers.base import ResultFile
from executor.providers.errors import Unanswered
from executor.providers.transport import Reply
from workflows.catalogue.tasks import TASKS

MAX_FILES = 64
MAX_DEPTH = 6
MAX_URL = 4096  # characters

_KIND_OF_MODALITY = {"image": "image", "video": "video", "audio": "audio", "3d": "model3d"}
# What a task gives, where it gives files.
KIND_OF_TASK: Mapping[str, str] = {
    name: _KIND_OF_MODALITY[task.modality]
    for name, task in TASKS.items()
    if task.modality in _KIND_OF_MODALITY
}
# Tasks that give words or numbers: an address in those is no file.
WORD_TASKS = TASKS.keys() - KIND_OF_TASK.keys()
_KIND_OF_SUFFIX: Mapping[str, str] = {
    suffix: kind
    for kind, suffixes in {
        "image": ("png", "jpg", "jpeg", "webp", "gif", "avif", "bmp", "tif", "tiff"),
        "video": ("mp4", "webm", "mov", "mkv", "avi", "m4v"),
        "audio": ("wav", "mp3", "flac", "ogg", "opus", "m4a", "aac"),
        "model3d": ("glb", "gltf", "obj", "fbx", "stl", "ply", "usdz"),
    }.items()
    for suffix in suffixes
}
# The task is not known of a job that was found again: the rarest kind is then what was asked for.
_BY_RARITY = ("model3d", "video", "audio", "image")


def kind_of_name(name: str) -> str | None:
    """Return the kind of file that a name or path ends in; None for an ending of no such kind."""
    return _KIND_OF_SUFFIX.get(PurePosixPath(name).suffix.lstrip(".").lower())


def kind_of_type(content_type: str) -> str | None:
    """Return the kind of file that a content type stands for."""
    family, _, rest = content_type.lower().partition("/")
    if family in ("image", "video", "audio"):
        return family
    return "model3d" if family == "model" or rest.startswith("gltf") else None


def files_in(output: Any, task: str = "") -> tuple[ResultFile, ...]:
    """Return the files that an output names, of the kind that its task gives, in their order.

    Files whose kind nothing says are taken to be of that kind. Without a task it is one kind, too.
    """
    if task in WORD_TASKS:
        return ()
    if task == "segment":  # beside the masks there may be a picture that shows them
        output = get_any(output, "masks") or get_any(output, "mask") or output
    found = list(islice(_files(output, MAX_DEPTH), MAX_FILES))
    kind = KIND_OF_TASK.get(task) or _rarest(kind for kind, _ in found)
    files = (_file(kind, link) for told, link in found if told in (None, kind))
    return tuple(dict.fromkeys(file for file in files if file is not None))


def text_in(output: Any) -> str | None:
    """Return the text that an output is: one, a list of pieces, or one under a usual name."""
    if isinstance(output, str):
        return clean_text(output)
    if isinstance(output, list):
        pieces = [piece for piece in output if isinstance(piece, str)]
        return clean_text("".join(pieces)) if len(pieces) == len(output) and pieces else None
    for name in ("text", "output", "transcription", "caption", "results"):
        text = get_str(output, name)
        if text is not None:
            return text
    return None


def sound_in(reply: Reply) -> ResultFile:
    """Return the sound that an answer's body is.

    Raises:
        Unanswered: it is none.
    """
    kind = reply.headers.get("Content-Type", "").lower()
    if not kind.startswith(("audio/", "application/octet-stream")) or not reply.body:
        raise Unanswered("the answer is no sound")
    return ResultFile("audio", data=reply.body)


def is_link(text: str) -> bool:
    """Say whether a text names a file: an address, or a data URI."""
    return (text.startswith(("https://", "http://")) and len(text) <= MAX_URL) or _is_inline(text)


def _is_inline(text: str) -> bool:
    return text.startswith("data:") and "," in text[:200]


def _files(value: Any, depth: int) -> Iterator[tuple[str | None, str]]:
    """Give `(kind if something says it, link)` of each file in a value."""
    if isinstance(value, str) and is_link(value):
        yield _kind_of_link(value), value
    elif isinstance(value, dict) and isinstance(value.get("url"), str):
        if is_link(value["url"]):
            told = kind_of_type(get_str(value, "content_type") or "")
            yield told or _kind_of_link(value["url"]), value["url"]
    elif depth and isinstance(value, dict | list):
        for part in _parts(value):
            yield from _files(part, depth - 1)


def _parts(value: dict[str, Any] | list[Any]) -> Sequence[Any]:
    return value[:MAX_FILES] if isinstance(value, list) else list(value.values())[:MAX_FILES]


def _kind_of_link(link: str) -> str | None:
    if _is_inline(link):
        return kind_of_type(link[5:200].partition(",")[0].partition(";")[0])
    try:
        return kind_of_name(urlsplit(link).path)
    except ValueError:
        return None


def _rarest(kinds: Iterator[str | None]) -> str:
    present = set(kinds)
    return next((kind for kind in _BY_RARITY if kind in present), "image")


def _file(kind: str, link: str) -> ResultFile | None:
    if not _is_inline(link):
        return ResultFile(kind, url=clean_text(link))
    head, _, content = link.partition(",")
    try:
        is_base64 = head.endswith(";base64")
        data = base64.b64decode(content, validate=True) if is_base64 else unquote_to_bytes(content)
    except (binascii.Error, ValueError):
        return None
    return ResultFile(kind, data=data) if data else None
