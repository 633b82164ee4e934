"""The decoding child: `python -m executor.media.child`, requests on stdin, answers on stdout.

A request is `{id, source_path, target_path, limits}`, an answer `{id, ok: {format, width, height,
duration_s}}` or `{id, error: {code, message}}`. It ends when stdin does.
"""

import errno
import mmap
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

from common.errors import PixelFlowError
from executor.media.confinement import WriteGate, confine
from executor.media.decode import harden, normalise_image
from executor.media.formats import FORMATS, HEAD_BYTES, sniff
from executor.media.structure import inspect_structure
from executor.media.types import MediaLimits
from executor.media.wire import encode_frame, read_frame

_COPY_BYTES = 1024 * 1024


def main() -> None:
    """Serve requests until stdin ends; argv[1] is the process to die with."""
    gate = WriteGate()
    requests, answers = _take_over_pipes()
    confine(int(sys.argv[1]), gate)
    while (request := read_frame(requests)) is not None:
        gate.target = request["target_path"]
        answer = {**_answer(request), "id": request["id"]}
        gate.target = None
        answers.write(encode_frame(answer))
        answers.flush()


def _take_over_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep both pipes to ourselves, so that nothing printed by a library is taken for an answer."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sys.stdin.buffer, answers


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"ok": _normalise(request)}
    except PixelFlowError as error:
        return _error(error.code, error.detail)
    except MemoryError:
        return _error("image_too_large", "The file needs more memory to decode than is allowed.")
    except OSError as error:
        if error.errno == errno.EFBIG:
            return _error("image_too_large", "The file becomes too large when it is decoded.")
        return _error("unavailable", type(error).__name__)


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def _normalise(request: dict[str, Any]) -> dict[str, Any]:
    limits = MediaLimits(**request["limits"])
    harden(limits.max_pixels)
    with Path(request["source_path"]).open("rb") as source:
        found = sniff(source.read(HEAD_BYTES))
        with Path(request["target_path"]).open("wb") as target:
            if found.kind == "image":
                source.seek(0)
                written = normalise_image(source.read(), found.name, target, limits)
                return {
                    "format": written.format_name,
                    "width": written.width,
                    "height": written.height,
                    "duration_s": None,
                }
            return _keep(source, found.name, target)


def _keep(source: BinaryIO, format_name: str, target: BinaryIO) -> dict[str, Any]:
    """Check a file that is stored as it is, and copy it."""
    with mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as data:
        facts = inspect_structure(data, format_name)
        starts = range(0, len(data), _COPY_BYTES)
        target.writelines(data[start : start + _COPY_BYTES] for start in starts)
    return {
        "format": FORMATS[facts.format_name].name,
        "width": facts.width,
        "height": facts.height,
        "duration_s": facts.duration_s,
    }


if __name__ == "__main__":
    main()
