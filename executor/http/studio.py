"""Runs as the pages' playground sees them, `/api/studio/playground/`: by session, for one workspace.

Which workspace it is says every request: `?workspace=`, or `workspace` in a body. What is answered
is what the public API answers, refusals as well. A run is started by the gallery's own router,
since it may be one of a template.
"""

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.datastructures import MultiValueDict
from ninja import Router
from ninja.security import SessionAuth

from accounts.api import Actor, Permission
from billing.api import admit_session
from common.http.body import parse_body, read_json
from common.http.counted import note_decision
from common.http.schema import ApiModel
from common.http.studio import as_json, queried_workspace
from executor.http.file_views import file_json, rejected_file
from executor.http.schemas import RetryBody
from executor.http.upload import received_file
from executor.media.errors import MediaRejected
from executor.selectors.runs import get_mode, get_poll_answer
from executor.services.cancel import cancel_execution
from executor.services.files import take_upload
from executor.services.retry import RetryRequest, retry_execution
from executor.types import Caller, Trigger

router = Router(tags=["playground"])


class OfWorkspace(ApiModel):
    """A body that says only which workspace it is about."""

    workspace: str


class RetryOfWorkspace(RetryBody):
    """What to do anew, and in which workspace."""

    workspace: str


class _HeaderToken(SessionAuth):
    """A session whose CSRF token comes by its header alone, so that no form is read for it.

    An upload is read by its view, straight to disk; Django would keep it in memory first.
    """

    def __call__(self, request: HttpRequest) -> Any:
        request._post, request._files = QueryDict(), MultiValueDict()  # type: ignore[attr-defined] # noqa: SLF001
        return super().__call__(request)


@router.get("/runs/{exec:execution_id}", operation_id="getPlaygroundRun")
def get_run(request: HttpRequest, execution_id: str) -> HttpResponse:
    """Return the poll answer."""
    workspace_id = queried_workspace(request)
    admitted(request, workspace_id, Permission.VIEW)
    found = get_poll_answer(workspace_id, execution_id)
    again = {} if found.is_final else {"Retry-After": "1"}
    return as_json(found.body, headers=again)


@router.post("/runs/{exec:execution_id}/cancel", operation_id="cancelPlaygroundRun")
def cancel_run(request: HttpRequest, execution_id: str) -> HttpResponse:
    """Cancel a run; one that is over stays as it is."""
    body = parse_body(OfWorkspace, read_json(request))
    admitted(request, body.workspace, Permission.RUN)
    status, is_new = cancel_execution(workspace_id=body.workspace, execution_id=execution_id)
    return as_json({"executionId": execution_id, "status": status, "cancelled": is_new})


@router.post("/runs/{exec:execution_id}/retry", operation_id="retryPlaygroundRun")
def retry_run(request: HttpRequest, execution_id: str) -> HttpResponse:
    """Accept a new run that takes over what had completed, and pays only for the rest."""
    body = parse_body(RetryOfWorkspace, read_json(request))
    actor = admitted(request, body.workspace, Permission.RUN, starts_run=True)
    mode = get_mode(body.workspace, execution_id)
    accepted = retry_execution(
        RetryRequest(
            body.workspace,
            execution_id,
            mode,
            from_node=body.from_node,
            inputs=body.inputs,
            trigger=Trigger.PLAYGROUND,
            caller=Caller(actor.label),
        )
    )
    url = f"/api/studio/playground/runs/{accepted.execution_id}?workspace={body.workspace}"
    events = f"/ws/executions/{accepted.execution_id}"
    answer = {**accepted.as_json(poll_url=url), "eventsUrl": events, "mode": mode}
    return as_json(answer, status=202, headers={"Location": url})


@router.post("/files", operation_id="uploadPlaygroundFile", auth=_HeaderToken())
def upload_file(request: HttpRequest) -> HttpResponse:
    """Check, re-encode and keep a file, as the API does."""
    workspace_id = queried_workspace(request)
    admitted(request, workspace_id, Permission.UPLOAD)
    with received_file(request) as received:
        try:
            stored = take_upload(workspace_id=workspace_id, source=received.path)
        except MediaRejected as error:
            raise rejected_file(error) from error
    return as_json({**file_json(stored), "fileId": stored.id}, status=201)


def admitted(
    request: HttpRequest, workspace_id: str, permission: Permission, *, starts_run: bool = False
) -> Actor:
    """Return whose session it is, once its request was counted: see `admit_session`."""
    actor = Actor("user", str(request.user.pk))
    note = partial(note_decision, request)
    admit_session(actor, workspace_id, permission, note=note, starts_run=starts_run)
    return actor
