"""Reading an upload: one file out of a multipart body, straight to disk, within its limit.

Django's own parser keeps every text field of a form in memory and a refused file on disk; here a
body has exactly one part, and whatever comes of it no file is left behind.
"""

import errno
import hashlib
import secrets
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from django.http import HttpRequest
from django.http.multipartparser import (
    RAW,
    ChunkIter,
    LazyStream,
    MultiPartParserError,
    Parser,
)
from django.http.request import UnreadablePostError
from django.utils.http import parse_header_parameters

from common.canonical import canonical_json
from common.errors import (
    InvalidInputs,
    Issue,
    MalformedRequest,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from common.http.body import check_encoding, media_type
from executor import conf
from executor.media.types import MediaLimits

FIELD = "file"
MAX_PARTS = 100
MAX_FILE_BYTES = MediaLimits().video_bytes  # the largest that any kind may have
MAX_BODY_BYTES = MAX_FILE_BYTES + 64 * 1024  # and what stands around it
FULL_RETRY_S = 30

# By lower-case name: the value, and its parameters.
PartHeaders = Mapping[str, tuple[str, Mapping[str, bytes | str]]]

_MAX_BOUNDARY = 70  # RFC 2046
_TAIL_BYTES = 256
_FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
_PLAIN = frozenset({"", "7bit", "8bit", "binary"})


@dataclass(frozen=True, slots=True)
class Received:
    """A file that was sent: where it lies, and what was said of it."""

    path: Path
    name: str
    content_type: str

    def as_told(self) -> bytes:
        """Return what tells this body from others: all but the boundary. Reads the file."""
        with self.path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        return canonical_json([FIELD, content, self.name, self.content_type])


@contextmanager
def received_file(request: HttpRequest) -> Iterator[Received]:
    """Give the one `file` that a request brings; it is gone at the end.

    Raises:
        UnsupportedMediaType: no multipart form.
        MalformedRequest: no boundary, too many parts, or a body that broke off.
        InvalidInputs: no part `file`, more than one, or other fields.
        TooLarge: over the limit, by its header or by what arrives.
        Unavailable: the disk is full.
    """
    path = conf.temporary_dir() / f"upload-{secrets.token_hex(8)}"
    try:
        yield _receive(request, path)
    except OSError as error:
        if error.errno in _FULL_DISK:
            detail = "There is no room for files at the moment."
            raise Unavailable(detail, retry_after_s=FULL_RETRY_S) from error
        raise
    finally:
        path.unlink(missing_ok=True)


class _Body:
    """The body as a stream that ends where it was said to end, and knows how it ended."""

    def __init__(self, request: HttpRequest, length: int) -> None:
        self._request = request
        self._left = length
        self.tail = b""

    def read(self, size: int | None = None, /) -> bytes:
        """Return the next bytes; none at the end."""
        if not self._left:
            return b""
        try:
            data = bytes(self._request.read(min(size or self._left, self._left)))
        except UnreadablePostError as error:
            raise _broken_off() from error
        if not data:
            raise _broken_off()
        self._left -= len(data)
        self.tail = (self.tail + data)[-_TAIL_BYTES:]
        return data


def _receive(request: HttpRequest, path: Path) -> Received:
    boundary = _read_boundary(request)
    body = _Body(request, _read_length(request))
    issues: list[Issue] = []
    found: Received | None = None
    try:
        for name, headers, part in _parts(body, boundary):
            if name == FIELD and found is None:
                with path.open("xb") as sink:
                    _copy(part, sink)
                found = Received(path, *_said_of(headers))
            else:
                issues.append(_issue_of(name))
                _skip(part)
    except MultiPartParserError as error:
        raise MalformedRequest("The multipart body could not be read.") from error
    if issues:
        raise InvalidInputs(issues)
    if found is None:
        raise InvalidInputs([Issue(f"/{FIELD}", "missing", "Send the file as the part `file`.")])
    if b"--" + boundary + b"--" not in body.tail:
        raise _broken_off()
    return found


def _parts(body: _Body, boundary: bytes) -> Iterator[tuple[str, PartHeaders, LazyStream]]:
    """Give each part's field name, headers and content, which must be read before the next part."""
    count = 0
    for kind, headers, content in Parser(LazyStream(ChunkIter(cast(Any, body))), boundary):
        count += 1
        if count > MAX_PARTS:
            raise MalformedRequest(f"A body may have {MAX_PARTS} parts at most.")
        if kind == RAW:  # what stands before the first boundary and after the last
            _skip(content)
            continue
        encoding = headers.get("content-transfer-encoding", ("", {}))[0]
        if str(encoding).strip().lower() not in _PLAIN:
            raise MalformedRequest("Content-Transfer-Encoding is not taken.")
        yield _text(headers["content-disposition"][1].get("name", "")).strip(), headers, content


def _said_of(headers: PartHeaders) -> tuple[str, str]:
    """Return the name and the content type that a part gives its file; empty without."""
    name = headers["content-disposition"][1].get("filename", "")
    return _text(name), str(headers.get("content-type", ("", {}))[0])


def _text(value: bytes | str) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return text.encode("utf-8", "replace").decode()


def _issue_of(name: str) -> Issue:
    if name == FIELD:
        return Issue(f"/{FIELD}", "not_allowed", "Send one file at a time.")
    shown = name[:100].encode("utf-8", "replace").decode().replace("~", "~0").replace("/", "~1")
    return Issue(f"/{shown}", "unknown_field", "There is no such field.")


def _copy(part: LazyStream, sink: IO[bytes]) -> None:
    size = 0
    for chunk in part:
        size += len(chunk)
        if size > MAX_FILE_BYTES:
            raise _too_large()
        sink.write(chunk)


def _skip(part: Iterable[bytes]) -> None:
    deque(part, maxlen=0)


def _read_boundary(request: HttpRequest) -> bytes:
    check_encoding(request)
    if media_type(request) != "multipart/form-data":
        raise UnsupportedMediaType("Send multipart/form-data with the part `file`.")
    _, parameters = parse_header_parameters(request.META["CONTENT_TYPE"])
    boundary = parameters.get("boundary", "")
    if not boundary or len(boundary) > _MAX_BOUNDARY or not boundary.isascii():
        raise MalformedRequest("The multipart boundary is missing or wrong.")
    return boundary.encode("ascii")


def _read_length(request: HttpRequest) -> int:
    text = str(request.META.get("CONTENT_LENGTH") or "")
    if not (text.isascii() and text.isdigit()):
        raise MalformedRequest("An upload needs a Content-Length.")
    length = int(text[:20])
    if length > MAX_BODY_BYTES:
        raise _too_large()
    return length


def _too_large() -> TooLarge:
    detail = f"A file may have {MAX_FILE_BYTES} bytes at most."
    return TooLarge(detail, limitBytes=MAX_FILE_BYTES)


def _broken_off() -> MalformedRequest:
    return MalformedRequest("The body broke off.")
