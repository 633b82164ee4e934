"""Files that customers made, as answers: whole or a part, and never run on our origin."""

import os
from collections.abc import Mapping
from typing import IO

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from common.http.ranges import CHUNK_BYTES, FileSlice, Unsatisfiable, read_range

SANDBOX: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Access-Control-Allow-Origin": "*",
}


def sandboxed(response: HttpResponseBase) -> HttpResponseBase:
    """Return an answer with the headers that keep its content from running as ours."""
    for name, value in SANDBOX.items():
        response.headers[name] = value
    return response


def refused(status: int, detail: str) -> HttpResponse:
    """Return a refusal in plain words, which nobody is to keep."""
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(detail, status=status, content_type="text/plain", headers=headers)


def answer_with_file(
    request: HttpRequest, file: IO[bytes], *, content_type: str, etag: str
) -> HttpResponseBase:
    """Return an open file, or the part of it that is asked for; the answer closes it."""
    size = os.fstat(file.fileno()).st_size
    try:
        wanted = read_range(_range_header(request, etag), size)
    except Unsatisfiable:
        file.close()
        headers = {"Content-Range": f"bytes */{size}"}
        return HttpResponse(status=416, content_type="text/plain", headers=headers)
    if wanted is None:
        whole = FileResponse(file, content_type=content_type)
        whole.block_size = CHUNK_BYTES
        return whole
    start, length = wanted
    headers = {
        "Content-Length": str(length),
        "Content-Range": f"bytes {start}-{start + length - 1}/{size}",
    }
    part = FileSlice(file, start, length)
    return StreamingHttpResponse(part, status=206, content_type=content_type, headers=headers)


def _range_header(request: HttpRequest, etag: str) -> str | None:
    """Return the range asked for; none on HEAD, and none of a file that has changed since."""
    if request.method != "GET" or request.headers.get("If-Range", etag) != etag:
        return None
    return request.headers.get("Range")
