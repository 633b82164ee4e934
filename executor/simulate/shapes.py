"""Simulated 3D models: a small box as glTF binary, whose names say that it is simulated."""

import json
import struct
from typing import Any

from executor.simulate.seeds import colour, within
from executor.simulate.types import MARK, Job, Made, MadeFile

_JSON, _BIN = 0x4E4F534A, 0x004E4942  # kinds of chunks (glTF 2.0, 4.4.3)
_FLOAT, _SHORT = 5126, 5123  # types of numbers
_ARRAY, _INDICES = 34962, 34963  # what a part of the buffer is for
# The corners of two triangles for each side, seen from outside.
_SIDES = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))


def shapes(job: Job) -> Made:
    """Return a box whose edges and colour follow from the inputs."""
    edges = [within(job.seed, place, 0.5, 1.5) for place in range(3)]
    corners = [
        (x * edges[0] / 2, y * edges[1] / 2, z * edges[2] / 2)
        for x in (-1, 1)
        for y in (-1, 1)
        for z in (-1, 1)
    ]
    places = b"".join(struct.pack("<3f", *corner) for corner in corners)
    order = [corner for a, b, c, d in _SIDES for corner in (a, b, c, a, c, d)]
    indices = struct.pack(f"<{len(order)}H", *order)
    document = _document(job, edges, len(places), len(indices), len(order))
    return Made({}, [MadeFile("model3d", _glb(document, places + indices))])


def _document(
    job: Job, edges: list[float], places: int, indices: int, order: int
) -> dict[str, Any]:
    name = f"{MARK} simulated by {job.title}"
    paint = [round(part / 255, 3) for part in colour(job.seed, 4)]
    half = [edge / 2 for edge in edges]
    return {
        "asset": {"version": "2.0", "generator": name, "extras": {"simulated": True}},
        "scene": 0,
        "scenes": [{"name": name, "nodes": [0]}],
        "nodes": [{"name": name, "mesh": 0}],
        "meshes": [
            {
                "name": name,
                "primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}],
            }
        ],
        "materials": [{"name": name, "pbrMetallicRoughness": {"baseColorFactor": [*paint, 1.0]}}],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": _FLOAT,
                "count": 8,
                "type": "VEC3",
                "min": [-side for side in half],
                "max": half,
            },
            {"bufferView": 1, "componentType": _SHORT, "count": order, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": places, "target": _ARRAY},
            {"buffer": 0, "byteOffset": places, "byteLength": indices, "target": _INDICES},
        ],
        "buffers": [{"byteLength": places + indices}],
    }


def _glb(document: dict[str, Any], buffer: bytes) -> bytes:
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    buffer += b"\0" * (-len(buffer) % 4)
    total = 12 + 8 + len(text) + 8 + len(buffer)
    return b"".join(
        (
            struct.pack("<4sII", b"glTF", 2, total),
            struct.pack("<II", len(text), _JSON), text,
            struct.pack("<II", len(buffer), _BIN), buffer,
        )
    )  # fmt: skip
