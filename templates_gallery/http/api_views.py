"""`/templates`: the gallery for programs, and forks."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, cast

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import Principal
from common.clock import SYSTEM_CLOCK
from common.errors import Forbidden, MalformedRequest
from common.http.drf import ApiView
from common.http.etags import etag_of, is_fresh
from common.http.openapi import CURSOR, KEY_PROBLEMS, LIMIT, problems
from common.http.pages import page_of, read_page
from common.http.rendering import render_json
from common.http.schema import NoFields
from common.paging import ListScope
from templates_gallery.conf import cursor_secret
from templates_gallery.http.answers import template_json
from templates_gallery.http.schemas import (
    CATEGORY_KEYS,
    MODALITIES,
    SORTS,
    Template,
    TemplatePage,
)
from templates_gallery.selectors.documents import get_document, list_documents, place_of
from templates_gallery.services.forks import fork_template
from templates_gallery.types import MAX_TEXT, GalleryQuery, GallerySort
from workflows.api import view_draft, workflow_json

MAX_TAG = 40

_CHOICES: Mapping[str, Collection[str]] = {
    "category": CATEGORY_KEYS,
    "modality": MODALITIES,
    "sort": SORTS,
}
_PARAMETERS = [
    OpenApiParameter(
        "q",
        {"type": "string", "maxLength": MAX_TEXT},
        description="Words in title, description, tags, category, audience or models.",
    ),
    OpenApiParameter("tag", {"type": "string", "maxLength": MAX_TAG}),
    *(OpenApiParameter(name, str, enum=list(each)) for name, each in _CHOICES.items()),
]
_FILTERS = ("q", "category", "tag", "modality", "sort")
_WORKFLOW = OpenApiResponse(
    {"$ref": "#/components/schemas/Workflow"}, description="A workflow with its draft."
)
IF_NONE_MATCH = OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER)


class TemplateListView(ApiView):
    """All listed templates."""

    public = True

    @extend_schema(
        operation_id="listTemplates",
        summary="List templates",
        auth=[],
        parameters=[*_PARAMETERS, CURSOR, LIMIT, IF_NONE_MATCH],
        responses={200: TemplatePage, 304: None, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """List templates, the most run first unless `sort` says otherwise."""
        query = request.query_params
        filters = {name: query[name] for name in _FILTERS if name in query}
        wanted = _read_query(filters)
        asked = {name: query[name] for name in ("limit", "cursor") if name in query}
        scope = ListScope("templates", "", filters)
        page = read_page(asked, scope, secret=cursor_secret(), clock=SYSTEM_CLOCK)
        found = list_documents(wanted, after=page.after, limit=page.limit + 1)
        shown = page_of(
            page,
            found,
            position=lambda document: place_of(document, wanted.sort),
            render=template_json,
        )
        return _answer(request, shown)


class TemplateView(ApiView):
    """One listed template."""

    public = True

    @extend_schema(
        operation_id="getTemplate",
        summary="Read a template",
        auth=[],
        parameters=[IF_NONE_MATCH],
        responses={200: Template, 304: None, **problems(404, 410)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return a template; one that was removed is 410."""
        return _answer(request, template_json(get_document(slug)))


class TemplateForkView(ApiView):
    """Copies of a template."""

    scopes: ClassVar = {"POST": "write"}

    @extend_schema(
        operation_id="forkTemplate",
        summary="Fork a template",
        request=NoFields,
        responses={201: _WORKFLOW, **problems(400, *KEY_PROBLEMS, 404, 410, 413, 415, 422)},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Make a workflow of the caller's own out of a template."""
        principal = cast(Principal, request.auth)
        if principal.workflows:
            raise Forbidden(
                "This key is good for certain workflows only and may not create others."
            )
        self.read_body(NoFields)
        workflow = fork_template(
            actor=principal.actor, workspace_id=principal.workspace_id, slug=slug
        )
        headers = {
            "ETag": etag_of(workflow.revision),
            "Location": f"/api/v1/workflows/{workflow.id}",
        }
        shown = workflow_json(workflow, view_draft(workflow))
        return Response(shown, status=status.HTTP_201_CREATED, headers=headers)


def _read_query(filters: Mapping[str, str]) -> GalleryQuery:
    for name, choices in _CHOICES.items():
        if name in filters and filters[name] not in choices:
            raise MalformedRequest(f"{name} must be one of {', '.join(choices)}.")
    for name, limit in (("q", MAX_TEXT), ("tag", MAX_TAG)):
        text = filters.get(name, "")
        if len(text) > limit or "\x00" in text:
            raise MalformedRequest(f"{name} must be a text of at most {limit} characters.")
    return GalleryQuery(
        text=filters.get("q", ""),
        categories=_one(filters, "category"),
        tags=_one(filters, "tag"),
        modalities=_one(filters, "modality"),
        sort=GallerySort(filters.get("sort", GallerySort.POPULAR)),
    )


def _one(filters: Mapping[str, str], name: str) -> tuple[str, ...]:
    return (filters[name],) if name in filters else ()


def _answer(request: Request, shown: Mapping[str, Any]) -> Response:
    body = render_json(shown)
    etag = etag_of(hashlib.sha256(body).hexdigest())
    headers = {"ETag": etag, "Cache-Control": "public, no-cache"}
    if is_fresh(request.headers.get("If-None-Match"), etag):
        return Response(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(body, headers=headers)
