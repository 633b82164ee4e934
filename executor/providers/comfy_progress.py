"""What a ComfyUI server says over its socket while a job runs, and what of it tells how far it is.

Texts are JSON, `{"type", "data"}`; pictures of unfinished work come as bytes behind two numbers.
"""

import base64
import struct
from collections.abc import Sequence
from typing import Any

from executor.providers.answers import get_any, get_dict, get_number, get_str
from executor.providers.base import Running
from executor.providers.transport import Message, parsed

MAX_PREVIEW_BYTES = 96 * 1024  # goes to every browser that follows the run

_PREVIEW = 1
_FORMATS = {1: "image/jpeg", 2: "image/png"}
_LAST_WORDS = frozenset({"execution_success", "execution_error", "execution_interrupted"})


def is_last_word(message: Message, job: str) -> bool:
    """Say whether nothing better will be heard: a preview, or that the job is over."""
    if isinstance(message, bytes):
        return _preview(message) is not None
    said = _said(message)
    return get_str(said, "type") in _LAST_WORDS and get_str(said, "data", "prompt_id") == job


def progress_in(heard: Sequence[Message], job: str, nodes: int) -> Running:
    """Return how far a job of so many nodes is by what was heard, the newest of which counts.

    Servers after 0.3.44 tell of all nodes that have begun; older ones only of the one that runs.
    """
    preview, ours = None, []
    for message in heard:
        if isinstance(message, bytes):
            preview = _preview(message) or preview
        elif get_str(said := _said(message), "data", "prompt_id") == job:
            ours.append(said)
    states = [get_dict(said, "data", "nodes") for said in _of("progress_state", ours)]
    steps = [get_any(said, "data") for said in _of("progress", ours)]
    if states:
        done = sum(map(_share, states[-1].values())) / max(nodes, 1)
        return Running(min(done, 1.0), preview)
    return Running(_share(steps[-1]) if steps else None, preview)


def _of(kind: str, said: Sequence[Any]) -> list[Any]:
    return [message for message in said if get_str(message, "type") == kind]


def _said(message: str) -> Any:
    try:
        return parsed(message)
    except (ValueError, RecursionError):
        return None


def _share(state: Any) -> float:
    if get_str(state, "state") == "finished":
        return 1.0
    most = get_number(state, "max") or 0
    return min(max((get_number(state, "value") or 0) / most, 0.0), 1.0) if most > 0 else 0.0


def _preview(message: bytes) -> str | None:
    """Return a picture as a data URI; None for what is none, or too large a one."""
    if not 8 < len(message) <= MAX_PREVIEW_BYTES:
        return None
    event, form = struct.unpack(">II", message[:8])
    if event != _PREVIEW or form not in _FORMATS:
        return None
    return f"data:{_FORMATS[form]};base64,{base64.b64encode(message[8:]).decode('ascii')}"
