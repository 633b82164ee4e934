"""The frames between the server and its decoding child: four bytes of length, then JSON."""

import json
import struct
from typing import Any, BinaryIO

MAX_FRAME_BYTES = 64 * 1024
HEADER = struct.Struct(">I")


def encode_frame(message: dict[str, Any]) -> bytes:
    """Return `message` as one frame."""
    body = json.dumps(message).encode()
    return HEADER.pack(len(body)) + body


def read_frame(stream: BinaryIO) -> dict[str, Any] | None:
    """Return the next message, or None where the stream ends."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    message: dict[str, Any] = json.loads(stream.read(HEADER.unpack(header)[0]))
    return message
