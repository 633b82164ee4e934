"""`/workflows/{id}/publish` and `/workflows/{id}/versions`."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from common.http.drf import ApiView
from common.http.openapi import CURSOR, KEY_PROBLEMS, LIMIT, problems
from common.http.pages import page_of
from common.http.schema import NoFields
from workflows import selectors
from workflows.http import schemas
from workflows.http.answers import version_document_json, version_json
from workflows.http.caller import caller_of
from workflows.http.etags import read_if_match
from workflows.http.openapi import IF_MATCH
from workflows.http.pages import read_page
from workflows.http.views import answer_workflow
from workflows.services.drafts import restore_version
from workflows.services.versions import publish_workflow


class PublishView(ApiView):
    """Publishing the draft."""

    scopes: ClassVar = {"POST": "write"}

    @extend_schema(
        operation_id="publishWorkflow",
        summary="Publish a workflow",
        request=None,
        responses={201: schemas.VersionSummary, **problems(400, *KEY_PROBLEMS, 404, 409, 422)},
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """Make an immutable version out of the draft; refused while it has problems."""
        self.read_body(NoFields)
        principal = caller_of(request)
        version = publish_workflow(
            actor=principal.actor, workspace_id=principal.workspace_id, workflow_id=workflow_id
        )
        return Response(
            version_json(version),
            status=status.HTTP_201_CREATED,
            headers={"Location": f"/api/v1/workflows/{workflow_id}/versions/{version.number}"},
        )


class VersionListView(ApiView):
    """A workflow's published versions."""

    scopes: ClassVar = {"GET": "read"}

    @extend_schema(
        operation_id="listVersions",
        summary="List the versions of a workflow",
        parameters=[CURSOR, LIMIT],
        responses={200: schemas.VersionPage, **problems(400, *KEY_PROBLEMS, 404)},
    )
    def get(self, request: Request, workflow_id: str) -> Response:
        """List the published versions, newest first."""
        filters = {"workflowId": workflow_id}
        page = read_page(request, "versions", filters=filters)
        found = selectors.list_versions(
            caller_of(request).workspace_id,
            workflow_id,
            limit=page.limit + 1,
            after=None if page.after is None else int(page.after),
        )
        return Response(
            page_of(page, found, position=lambda version: version.number, render=version_json)
        )


class VersionView(ApiView):
    """One published version."""

    scopes: ClassVar = {"GET": "read"}

    @extend_schema(
        operation_id="getVersion",
        summary="Read a version of a workflow",
        responses={200: schemas.Version, **problems(*KEY_PROBLEMS, 404)},
    )
    def get(self, request: Request, workflow_id: str, number: int) -> Response:
        """Return the version with its graph and the schemas of its interface."""
        document = selectors.get_version(caller_of(request).workspace_id, workflow_id, number)
        return Response(version_document_json(document))


class RestoreView(ApiView):
    """Going back to an old version."""

    scopes: ClassVar = {"POST": "write"}

    @extend_schema(
        operation_id="restoreVersion",
        summary="Restore a version into the draft",
        parameters=[IF_MATCH],
        request=None,
        responses={200: schemas.Workflow, **problems(400, *KEY_PROBLEMS, 404, 409)},
    )
    def post(self, request: Request, workflow_id: str, number: int) -> Response:
        """Copy the version's graph into the draft, as a new revision."""
        self.read_body(NoFields)
        principal = caller_of(request)
        workflow = restore_version(
            actor=principal.actor,
            workspace_id=principal.workspace_id,
            workflow_id=workflow_id,
            number=number,
            expected_revision=read_if_match(request),
        )
        return answer_workflow(workflow)
