"""`/media/{file}/{signature}`: the bytes of a file to whoever has its link; no session, no key.

What customers made is shown here, so nothing in an answer may run on our origin: the type is from
our own look at the bytes, and whatever is no picture, film or sound is a download.
"""

import logging
import os
from typing import IO

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from common.errors import Gone
from common.http.etags import etag_of, is_fresh
from common.http.ranges import CHUNK_BYTES, FileSlice, Unsatisfiable, read_range
from common.ids import is_id
from executor import gateway
from executor.errors import FileNotFound
from executor.media.formats import FORMATS
from executor.models import File
from executor.selectors.files import get_linked_file
from executor.selectors.links import is_signed

logger = logging.getLogger(__name__)

MAX_AGE_S = 3_600

_BY_TYPE = {format_.content_type: format_ for format_ in FORMATS.values()}
_INLINE_KINDS = frozenset({"image", "video", "audio"})
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Access-Control-Allow-Origin": "*",
}


@csrf_exempt  # so that another method is a 405 for everybody, token or not
@require_safe
def serve_media(request: HttpRequest, file_id: str, signature: str) -> HttpResponseBase:
    """Answer with a file, a part of it, or the way to where it lies."""
    response = _answer(request, file_id, signature)
    for name, value in _HEADERS.items():
        response.headers[name] = value
    return response


def _answer(request: HttpRequest, file_id: str, signature: str) -> HttpResponseBase:
    if not is_id(file_id, "file") or not is_signed(file_id, signature):
        return _refusal(404, "There is nothing here.")
    try:
        row = get_linked_file(file_id)
    except FileNotFound:
        return _refusal(404, "There is nothing here.")
    except Gone as error:
        return _refusal(410, error.detail)
    link = gateway.download_link(
        row.storage_key, content_type=_content_type(row), disposition=_disposition(row)
    )
    if link is not None:
        return HttpResponse(status=302, headers={"Location": link, "Cache-Control": "no-store"})
    return _from_folder(request, row)


def _from_folder(request: HttpRequest, row: File) -> HttpResponseBase:
    if is_fresh(request.headers.get("If-None-Match"), _etag(row)):
        return _with_cache_headers(HttpResponse(status=304), row)
    try:
        file = gateway.open_stored(row.storage_key)
    except FileNotFoundError:
        logger.exception("bytes are missing", extra={"action": "bytes_missing", "file": row.id})
        return _refusal(404, "There is nothing here.")
    response = _of_open_file(request, row, file)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Disposition"] = _disposition(row)
    return _with_cache_headers(response, row)


def _of_open_file(request: HttpRequest, row: File, file: IO[bytes]) -> HttpResponseBase:
    size = os.fstat(file.fileno()).st_size
    try:
        wanted = read_range(_range_header(request, row), size)
    except Unsatisfiable:
        file.close()
        headers = {"Content-Range": f"bytes */{size}"}
        return HttpResponse(status=416, content_type="text/plain", headers=headers)
    if wanted is None:
        whole = FileResponse(file, content_type=_content_type(row))
        whole.block_size = CHUNK_BYTES
        return whole
    start, length = wanted
    return StreamingHttpResponse(
        FileSlice(file, start, length),
        status=206,
        content_type=_content_type(row),
        headers={
            "Content-Length": str(length),
            "Content-Range": f"bytes {start}-{start + length - 1}/{size}",
        },
    )


def _range_header(request: HttpRequest, row: File) -> str | None:
    """Return the range asked for; none on HEAD, and none of a file that has changed since."""
    if request.method != "GET" or request.headers.get("If-Range", _etag(row)) != _etag(row):
        return None
    return request.headers.get("Range")


def _with_cache_headers(response: HttpResponseBase, row: File) -> HttpResponseBase:
    response.headers["ETag"] = _etag(row)
    response.headers["Cache-Control"] = f"private, max-age={MAX_AGE_S}, immutable"
    return response


def _etag(row: File) -> str:
    return etag_of(row.sha256)


def _content_type(row: File) -> str:
    return f"{row.content_type}; charset=utf-8" if row.kind == "text" else row.content_type


def _disposition(row: File) -> str:
    """Return how a browser is to take the file; its name is made of its id, so it is safe."""
    format_ = _BY_TYPE.get(row.content_type)
    suffix = "bin" if format_ is None else _SUFFIXES.get(format_.name, format_.name)
    is_inline = format_ is not None and format_.kind in _INLINE_KINDS
    return f'{"inline" if is_inline else "attachment"}; filename="{row.id}.{suffix}"'


def _refusal(status: int, detail: str) -> HttpResponse:
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(detail, status=status, content_type="text/plain", headers=headers)


_SUFFIXES = {"jpeg": "jpg", "text": "txt"}

urlpatterns = [path("<str:file_id>/<str:signature>", serve_media)]
