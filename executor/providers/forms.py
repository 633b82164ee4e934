"""Multipart bodies: a call's values as text parts, and its files as file parts."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from executor.providers.base import InputFile, Request
from executor.providers.compose import read_bytes, too_large
from executor.providers.transport import FormField
from workflows.catalogue.wire import LIST_MARK


async def form_of(
    request: Request, *, max_file_bytes: int, values: Mapping[str, Any] | None = None
) -> list[FormField]:
    """Return a call's body, `values` instead if given, and its files as parts of a form.

    A list of plain values, or of files (its name has `[]` behind it), is a part for each; objects
    are sent as JSON; null is left out.

    Raises:
        ProviderError: a file is too large.
    """
    body = request.call.body if values is None else values
    parts = [part for name, value in body.items() for part in _parts(name, value)]
    for name, files in request.files.items():
        field = name.removesuffix(LIST_MARK)
        for number, file in enumerate(files):
            parts.append(await _file_part(field, number, file, max_file_bytes))
    return parts


async def _file_part(name: str, number: int, file: InputFile, max_bytes: int) -> FormField:
    if file.size > max_bytes:
        raise too_large(max_bytes)
    suffix = file.content_type.partition("/")[2].partition("+")[0] or "bin"
    return FormField(name, await read_bytes(file), f"{name}-{number}.{suffix}", file.content_type)


def _parts(name: str, value: Any) -> Iterator[FormField]:
    if value is None:
        return
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        for item in value:
            yield FormField(name, _text(item))
    else:
        yield FormField(name, _text(value))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
