"""`/workflows/{id}/execute` and `/workflows/{id}/estimate`."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import Principal, get_workspace
from common.clock import rfc3339
from common.errors import InvalidInputs
from common.http.drf import ApiView
from common.http.openapi import KEY_PROBLEMS, problems
from executor.http import schemas
from executor.http.caller import caller_of
from executor.services.accept import accept_execution
from executor.types import DRAFT, Accepted, ExecutionRequest, ExecutionStatus, Trigger
from workflows.api import (
    NodeEstimate,
    check_inputs,
    estimate_nodes,
    find_runnable,
    interface_of_version,
    resolved_version,
)


class ExecuteView(ApiView):
    """Running a workflow."""

    scopes: ClassVar = {"POST": "execute"}

    @extend_schema(
        operation_id="executeWorkflow",
        summary="Run a workflow",
        request=schemas.ExecuteBody,
        responses={
            202: schemas.ExecutionAccepted,
            **problems(400, 402, *KEY_PROBLEMS, 404, 409, 413, 415, 422),
        },
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """Accept a run of the published version, of an older one, or of the draft."""
        body = self.read_body(schemas.ExecuteBody)
        accepted = accept_execution(_request_of(body, caller_of(request), workflow_id))
        answer = _accepted_json(accepted)
        return Response(
            answer, status=status.HTTP_202_ACCEPTED, headers={"Location": answer["pollUrl"]}
        )


class EstimateView(ApiView):
    """What a run would cost."""

    scopes: ClassVar = {"POST": "execute"}

    @extend_schema(
        operation_id="estimateWorkflow",
        summary="Estimate a run",
        request=schemas.EstimateBody,
        responses={
            200: schemas.Estimate,
            **problems(400, *KEY_PROBLEMS, 404, 409, 413, 415, 422),
        },
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """Return the price of the published version, node by node; nothing is run or held."""
        body = self.read_body(schemas.EstimateBody)
        workspace_id = caller_of(request).workspace_id
        version = find_runnable(workspace_id, workflow_id, None)
        _check_given(version.id, body.inputs)
        nodes = estimate_nodes(resolved_version(version.id))
        total = sum(node.credits for node in nodes)
        return Response(
            {
                "credits": total,
                "maxCredits": total,
                "balance": get_workspace(workspace_id).credits,
                "nodes": [_estimate_json(node) for node in nodes],
            }
        )


def _request_of(
    body: schemas.ExecuteBody, principal: Principal, workflow_id: str
) -> ExecutionRequest:
    return ExecutionRequest(
        workspace_id=principal.workspace_id,
        workflow_id=workflow_id,
        version=body.version,
        inputs=body.inputs,
        mode=principal.mode,
        trigger=Trigger.API,
        callback_url=body.callback_url,
        max_credits=body.max_credits,
        cache=body.cache,
        keep=body.keep,
        metadata=body.metadata,
        key_id=principal.key_id,
    )


def _accepted_json(accepted: Accepted) -> dict[str, Any]:
    return {
        "executionId": accepted.execution_id,
        "status": ExecutionStatus.QUEUED,
        "workflowId": accepted.workflow_id,
        "version": accepted.version or DRAFT,
        "estimatedCredits": accepted.estimated_credits,
        "pollUrl": f"/api/v1/workflows/executions/{accepted.execution_id}/poll",
        "createdAt": rfc3339(accepted.created_at),
    }


def _estimate_json(node: NodeEstimate) -> dict[str, Any]:
    return {
        "nodeId": node.node_id,
        "type": node.type,
        "label": node.label,
        "credits": node.credits,
        "quantity": node.quantity,
        "cached": False,
    }


def _check_given(version_id: str, inputs: Mapping[str, Any]) -> None:
    """Check the inputs that are given; an estimate does without the others.

    Raises:
        InvalidInputs: one does not fit.
    """
    _, issues = check_inputs(interface_of_version(version_id), inputs)
    wrong = [issue for issue in issues if issue.code != "missing"]
    if wrong:
        raise InvalidInputs(wrong)
