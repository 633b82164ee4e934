"""`/media/templates/{asset}/{signature}`: a file of an example of a user's template, to who has its link.

What customers made is shown here, so nothing in an answer may run on our origin.
"""

import os

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from common.errors import NotFound
from common.http.etags import etag_of, is_fresh
from common.http.ranges import CHUNK_BYTES, FileSlice, Unsatisfiable, read_range
from executor.api import download_link, open_stored
from templates_gallery.models import TemplateAsset
from templates_gallery.selectors.assets import get_linked_asset

_INLINE = ("image/", "video/", "audio/")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Access-Control-Allow-Origin": "*",
}


@csrf_exempt  # so that another method is a 405 for everybody, token or not
@require_safe
def serve_asset(request: HttpRequest, asset_id: str, signature: str) -> HttpResponseBase:
    """Answer with a file, a part of it, or the way to where it lies."""
    try:
        response = _answer(request, get_linked_asset(asset_id, signature))
    except (NotFound, FileNotFoundError):
        response = HttpResponse("There is nothing here.", status=404, content_type="text/plain")
        response.headers["Cache-Control"] = "no-store"
    for name, value in _HEADERS.items():
        response.headers[name] = value
    return response


def _answer(request: HttpRequest, row: TemplateAsset) -> HttpResponseBase:
    kind = "inline" if row.mime_type.startswith(_INLINE) else "attachment"
    disposition = f'{kind}; filename="{row.name}"'
    link = download_link(row.storage_key, content_type=row.mime_type, disposition=disposition)
    if link is not None:
        return HttpResponse(status=302, headers={"Location": link, "Cache-Control": "no-store"})
    if is_fresh(request.headers.get("If-None-Match"), etag_of(row.pk)):
        response: HttpResponseBase = HttpResponse(status=304)
    else:
        response = _from_folder(request, row)
    response.headers["ETag"] = etag_of(row.pk)  # it never changes
    response.headers["Cache-Control"] = "public, max-age=3600, immutable"
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Disposition"] = disposition
    return response


def _from_folder(request: HttpRequest, row: TemplateAsset) -> HttpResponseBase:
    file = open_stored(row.storage_key)
    size = os.fstat(file.fileno()).st_size
    try:
        wanted = read_range(request.headers.get("Range") if request.method == "GET" else None, size)
    except Unsatisfiable:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    if wanted is None:
        whole = FileResponse(file, content_type=row.mime_type)
        whole.block_size = CHUNK_BYTES
        return whole
    start, length = wanted
    headers = {
        "Content-Length": str(length),
        "Content-Range": f"bytes {start}-{start + length - 1}/{size}",
    }
    part = FileSlice(file, start, length)
    return StreamingHttpResponse(part, status=206, content_type=row.mime_type, headers=headers)


urlpatterns = [path("<str:asset_id>/<str:signature>", serve_asset)]
