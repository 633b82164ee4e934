"""`/media/{file}/{signature}`: the bytes of a file to whoever has its link; no session, no key.

What customers made is shown here, so nothing in an answer may run on our origin: the type is from
our own look at the bytes, and whatever is no picture, film or sound is a download.
"""

import logging

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from common.errors import Gone
from common.http.etags import etag_of, is_fresh
from common.http.served import answer_with_file, refused, sandboxed
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


@csrf_exempt  # so that another method is a 405 for everybody, token or not
@require_safe
def serve_media(request: HttpRequest, file_id: str, signature: str) -> HttpResponseBase:
    """Answer with a file, a part of it, or the way to where it lies."""
    return sandboxed(_answer(request, file_id, signature))


def _answer(request: HttpRequest, file_id: str, signature: str) -> HttpResponseBase:
    if not is_id(file_id, "file") or not is_signed(file_id, signature):
        return refused(404, "There is nothing here.")
    try:
        row = get_linked_file(file_id)
    except FileNotFound:
        return refused(404, "There is nothing here.")
    except Gone as error:
        return refused(410, error.detail)
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
        return refused(404, "There is nothing here.")
    response = answer_with_file(request, file, content_type=_content_type(row), etag=_etag(row))
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Disposition"] = _disposition(row)
    return _with_cache_headers(response, row)


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


_SUFFIXES = {"jpeg": "jpg", "text": "txt"}

urlpatterns = [path("<str:file_id>/<str:signature>", serve_media)]
