"""Writing a mesh as GLB, the binary form of glTF 2.0."""

import json
import struct
from typing import Any

import numpy as np

_FLOAT, _UINT = 5126, 5125
_MAGIC, _JSON, _BIN = 0x46546C67, 0x4E4F534A, 0x004E4942


def glb_of(mesh: Any) -> bytes:
    """Return a mesh with `verts`, `faces` and colours in `vertex_channels` (R, G, B) as a GLB.

    Shap-E's up is z, glTF's is y.
    """
    points = _array(mesh.verts, "<f4")[:, [0, 2, 1]] * np.array([1, 1, -1], dtype="<f4")
    faces = _array(mesh.faces, "<u4").reshape(-1)
    channels = [mesh.vertex_channels[name] for name in "RGB"]
    colours = np.stack([_array(each, "<f4") for each in channels], axis=1)
    buffers = [np.ascontiguousarray(each).tobytes() for each in (points, colours, faces)]
    return _packed(_document(points, faces, [len(each) for each in buffers]), b"".join(buffers))


def _array(values: Any, kind: str) -> Any:
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values).astype(kind)


def _document(points: Any, faces: Any, sizes: list[int]) -> dict[str, Any]:
    starts = [0, sizes[0], sizes[0] + sizes[1]]
    low, high = (points.min(0), points.max(0)) if len(points) else (np.zeros(3), np.zeros(3))
    bounds = {"min": low.tolist(), "max": high.tolist()}
    accessors = [
        {"bufferView": 0, "componentType": _FLOAT, "count": len(points), "type": "VEC3", **bounds},
        {"bufferView": 1, "componentType": _FLOAT, "count": len(points), "type": "VEC3"},
        {"bufferView": 2, "componentType": _UINT, "count": len(faces), "type": "SCALAR"},
    ]
    part = {"attributes": {"POSITION": 0, "COLOR_0": 1}, "indices": 2}
    return {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [part]}],
        "accessors": accessors,
        "bufferViews": [
            {"buffer": 0, "byteOffset": start, "byteLength": size}
            for start, size in zip(starts, sizes, strict=True)
        ],
        "buffers": [{"byteLength": sum(sizes)}],
    }


def _packed(document: dict[str, Any], binary: bytes) -> bytes:
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    size = 12 + 8 + len(text) + 8 + len(binary)
    head = struct.pack("<III", _MAGIC, 2, size)
    return (
        head
        + struct.pack("<II", len(text), _JSON)
        + text
        + struct.pack("<II", len(binary), _BIN)
        + binary
    )
