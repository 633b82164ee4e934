"""The tasks of a worker process in memory that it shares with the child that renews their leases.

A table rather than messages: entering a task costs no system call and wakes nobody, and the child
reads what is there even while a C call holds the parent's interpreter. This module is all that the
child imports beside a database driver.

Layout: the parent's last sign of life and the child's last renewal (both seconds of the monotonic
clock, which processes of one machine share), then `SLOTS` ids padded with zeros. A slot that is
read while it is being written holds an id that no task has, which renews nothing.
"""

import mmap
import os
import struct
import tempfile
import threading
import time

SLOTS = 8_192  # a remote worker follows thousands of jobs at once
ID_BYTES = 40
_TIME = struct.Struct("d")
_SEEN_AT, _RENEWED_AT, _FIRST = 0, 8, 16
_EMPTY = bytes(ID_BYTES)
SIZE = _FIRST + SLOTS * ID_BYTES


class LeaseTable:
    """The shared memory, opened by the parent without and by the child with a descriptor."""

    def __init__(self, descriptor: int | None = None) -> None:
        self.descriptor = _new_memory() if descriptor is None else descriptor
        self._memory = mmap.mmap(self.descriptor, SIZE)
        self._lock = threading.Lock()
        self._free = list(range(SLOTS - 1, -1, -1))
        self._slots: dict[str, int] = {}

    def enter(self, task_id: str) -> None:
        """Have a task's lease renewed; one too many is left to the parent (`is_full`)."""
        with self._lock:
            if task_id in self._slots or not self._free:
                return
            slot = self._slots[task_id] = self._free.pop()
            self._write(slot, task_id.encode("ascii").ljust(ID_BYTES, b"\0"))

    def strike(self, task_id: str) -> None:
        """Have it renewed no longer."""
        with self._lock:
            slot = self._slots.pop(task_id, None)
            if slot is not None:
                self._write(slot, _EMPTY)
                self._free.append(slot)

    def is_full(self) -> bool:
        """Say whether there may be tasks that found no slot."""
        return not self._free

    def tasks(self) -> list[str]:
        """Return the tasks in the table, as the child sees them."""
        texts = self._memory[_FIRST:SIZE]
        found = (texts[at : at + ID_BYTES] for at in range(0, len(texts), ID_BYTES))
        return [text.rstrip(b"\0").decode("ascii") for text in found if text != _EMPTY]

    def give_sign(self) -> None:
        """Say that the parent lives."""
        _TIME.pack_into(self._memory, _SEEN_AT, time.monotonic())

    def note_renewal(self) -> None:
        """Say that the leases were renewed just now."""
        _TIME.pack_into(self._memory, _RENEWED_AT, time.monotonic())

    def silent_s(self) -> float:
        """Return for how long the parent has given no sign of life."""
        return float(time.monotonic() - _TIME.unpack_from(self._memory, _SEEN_AT)[0])

    def unrenewed_s(self) -> float:
        """Return how long ago the leases were renewed."""
        return float(time.monotonic() - _TIME.unpack_from(self._memory, _RENEWED_AT)[0])

    def close(self) -> None:
        """Let go of the memory."""
        self._memory.close()
        os.close(self.descriptor)

    def _write(self, slot: int, text: bytes) -> None:
        at = _FIRST + slot * ID_BYTES
        self._memory[at : at + ID_BYTES] = text


def _new_memory() -> int:
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("pixelflow-leases")
    else:
        descriptor, path = tempfile.mkstemp()
        os.unlink(path)  # noqa: PTH108 - pathlib would double what the child has to import
    os.ftruncate(descriptor, SIZE)
    return descriptor
