"""`/workflows/{id}/execute`, `/workflows/{id}/estimate`, and retrying what was executed."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import Principal
from common import faults
from common.http.drf import ApiView
from common.http.openapi import KEY_PROBLEMS, problems
from executor.http import schemas
from executor.http.caller import caller_of
from executor.services.accept import accept_execution
from executor.services.estimates import estimate_json
from executor.services.retry import RetryRequest, retry_execution
from executor.types import Accepted, Caller, ExecutionRequest, Trigger
from workflows.api import find_runnable


class ExecuteView(ApiView):
    """Running a workflow."""

    scopes: ClassVar = {"POST": "execute"}
    idempotency: ClassVar = "own"

    @extend_schema(
        operation_id="executeWorkflow",
        summary="Run a workflow",
        request=schemas.ExecuteBody,
        responses={
            202: schemas.ExecutionAccepted,
            **problems(400, 402, *KEY_PROBLEMS, 404, 409, 413, 415, 422, 503),
        },
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """Accept a run of the published version, of an older one, or of the draft.

        With `toNode` only that node is run, and what it needs: inputs that it does not need are
        ignored, and its outputs stand under its entry of the poll's `nodes`.

        With a test key, models are simulated, and `metadata.simulate` may ask for trouble: `slow`,
        `fail`, `refuse` or `rate_limit`, for all of them or by node (`{"paint": "slow"}`, behind a
        node that runs a workflow `{"call/paint": "slow"}`). A retry of the run meets none of it.
        With a live key it means nothing.
        """
        faults.point("web.authenticated")
        body = self.read_body(schemas.ExecuteBody)
        faults.point("web.parsed")
        accepted = accept_execution(
            _request_of(body, caller_of(request), workflow_id),
            on_store=lambda accepted: self.keep(_accepted(accepted)),
        )
        faults.point("web.before_answer")
        return _accepted(accepted)


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
        """Return the price of a version, node by node; nothing is run or held.

        `credits` is the least that it costs as things are, `maxCredits` the most that it may ever
        cost, and what is held; they differ where only the run decides, and by what the cache knows.
        """
        body = self.read_body(schemas.EstimateBody)
        caller = caller_of(request)
        version = find_runnable(
            caller.workspace_id, workflow_id, body.version, to_node=body.to_node
        )
        return Response(estimate_json(version, body.inputs, mode=caller.mode))


class RetryView(ApiView):
    """Running the rest of what was run before."""

    scopes: ClassVar = {"POST": "execute"}
    idempotency: ClassVar = "own"

    @extend_schema(
        operation_id="retryExecution",
        summary="Retry an execution",
        request=schemas.RetryBody,
        responses={
            202: schemas.ExecutionAccepted,
            **problems(400, 402, *KEY_PROBLEMS, 404, 409, 413, 415, 422, 503),
        },
    )
    def post(self, request: Request, execution_id: str) -> Response:
        """Accept a new run that takes over what had completed, and pays only for the rest.

        `fromNode` names a node that is done anew with all that depends on it; so is what depends on
        an input whose value `inputs` changes.
        """
        body, caller = self.read_body(schemas.RetryBody), caller_of(request)
        accepted = retry_execution(
            RetryRequest(
                caller.workspace_id,
                execution_id,
                caller.mode,
                from_node=body.from_node,
                inputs=body.inputs,
                caller=_caller(caller),
            ),
            on_store=lambda accepted: self.keep(_accepted(accepted)),
        )
        return _accepted(accepted)


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
        caller=_caller(principal),
        to_node=body.to_node,
    )


def _caller(principal: Principal) -> Caller:
    return Caller(principal.actor.label, principal.key_id, principal.monthly_cap)


def _accepted(accepted: Accepted) -> Response:
    poll_url = f"/api/v1/workflows/executions/{accepted.execution_id}/poll"
    answer = accepted.as_json(poll_url=poll_url)
    return Response(answer, status=status.HTTP_202_ACCEPTED, headers={"Location": poll_url})
