"""Multipart bodies: a call's values as text parts, and its files as file parts."""

import json
import mimetypes
from collections.abc import Iterator, Mapping
from typing import Any

from executor.providers.base import InputFile, Request
from executor.providers.compose import read_bytes, too_large
from executor.providers.transport import FormField
from workflows.catalogue.wire import LIST_MARK

# Of content types that Python's table lacks or has another ending for; providers go by the ending.
_SUFFIXES: Mapping[str, str] = {
    "audio/wav": ".wav",
    "audio/ogg": ".ogg",
    "audio/mp4": ".m4a",
    "audio/flac": ".flac",
    "image/webp": ".webp",
    "video/x-matroska": ".mkv",
    "model/gltf-binary": ".glb",
}


async def form_of(
    request: Request, *, max_file_bytes: int, values: Mapping[str, Any] | None = None
) -> list[FormField]:
    """Return a call's body, `values` instead if given, and its files as parts of a form.

    A list of plain values, or of files (its name has `[]` behind it), is a part for each; objects
    are sent as JSON; null is left out.

    Raises:
        ProviderError: a file is too large.
    """
    parts = text_parts(request.call.body if values is None else values)
    for name, files in request.files.items():
        field = name.removesuffix(LIST_MARK)
        for number, file in enumerate(files):
            stem = f"{field}-{number}"
            parts.append(await file_part(field, file, max_bytes=max_file_bytes, stem=stem))
    return parts


def text_parts(values: Mapping[str, Any], *, list_mark: str = "") -> list[FormField]:
    """Return values as parts; `list_mark` stands behind the name of each item of a list."""
    return [part for name, value in values.items() for part in _parts(name, value, list_mark)]


async def file_part(
    name: str, file: InputFile, *, max_bytes: int, stem: str | None = None
) -> FormField:
    """Return a file as a part, called `stem` (else as the part) with the ending of its type.

    Raises:
        ProviderError: it is too large.
    """
    if file.size > max_bytes:
        raise too_large(max_bytes)
    return FormField(name, await read_bytes(file), file_name(file, stem or name), file.content_type)


def file_name(file: InputFile, stem: str = "input") -> str:
    """Return a name for a file whose ending says what it is."""
    kind = file.content_type
    return stem + (_SUFFIXES.get(kind) or mimetypes.guess_extension(kind) or ".bin")


def _parts(name: str, value: Any, list_mark: str) -> Iterator[FormField]:
    if value is None:
        return
    if isinstance(value, list | tuple) and not any(isinstance(item, dict | list) for item in value):
        for item in value:
            yield FormField(name + list_mark, _text(item))
    else:
        yield FormField(name, _text(value))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
