"""`/media/templates/{asset}/{signature}`: a file of an example of a user's template, to who has its link.

What customers made is shown here, so nothing in an answer may run on our origin.
"""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from common.errors import Gone, NotFound
from common.http.etags import etag_of, is_fresh
from common.http.served import answer_with_file, refused, sandboxed
from executor.api import download_link, open_stored
from templates_gallery.models import TemplateAsset
from templates_gallery.selectors.assets import get_linked_asset

_INLINE = ("image/", "video/", "audio/")


@csrf_exempt  # so that another method is a 405 for everybody, token or not
@require_safe
def serve_asset(request: HttpRequest, asset_id: str, signature: str) -> HttpResponseBase:
    """Answer with a file, a part of it, or the way to where it lies."""
    try:
        response = _answer(request, get_linked_asset(asset_id, signature))
    except (NotFound, FileNotFoundError):
        response = refused(404, "There is nothing here.")
    except Gone as error:
        response = refused(410, error.detail)
    return sandboxed(response)


def _answer(request: HttpRequest, row: TemplateAsset) -> HttpResponseBase:
    kind = "inline" if row.mime_type.startswith(_INLINE) else "attachment"
    disposition = f'{kind}; filename="{row.name}"'
    link = download_link(row.storage_key, content_type=row.mime_type, disposition=disposition)
    if link is not None:
        return HttpResponse(status=302, headers={"Location": link, "Cache-Control": "no-store"})
    if is_fresh(request.headers.get("If-None-Match"), etag_of(row.pk)):
        response: HttpResponseBase = HttpResponse(status=304)
    else:
        response = answer_with_file(
            request, open_stored(row.storage_key), content_type=row.mime_type, etag=etag_of(row.pk)
        )
    response.headers["ETag"] = etag_of(row.pk)  # it never changes
    # Not for long where many are served from: what staff remove is gone there within a minute, too.
    response.headers["Cache-Control"] = "public, max-age=3600, s-maxage=60, immutable"
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Disposition"] = disposition
    return response


urlpatterns = [path("<str:asset_id>/<str:signature>", serve_asset)]
