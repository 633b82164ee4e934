"""`/models`: the models of the catalogue, and whether they run here; for everybody."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any, cast, get_args

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import Principal
from common.clock import SYSTEM_CLOCK
from common.errors import MalformedRequest
from common.http.drf import ApiView
from common.http.etags import etag_of, is_fresh
from common.http.openapi import CURSOR, LIMIT, problems
from common.http.pages import page_of, read_page
from common.http.rendering import render_json
from common.paging import ListScope
from executor.conf import cursor_secret
from executor.http.model_schemas import Model, ModelPage
from executor.selectors.models import (
    ModelFilter,
    find_words,
    get_model,
    list_models,
    place_of_model,
)
from executor.selectors.routing import get_standing
from workflows.catalogue.providers import PROVIDERS
from workflows.catalogue.tasks import TASKS
from workflows.catalogue.tasks.base import Modality

MAX_QUERY = 200  # characters of a search

_FILTERS = ("task", "modality", "provider", "q")
_CHOICES: Mapping[str, Collection[str]] = {
    "task": sorted(TASKS),
    "modality": get_args(Modality),
    "provider": sorted(PROVIDERS),
}
_PARAMETERS = [
    *(OpenApiParameter(name, str, enum=list(each)) for name, each in _CHOICES.items()),
    OpenApiParameter(
        "q",
        {"type": "string", "maxLength": MAX_QUERY},
        description="Words in the name, vendor, key, task or description.",
    ),
]
IF_NONE_MATCH = OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER)


class ModelListView(ApiView):
    """All models."""

    public = True

    @extend_schema(
        operation_id="listModels",
        summary="List models",
        auth=[],
        parameters=[*_PARAMETERS, CURSOR, LIMIT, IF_NONE_MATCH],
        responses={200: ModelPage, 304: None, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """List models. `available` is the platform's word; with a key, that for its workspace."""
        query = request.query_params
        filters = {name: query[name] for name in _FILTERS if name in query}
        workspace_id = _workspace_of(request)
        scope = ListScope("models", workspace_id or "", filters)
        page = read_page(query, scope, secret=cursor_secret(), clock=SYSTEM_CLOCK)
        found = list_models(
            _read_filter(filters),
            get_standing(workspace_id),
            after=page.after,
            limit=page.limit + 1,
        )
        shown = page_of(
            page, found, position=lambda model: place_of_model(model["key"]), render=dict
        )
        return _answer(request, shown)


class ModelView(ApiView):
    """One model."""

    public = True

    @extend_schema(
        operation_id="getModel",
        summary="Read a model",
        auth=[],
        parameters=[IF_NONE_MATCH],
        responses={200: Model, 304: None, **problems(404)},
    )
    def get(self, request: Request, key: str) -> Response:
        """Return a model, a retired one as well."""
        return _answer(request, get_model(key, get_standing(_workspace_of(request))))


def _workspace_of(request: Request) -> str | None:
    caller = cast(Principal | None, request.auth)
    return None if caller is None else caller.workspace_id


def _read_filter(filters: Mapping[str, str]) -> ModelFilter:
    for name, choices in _CHOICES.items():
        if name in filters and filters[name] not in choices:
            raise MalformedRequest(f"{name} must be one of {', '.join(choices)}.")
    text = filters.get("q", "")
    if len(text) > MAX_QUERY or "\x00" in text:
        raise MalformedRequest(f"q must be a text of at most {MAX_QUERY} characters.")
    return ModelFilter(
        filters.get("task"), filters.get("modality"), filters.get("provider"), find_words(text)
    )


def _answer(request: Request, shown: Mapping[str, Any]) -> Response:
    body = render_json(shown)
    etag = etag_of(hashlib.sha256(body).hexdigest())
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_fresh(request.headers.get("If-None-Match"), etag):
        return Response(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(body, headers=headers)
