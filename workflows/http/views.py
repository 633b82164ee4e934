"""`/workflows`: drafts, as the public API shows them."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import Forbidden
from common.http.drf import ApiView
from common.http.etags import etag_of
from common.http.openapi import CURSOR, KEY_PROBLEMS, LIMIT, problems
from common.http.pages import page_of
from workflows import selectors
from workflows.http import schemas
from workflows.http.answers import schemas_json, summary_json, workflow_json
from workflows.http.bodies import TELL_APART_BYTES, read_graph_body
from workflows.http.caller import caller_of
from workflows.http.etags import read_if_match
from workflows.http.openapi import IF_MATCH, SEARCH
from workflows.http.pages import read_page, read_search
from workflows.services import drafts
from workflows.types import UNCHANGED, WorkflowChanges, WorkflowRef


def answer_workflow(workflow: WorkflowRef, *, status_code: int = status.HTTP_200_OK) -> Response:
    """Return a workflow with its entity tag."""
    body = workflow_json(workflow, selectors.view_draft(workflow))
    headers = {"ETag": etag_of(workflow.revision)}
    return Response(body, status=status_code, headers=headers)


class WorkflowListView(ApiView):
    """The workspace's workflows."""

    scopes: ClassVar = {"GET": "read", "POST": "write"}
    max_bytes: ClassVar = TELL_APART_BYTES

    @extend_schema(
        operation_id="listWorkflows",
        summary="List workflows",
        parameters=[SEARCH, CURSOR, LIMIT],
        responses={200: schemas.WorkflowPage, **problems(400, *KEY_PROBLEMS)},
    )
    def get(self, request: Request) -> Response:
        """List the workspace's workflows, newest first."""
        caller = caller_of(request)
        search = read_search(request)
        page = read_page(request, "workflows", filters={"q": search})
        found = selectors.list_workflows(
            caller.workspace_id,
            limit=page.limit + 1,
            query=search,
            after=page.after,
            only=caller.workflows,
        )
        return Response(
            page_of(page, found, position=lambda workflow: workflow.id, render=summary_json)
        )

    @extend_schema(
        operation_id="createWorkflow",
        summary="Create a workflow",
        request=schemas.CreateWorkflow,
        responses={201: schemas.Workflow, **problems(400, *KEY_PROBLEMS, 413, 415, 422)},
    )
    def post(self, request: Request) -> Response:
        """Create a workflow. An incomplete graph is saved with its `problems`."""
        principal = caller_of(request)
        if principal.workflows:
            raise Forbidden(
                "This key is good for certain workflows only and may not create others."
            )
        body = read_graph_body(request, schemas.CreateWorkflow)
        workflow = drafts.create_workflow(
            actor=principal.actor,
            workspace_id=principal.workspace_id,
            name=body.name,
            description=body.description,
            graph=body.graph,
            callback_url=body.callback_url or "",
        )
        response = answer_workflow(workflow, status_code=status.HTTP_201_CREATED)
        response.headers["Location"] = f"/api/v1/workflows/{workflow.id}"
        return response


class WorkflowView(ApiView):
    """One workflow and its draft."""

    scopes: ClassVar = {"GET": "read", "PATCH": "write", "DELETE": "write"}

    @extend_schema(
        operation_id="getWorkflow",
        summary="Read a workflow",
        responses={200: schemas.Workflow, **problems(*KEY_PROBLEMS, 404)},
    )
    def get(self, request: Request, workflow_id: str) -> Response:
        """Return the draft; `ETag` is its revision."""
        return answer_workflow(selectors.get_workflow(caller_of(request).workspace_id, workflow_id))

    @extend_schema(
        operation_id="changeWorkflow",
        summary="Change a workflow",
        parameters=[IF_MATCH],
        request=schemas.ChangeWorkflow,
        responses={
            200: schemas.Workflow,
            **problems(400, *KEY_PROBLEMS, 404, 409, 413, 415, 422),
        },
    )
    def patch(self, request: Request, workflow_id: str) -> Response:
        """Change the fields that are given; `If-Match` guards against lost updates."""
        expected = read_if_match(request)
        body = read_graph_body(request, schemas.ChangeWorkflow)
        principal = caller_of(request)
        workflow = drafts.change_workflow(
            actor=principal.actor,
            workspace_id=principal.workspace_id,
            workflow_id=workflow_id,
            changes=_changes_of(body),
            expected_revision=expected,
        )
        return answer_workflow(workflow)

    @extend_schema(
        operation_id="deleteWorkflow",
        summary="Delete a workflow",
        responses={204: None, **problems(*KEY_PROBLEMS, 404)},
    )
    def delete(self, request: Request, workflow_id: str) -> Response:
        """Delete the workflow; its executions stay readable until their retention."""
        principal = caller_of(request)
        drafts.delete_workflow(
            actor=principal.actor, workspace_id=principal.workspace_id, workflow_id=workflow_id
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class SchemaView(ApiView):
    """What the published version takes and gives."""

    scopes: ClassVar = {"GET": "read"}

    @extend_schema(
        operation_id="getWorkflowSchema",
        summary="Read the schema of a published workflow",
        responses={200: schemas.InterfaceSchemas, **problems(*KEY_PROBLEMS, 404, 409)},
    )
    def get(self, request: Request, workflow_id: str) -> Response:
        """Return the JSON Schemas of the published version's inputs and outputs."""
        found = selectors.get_published_schemas(caller_of(request).workspace_id, workflow_id)
        return Response(schemas_json(found))


def _changes_of(body: schemas.ChangeWorkflow) -> WorkflowChanges:
    given = body.model_fields_set
    return WorkflowChanges(
        name=body.name if "name" in given else None,
        description=body.description if "description" in given else None,
        callback_url=(body.callback_url or "") if "callback_url" in given else None,
        graph=body.graph if "graph" in given else UNCHANGED,
    )
