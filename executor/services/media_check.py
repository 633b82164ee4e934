"""Whether every file's bytes lie where its row says, whole (I12). Reads all media once."""

import hashlib
from collections.abc import Iterator
from typing import IO

from executor import gateway
from executor.models import File
from executor.selectors.invariants import EXAMPLES, Finding

_CHUNK = 1024 * 1024


def find_wrong_objects() -> Finding:
    """Return which files lack their bytes, or have others than they were stored with."""
    living = File.objects.across_workspaces().filter(deleted_at=None)
    contents = living.order_by("storage_key").values_list("storage_key", "sha256").distinct()
    checked, wrong = 0, []
    for key, sha256 in contents.iterator():
        checked += 1
        if _digest(key) != sha256:
            wrong.append(key)
    rule = "a file's bytes are there, whole"
    return Finding("I12", rule, checked, len(wrong), wrong[:EXAMPLES])


def _digest(key: str) -> str | None:
    digest = hashlib.sha256()
    try:
        with gateway.open_stored(key) as stream:
            for chunk in _chunks(stream):
                digest.update(chunk)
    except FileNotFoundError:
        return None
    return digest.hexdigest()


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk
