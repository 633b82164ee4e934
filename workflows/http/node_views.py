"""`/nodes`: the catalogue, for everybody."""

from functools import lru_cache

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import NotFound
from common.http.drf import ApiView
from common.http.etags import etag_of, is_fresh
from common.http.openapi import problems
from common.http.rendering import render_json
from workflows import selectors
from workflows.catalogue.load import Catalogue
from workflows.http import schemas
from workflows.http.openapi import IF_NONE_MATCH


class NodeListView(ApiView):
    """All node types."""

    public = True

    @extend_schema(
        operation_id="listNodes",
        summary="List node types",
        auth=[],
        parameters=[IF_NONE_MATCH],
        responses={200: schemas.NodePage, 304: None},
    )
    def get(self, request: Request) -> Response:
        """Return every node type, sorted by type; `ETag` is the digest of the catalogue."""
        catalogue = selectors.get_catalogue()
        return _answer(request, catalogue, _rendered_list(catalogue))


class NodeView(ApiView):
    """One node type."""

    public = True

    @extend_schema(
        operation_id="getNode",
        summary="Read a node type",
        auth=[],
        parameters=[IF_NONE_MATCH],
        responses={200: schemas.NodeType, 304: None, **problems(404)},
    )
    def get(self, request: Request, type: str) -> Response:  # noqa: A002 - the API's word
        """Return a node type; a retired one gives its successor."""
        catalogue = selectors.get_catalogue()
        spec = catalogue.get(type)
        if spec is None:
            raise NotFound
        return _answer(request, catalogue, render_json(spec.as_json()))


def _answer(request: Request, catalogue: Catalogue, body: bytes) -> Response:
    etag = etag_of(catalogue.digest)
    headers = {"ETag": etag, "Cache-Control": "public, no-cache"}
    if is_fresh(request.headers.get("If-None-Match"), etag):
        return Response(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(body, headers=headers)


@lru_cache(maxsize=1)
def _rendered_list(catalogue: Catalogue) -> bytes:
    return render_json({"items": catalogue.as_json(), "nextCursor": None})
