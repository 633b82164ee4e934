"""`/api/studio/playground/`: runs of templates and workflows by hand, and what one does with them.

Session and CSRF; every request says which workspace it is about. Answers and refusals are those of
the public API. Following and ending runs are the executor's own router's.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from accounts.api import (
    IDEMPOTENCY_HEADER,
    Actor,
    Answer,
    KeyedRequest,
    Namespace,
    Permission,
    answer_or_replay,
    fingerprint_of,
    read_idempotency_key,
)
from billing.api import admit_session
from common.errors import InvalidInputs, Issue, MalformedRequest
from common.http.body import parse_body, peek_bytes, read_json
from common.http.counted import note_decision
from common.http.rendering import render_json
from common.http.schema import ApiModel
from common.http.studio import as_json, queried_text, queried_workspace
from executor.api import Accepted, list_runs_with_values
from templates_gallery import conf
from templates_gallery.http.pages.visitor import viewer_of
from templates_gallery.selectors.playground import (
    find_shares,
    list_ratings,
    list_workflows_tried,
)
from templates_gallery.selectors.shares import find_share
from templates_gallery.services.playground import RunOrder, price_run, start_run
from templates_gallery.services.runs import rate_output, share_run, unshare_run
from workflows.api import get_workflow

router = Router(tags=["playground"])

RUNS = "/api/studio/playground/runs"
HISTORY = 20
MAX_BYTES = 1024 * 1024


class _OrderBody(ApiModel):
    """What to run, or to estimate: a template or a workflow."""

    workspace: str
    template: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    workflow_id: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    inputs: dict[str, Any] = {}
    mode: Literal["live", "test"] = "live"
    max_credits: Annotated[int, Field(ge=0)] | None = None

    def as_order(self) -> RunOrder:
        """Return the order.

        Raises:
            InvalidInputs: it names neither or both.
        """
        if (self.template is None) == (self.workflow_id is None):
            raise InvalidInputs(
                [Issue("/template", "not_allowed", "Give either template or workflowId.")]
            )
        return RunOrder(
            workspace_id=self.workspace,
            template=self.template or "",
            workflow_id=self.workflow_id or "",
            inputs=self.inputs,
            mode=self.mode,
            max_credits=self.max_credits,
        )


class ShareBody(ApiModel):
    """Which workspace's run is made public, and under what title."""

    workspace: str
    title: Annotated[str, Field(max_length=200)] = ""


class RatingBody(ApiModel):
    """What somebody thinks of a result; null takes it back."""

    workspace: str
    is_good: bool | None


@router.post("/runs", operation_id="startPlaygroundRun")
def start(request: HttpRequest) -> HttpResponse:
    """Accept a run of a template's trial or of a published workflow."""
    content = peek_bytes(request, limit=MAX_BYTES)
    order = parse_body(_OrderBody, read_json(request)).as_order()
    actor = admitted(request, order.workspace_id, Permission.RUN, starts_run=True)
    key = request.headers.get(IDEMPOTENCY_HEADER)
    once = keyed(request, order, actor, read_idempotency_key(key)) if key is not None else None
    answer, is_replay = started(request, order, actor, once=once, content=content)
    headers = {**answer.headers, **({"Idempotent-Replayed": "true"} if is_replay else {})}
    return as_json(answer.body, status=answer.status, headers=headers)


@router.get("/runs", operation_id="listPlaygroundRuns")
def list_runs(request: HttpRequest) -> HttpResponse:
    """Return the last runs of a template's trials or of a workflow, newest first."""
    workspace_id = queried_workspace(request)
    actor = admitted(request, workspace_id, Permission.VIEW)
    slug, workflow_id = (queried_text(request, name) for name in ("template", "workflowId"))
    if bool(slug) == bool(workflow_id):
        raise MalformedRequest("Give either ?template= or ?workflowId=.")
    if workflow_id:
        workflows = [get_workflow(workspace_id, workflow_id).id]
    else:
        workflows = list_workflows_tried(workspace_id, slug)
    runs = list_runs_with_values(workspace_id, workflows, limit=HISTORY)
    ids = [run["executionId"] for run in runs]
    shares = find_shares(workspace_id, ids)
    ratings = list_ratings(workspace_id, ids, user_id=actor.id)
    items = [
        {
            **run,
            "shareUrl": share_url(shares.get(run["executionId"])),
            "rating": ratings.get(run["executionId"]),
        }
        for run in runs
    ]
    return as_json({"items": items})


@router.post("/estimate", operation_id="estimatePlaygroundRun")
def estimate(request: HttpRequest) -> HttpResponse:
    """Return what a run would cost; nothing is run or held."""
    order = parse_body(_OrderBody, read_json(request)).as_order()
    actor = admitted(request, order.workspace_id, Permission.RUN)
    return as_json(price_run(order, actor=actor, viewer=viewer_of(request)))


@router.post("/runs/{exec:execution_id}/share", operation_id="sharePlaygroundRun")
def share(request: HttpRequest, execution_id: str) -> HttpResponse:
    """Make a completed run public under a link; a second time it is the same one."""
    body = parse_body(ShareBody, read_json(request))
    actor = admitted(request, body.workspace, Permission.RUN)
    share_id = share_run(
        actor=actor, workspace_id=body.workspace, execution_id=execution_id, title=body.title
    )
    return as_json({"id": share_id, "url": share_url(share_id)})


@router.delete("/runs/{exec:execution_id}/share", operation_id="unsharePlaygroundRun")
def unshare(request: HttpRequest, execution_id: str) -> HttpResponse:
    """Take a shared run back; one that is not shared stays so."""
    workspace_id = queried_workspace(request)
    actor = admitted(request, workspace_id, Permission.RUN)
    share_id = find_share(workspace_id, execution_id)
    if share_id is not None:
        unshare_run(actor=actor, workspace_id=workspace_id, share_id=share_id)
    return HttpResponse(status=204)


@router.post("/runs/{exec:execution_id}/rating", operation_id="ratePlaygroundRun")
def rate(request: HttpRequest, execution_id: str) -> HttpResponse:
    """Note what somebody thinks of a result."""
    body = parse_body(RatingBody, read_json(request))
    actor = admitted(request, body.workspace, Permission.RUN)
    rate_output(
        actor=actor,
        workspace_id=body.workspace,
        execution_id=execution_id,
        is_good=body.is_good,
    )
    return HttpResponse(status=204)


def started(
    request: HttpRequest,
    order: RunOrder,
    actor: Actor,
    *,
    once: KeyedRequest | None,
    content: bytes,
) -> tuple[Answer, bool]:
    """Start a run, or find the one that was started by the same request; says which it was.

    Raises:
        PixelFlowError: as `start_run`; IdempotencyKeyReused, IdempotencyInProgress.
    """

    def keep(accepted: Accepted) -> None:
        if once is not None:
            answer = _answer(accepted, order)
            once.store(status=answer.status, body=answer.body, headers=answer.headers)

    run: Callable[[], Accepted] = partial(
        start_run, order, actor=actor, viewer=viewer_of(request), on_store=keep
    )
    if once is None:
        return _answer(run(), order), False
    return answer_or_replay(once, content, lambda: _answer(run(), order))


def keyed(request: HttpRequest, order: RunOrder, actor: Actor, key: str) -> KeyedRequest:
    """Return a request that is done once: the key is this person's, here and in this mode."""
    space = Namespace(order.workspace_id, order.mode, actor.label)
    told = partial(fingerprint_of, str(request.method), request.path)
    return KeyedRequest(space, key, told)


def admitted(
    request: HttpRequest, workspace_id: str, permission: Permission, *, starts_run: bool = False
) -> Actor:
    """Return whose session it is, once its request was counted: see `admit_session`."""
    actor = Actor("user", str(request.user.pk))
    note = partial(note_decision, request)
    admit_session(actor, workspace_id, permission, note=note, starts_run=starts_run)
    return actor


def share_url(share_id: str | None) -> str | None:
    """Return the address of a shared run; None of one that is not shared."""
    return None if share_id is None else f"{conf.public_url()}/shared/{share_id}"


def run_url(execution_id: str, workspace_id: str) -> str:
    """Return where to ask how a run stands."""
    return f"{RUNS}/{execution_id}?workspace={workspace_id}"


def _answer(accepted: Accepted, order: RunOrder) -> Answer:
    url = run_url(accepted.execution_id, order.workspace_id)
    events = f"/ws/executions/{accepted.execution_id}"
    body = {**accepted.as_json(poll_url=url), "eventsUrl": events, "mode": order.mode}
    return Answer(202, render_json(body), {"Location": url})
