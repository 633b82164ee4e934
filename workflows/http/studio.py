"""The canvas's own API: session and CSRF, not public."""

from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from ninja import Router

from common.http.etags import etag_of, is_fresh
from common.http.rendering import render_json
from workflows import selectors
from workflows.catalogue.load import Catalogue

router = Router(tags=["catalogue"])


@router.get("/catalogue", operation_id="getCatalogue")
def get_catalogue(request: HttpRequest) -> HttpResponse:
    """Return the built catalogue, of which the canvas makes its palette; `ETag` is its digest."""
    catalogue = selectors.get_catalogue()
    etag = etag_of(catalogue.digest)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_fresh(request.headers.get("If-None-Match"), etag):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(_rendered(catalogue), content_type="application/json", headers=headers)


@lru_cache(maxsize=1)
def _rendered(catalogue: Catalogue) -> bytes:
    return render_json({"digest": catalogue.digest, "nodes": catalogue.as_json()})
