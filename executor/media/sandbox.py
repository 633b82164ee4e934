"""The door: untrusted files go in, files that our own code wrote come out.

The server reads the first bytes of a file and its size; all else happens in a child.
"""

import contextlib
import hashlib
import math
import os
import stat
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from common.errors import PixelFlowError, TooLarge, Unavailable, UnsupportedMediaType
from executor.media.child_process import (
    DEFAULT_COMMAND,
    ChildDied,
    ChildProcess,
    ChildTimedOut,
)
from executor.media.confinement import ChildLimits
from executor.media.errors import MediaRejected
from executor.media.formats import FORMATS, HEAD_BYTES, Format, sniff
from executor.media.types import MediaInfo, MediaLimits

_DEFAULT_LIMITS = MediaLimits()
_DEFAULT_CHILD_LIMITS = ChildLimits()
# What a closer look may find behind the first bytes: sound alone in a film's container, text that
# only began like JSON, and the still of a GIF, which is written as a PNG.
_MAY_BECOME = {"mp4": {"m4a"}, "mov": {"m4a"}, "json": {"text"}, "gif": {"png"}}
_MAX_MESSAGE = 300


class Sandbox:
    """A pool of decoding children, started when first needed; safe to use from any thread.

    Make one for each process, after forking. A child is replaced after `jobs_per_child` files,
    after half of its CPU time, and after any file that it refused.
    """

    def __init__(
        self,
        *,
        size: int = 2,
        child_command: Sequence[str] = DEFAULT_COMMAND,
        child_limits: ChildLimits = _DEFAULT_CHILD_LIMITS,
        jobs_per_child: int = 50,
        queue_timeout_s: float = 60.0,
    ) -> None:
        self._command = child_command
        self._child_limits = child_limits
        self._jobs_per_child = jobs_per_child
        self._queue_timeout_s = queue_timeout_s
        self._slots = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._idle: list[ChildProcess] = []
        self._all: set[ChildProcess] = set()
        self._is_closed = False
        # The kernel ends a child with the thread that started it; this one lives as long as we do.
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="media-sandbox")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def normalise(
        self, source: Path, target: Path, *, limits: MediaLimits = _DEFAULT_LIMITS
    ) -> MediaInfo:
        """Recognise `source`, decode it in a child, and write what is to be stored to `target`.

        Both are absolute paths. What stood at `target` is replaced; when this raises after the
        first look, nothing stands there.

        Raises:
            TooLarge: more bytes than its kind may have; `limitBytes` says how many.
            UnsupportedMediaType: a format that is not taken.
            MediaRejected: `undecodable`, `image_too_large` or `timed_out`.
            Unavailable: no child was free in time, or the disk is full.
        """
        claimed = _admit(source, limits)
        request = {
            "source_path": str(source),
            "target_path": str(target),
            "limits": limits._asdict(),
        }
        try:
            with self._slot():
                answer = self._ask(request, limits.timeout_s)
            return _describe(answer, claimed, target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    def close(self) -> None:
        """Kill every child; jobs under way end as `Unavailable`, and so does every later one."""
        with self._lock:
            self._is_closed = True
            idle = list(self._idle)
            busy = [child for child in self._all if child not in idle]
            self._idle.clear()
        for child in idle:
            self._retire(child)
        for child in busy:
            child.stop()  # the thread whose job it has retires it
        self._starter.shutdown()

    @contextlib.contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self._queue_timeout_s):
            raise Unavailable("Too many files are being read; try again soon.")
        try:
            yield
        finally:
            self._slots.release()

    def _ask(self, request: dict[str, Any], timeout_s: float) -> Mapping[str, Any]:
        """Return what the child found; a child that met with any trouble is not used again."""
        child = self._take()
        is_sound = False
        try:
            answer = child.ask(request, timeout_s)
            is_sound = "ok" in answer
        except ChildTimedOut as error:
            raise MediaRejected("timed_out", "The file took too long to decode.") from error
        except ChildDied as error:
            if self._is_closed:
                raise Unavailable from error
            raise MediaRejected("undecodable", "The file could not be decoded.") from error
        finally:
            self._put_back(child, is_sound=is_sound)
        if not is_sound:
            raise _refusal(answer)
        return _as_mapping(answer["ok"])

    def _take(self) -> ChildProcess:
        while (child := self._pop_idle()) is not None:
            if child.is_alive():
                return child
            self._retire(child)
        return self._starter.submit(self._start).result()

    def _pop_idle(self) -> ChildProcess | None:
        with self._lock:
            if self._is_closed:
                raise Unavailable
            return self._idle.pop() if self._idle else None

    def _start(self) -> ChildProcess:
        child = ChildProcess(self._command, self._child_limits)
        with self._lock:
            self._all.add(child)
            is_late = self._is_closed
        if is_late:
            self._retire(child)
        return child

    def _put_back(self, child: ChildProcess, *, is_sound: bool) -> None:
        is_worn = child.jobs >= self._jobs_per_child or child.busy_s > self._child_limits.cpu_s / 2
        with self._lock:
            if is_sound and not is_worn and not self._is_closed:
                self._idle.append(child)
                return
        self._retire(child)

    def _retire(self, child: ChildProcess) -> None:
        child.kill()
        with self._lock:
            self._all.discard(child)


def _admit(source: Path, limits: MediaLimits) -> Format:
    """Return what the file says it is, having held its size against the limit of that kind."""
    with source.open("rb") as file:
        head = file.read(HEAD_BYTES)
        size = os.fstat(file.fileno()).st_size
    if not head:
        raise MediaRejected("undecodable", "The file is empty.")
    claimed = sniff(head)
    allowed = limits.bytes_for(claimed.kind)
    if size > allowed:
        raise TooLarge(f"The file has {size:,} bytes.", limitBytes=allowed)
    return claimed


def _refusal(answer: Mapping[str, Any]) -> PixelFlowError:
    error = _as_mapping(answer.get("error"))
    message = str(error.get("message"))[:_MAX_MESSAGE]
    match error.get("code"):
        case "image_too_large":
            return MediaRejected("image_too_large", message)
        case "unsupported_media_type":
            return UnsupportedMediaType(message)
        case "unavailable":
            return Unavailable("The file could not be stored.")
        case _:
            return MediaRejected("undecodable", message)


def _as_mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _describe(found: Mapping[str, Any], claimed: Format, target: Path) -> MediaInfo:
    """Return what was written, counted and hashed here: a child's word is not taken for it."""
    result = FORMATS.get(str(found.get("format")))
    if result is None or result.name not in {claimed.name, *_MAY_BECOME.get(claimed.name, ())}:
        raise _disbelief()
    head, size, sha256 = _read_back(target)
    if result.kind == "image" and not _is_of(result, head):
        raise _disbelief()
    return MediaInfo(
        kind=result.kind,
        content_type=result.content_type,
        bytes=size,
        sha256=sha256,
        width=_as_side(found.get("width")),
        height=_as_side(found.get("height")),
        duration_s=_as_seconds(found.get("duration_s")),
    )


def _is_of(expected: Format, head: bytes) -> bool:
    try:
        return sniff(head) is expected
    except UnsupportedMediaType:
        return False


def _disbelief() -> MediaRejected:
    return MediaRejected("undecodable", "The file could not be decoded.")


def _read_back(target: Path) -> tuple[bytes, int, str]:
    """Return head, size and sha256 of a plain file; a link or a device is not followed."""
    try:
        descriptor = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise _disbelief() from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            raise _disbelief()
        head = file.read(HEAD_BYTES)
        file.seek(0)
        return head, status.st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _as_side(value: object) -> int | None:
    return value if isinstance(value, int) and 0 < value < 1 << 31 else None


def _as_seconds(value: object) -> float | None:
    if isinstance(value, int | float) and 0 < value < math.inf:
        return float(value)
    return None
