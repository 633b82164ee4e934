"""glTF binaries, JSON and text: whole, and with nothing in them that points to another file."""

import json
import re
import struct
from typing import Any

from common.errors import UnsupportedMediaType
from executor.media.containers.base import undecodable
from executor.media.containers.facts import Buffer, Facts

_GLB_HEADER = struct.Struct("<4sIIII")
_GLB_VERSION = 2
_JSON_CHUNK = 0x4E4F534A
# What makes a text a Wavefront model with its materials elsewhere.
_OBJ_REFERENCE = re.compile(rb"^\s*(?:mtllib|usemtl)\s", re.MULTILINE)
_GLTF_PARTS = frozenset(("scenes", "nodes", "meshes", "buffers"))


def inspect_glb(data: Buffer) -> Facts:
    """Check that a model is whole and carries its buffers and images itself.

    Raises:
        MediaRejected: lengths do not fit, or its JSON is none.
        UnsupportedMediaType: a `uri` in it is anything but a `data:` URI.
    """
    if len(data) < _GLB_HEADER.size:
        raise undecodable("The model ends before its end.")
    _, version, total, length, kind = _GLB_HEADER.unpack(data[: _GLB_HEADER.size])
    end = _GLB_HEADER.size + length
    if version != _GLB_VERSION or total != len(data) or kind != _JSON_CHUNK or end > total:
        raise undecodable("The header of the model does not fit its length.")
    try:
        document = _parse(bytes(data[_GLB_HEADER.size : end]))
    except ValueError as error:
        raise undecodable("The description of the model is no JSON.") from error
    if not isinstance(document, dict) or "asset" not in document:
        raise undecodable("The model has no description.")
    if any(_points_outside(uri) for uri in _values_of("uri", document)):
        raise UnsupportedMediaType("A model must hold all of its buffers and images.")
    return Facts("glb")


def _points_outside(uri: object) -> bool:
    return not (isinstance(uri, str) and uri.startswith("data:"))


def _values_of(key: str, document: object) -> list[object]:
    """Return every value under `key`, at any depth."""
    found, open_ends = [], [document]
    while open_ends:
        current = open_ends.pop()
        if isinstance(current, dict):
            found += [value for name, value in current.items() if name == key]
            open_ends += current.values()
        elif isinstance(current, list):
            open_ends += current
    return found


def inspect_json(data: Buffer) -> Facts:
    """Check that a JSON document is one; what only looks like one is text.

    Raises:
        MediaRejected: it is no UTF-8.
        UnsupportedMediaType: it is a glTF scene, which needs other files.
    """
    try:
        document = _parse(bytes(data))
    except ValueError:
        return inspect_text(data)
    if isinstance(document, dict) and "asset" in document and _GLTF_PARTS & document.keys():
        raise UnsupportedMediaType("Send models as one self-contained .glb file.")
    return Facts("json")


def _parse(data: bytes) -> Any:
    """Parse strictly: no NaN, no depth that ends the parser.

    Raises:
        MediaRejected: nested deeper than the parser goes, or, as a `ValueError`, no JSON.
    """
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise undecodable("The JSON is nested too deeply.") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def inspect_text(data: Buffer) -> Facts:
    """Check that a text is UTF-8 throughout.

    Raises:
        MediaRejected: it is not, or it holds NUL.
        UnsupportedMediaType: it is a Wavefront model that names its materials.
    """
    text = bytes(data)
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise undecodable("The text is not UTF-8.") from error
    if b"\0" in text:
        raise undecodable("The text holds a NUL.")
    if _OBJ_REFERENCE.search(text):
        raise UnsupportedMediaType("Send models as one self-contained .glb file.")
    return Facts("text")
