"""`/workflows/executions`: runs, how they stand, and ending them."""

from dataclasses import replace
from operator import itemgetter
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import SYSTEM_CLOCK, rfc3339
from common.http.drf import NO_STORE, ApiView
from common.http.openapi import CURSOR, KEY_PROBLEMS, LIMIT, problems
from common.http.pages import page_of
from common.http.schema import NoFields
from executor.http import schemas
from executor.http.caller import caller_of
from executor.http.openapi import SINCE, STATUS, UNTIL, WAIT, WORKFLOW
from executor.http.queries import read_execution_page, read_wait
from executor.selectors import runs
from executor.selectors.history import list_executions
from executor.services.cancel import cancel_execution
from executor.services.tickets import issue_ticket
from executor.types import ExecutionStatus


class ExecutionListView(ApiView):
    """The workspace's runs."""

    scopes: ClassVar = {"GET": "read"}

    @extend_schema(
        operation_id="listExecutions",
        summary="List executions",
        parameters=[WORKFLOW, STATUS, SINCE, UNTIL, CURSOR, LIMIT],
        responses={200: schemas.ExecutionPage, **problems(400, *KEY_PROBLEMS)},
    )
    def get(self, request: Request) -> Response:
        """List the workspace's runs, newest first."""
        caller = caller_of(request)
        page, wanted = read_execution_page(
            request.query_params, caller.workspace_id, clock=SYSTEM_CLOCK
        )
        wanted = replace(wanted, workflows=caller.workflows)
        found = list_executions(
            caller.workspace_id, wanted, before=page.after, limit=page.limit + 1
        )
        return Response(page_of(page, found, position=itemgetter("executionId"), render=dict))


class ExecutionView(ApiView):
    """One run."""

    scopes: ClassVar = {"GET": "read"}

    @extend_schema(
        operation_id="getExecution",
        summary="Read an execution",
        responses={200: schemas.Execution, **problems(*KEY_PROBLEMS, 404)},
    )
    def get(self, request: Request, execution_id: str) -> Response:
        """Return the poll answer with inputs, metadata, trigger and version."""
        found = runs.get_execution_json(caller_of(request).workspace_id, execution_id)
        return Response(found, headers=NO_STORE)


class PollView(ApiView):
    """How a run stands."""

    scopes: ClassVar = {"GET": "read"}

    @extend_schema(
        operation_id="pollExecution",
        summary="Poll an execution",
        parameters=[WAIT],
        responses={200: schemas.ExecutionState, **problems(400, *KEY_PROBLEMS, 404, 429)},
    )
    def get(self, request: Request, execution_id: str) -> Response:
        """Return status, progress and outputs; a wait is served by `executor.http.wait`."""
        read_wait(request.query_params)
        return self.answer(caller_of(request).workspace_id, execution_id)

    def answer(self, workspace_id: str, execution_id: str) -> Response:
        """Return the poll answer; one that can still change says when to ask again."""
        found = runs.get_poll_answer(workspace_id, execution_id)
        again = {} if found.is_final else {"Retry-After": "1"}
        return Response(found.body, headers={**NO_STORE, **again})


class CancelView(ApiView):
    """Ending a run."""

    scopes: ClassVar = {"POST": "execute"}
    idempotency: ClassVar = "own"  # what the run has started is cancelled after its transaction

    @extend_schema(
        operation_id="cancelExecution",
        summary="Cancel an execution",
        request=None,
        responses={200: schemas.Cancelled, **problems(400, *KEY_PROBLEMS, 404)},
    )
    def post(self, request: Request, execution_id: str) -> Response:
        """Cancel the run; one that is over stays as it is, and that is no error."""
        self.read_body(NoFields)
        ended = cancel_execution(
            workspace_id=caller_of(request).workspace_id,
            execution_id=execution_id,
            on_store=lambda found, is_new: self.keep(_cancelled(execution_id, found, is_new)),
        )
        return _cancelled(execution_id, *ended)


class TicketView(ApiView):
    """Tickets for sockets, which cannot send an `Authorization` header."""

    scopes: ClassVar = {"POST": "read"}

    @extend_schema(
        operation_id="createExecutionTicket",
        summary="Get a ticket for the event socket",
        request=None,
        responses={201: schemas.Ticket, **problems(400, *KEY_PROBLEMS, 404)},
    )
    def post(self, request: Request, execution_id: str) -> Response:
        """Return a ticket for `?ticket=` of this run's socket: good for 30 seconds, once."""
        self.read_body(NoFields)
        principal = caller_of(request)
        ticket, expires_at = issue_ticket(
            workspace_id=principal.workspace_id,
            execution_id=execution_id,
            key_id=principal.key_id,
        )
        return Response(
            {"ticket": ticket, "expiresAt": rfc3339(expires_at)},
            status=status.HTTP_201_CREATED,
            headers=NO_STORE,
        )


def _cancelled(execution_id: str, found: ExecutionStatus, is_new: bool) -> Response:
    return Response({"executionId": execution_id, "status": found, "cancelled": is_new})
