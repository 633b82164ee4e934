"""The canvas's own API: session and CSRF, not public."""

from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from ninja import Router

from common.http.etags import etag_of, is_fresh
from common.http.rendering import render_json
from workflows import selectors
from workflows.catalogue.load import Catalogue
from workflows.graphs import swap as graphs
from workflows.http.bodies import read_graph_body
from workflows.http.schemas import SwapBody

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


@router.post("/graphs/swap-model", operation_id="swapModel")
def swap_model(request: HttpRequest) -> HttpResponse:
    """Return a graph with another model of the same task in the place of one, and what had to go.

    Nothing is stored: the canvas has the draft, and saves it when it likes.
    """
    body = read_graph_body(request, SwapBody)
    swapped = graphs.swap_model(body.graph, body.node_id, body.model, selectors.get_catalogue())
    dropped = [each.as_json() for each in swapped.dropped]
    answer = render_json({"graph": swapped.document, "dropped": dropped})
    return HttpResponse(answer, content_type="application/json")


@lru_cache(maxsize=1)
def _rendered(catalogue: Catalogue) -> bytes:
    return render_json({"digest": catalogue.digest, "nodes": catalogue.as_json()})
