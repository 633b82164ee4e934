"""Runs of templates: noted for their statistics, rated, shared."""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.api import Actor, Permission, authorise, clean_line, record_audit
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Conflict, InvalidInputs, Issue, NotFound
from common.ids import new_id
from executor.api import ExecutionStatus, get_execution_json
from templates_gallery.models import OutputRating, SharedRun, TemplateRun
from templates_gallery.selectors.shares import find_share
from workflows.api import get_workflow

MAX_TITLE = 200


def record_run(
    *, template_id: str, workspace_id: str, execution_id: str, mode: str, now: datetime
) -> None:
    """Note a run of a template's trial, for its statistics.

    For `on_store` of `accept_execution`, in whose transaction it writes one row: `lambda accepted:
    record_run(template_id=trial.template_id, execution_id=accepted.execution_id, …)`.
    """
    TemplateRun.objects.insert(
        template_id=template_id,
        workspace_id=workspace_id,
        execution_id=execution_id,
        mode=mode,
        created_at=now,
    )


def rate_output(
    *,
    actor: Actor,
    workspace_id: str,
    execution_id: str,
    is_good: bool | None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Note what a member thinks of a run's result, in place of what they thought; None: nothing.

    Raises:
        NotFound: there is no such run here.
        RoleTooLow, WorkspaceNotFound: the actor is no member who may look.
    """
    authorise(actor, workspace_id, Permission.VIEW)
    get_execution_json(workspace_id, execution_id)
    mine = OutputRating.objects.of(workspace_id).filter(execution_id=execution_id, user_id=actor.id)
    if is_good is None:
        mine.delete()
    elif not mine.update(is_good=is_good):
        row = OutputRating(
            workspace_id=workspace_id,
            execution_id=execution_id,
            user_id=actor.id,
            is_good=is_good,
            created_at=clock.now(),
        )
        # Two clicks at once: one of them is enough.
        OutputRating.objects.across_workspaces().bulk_create([row], ignore_conflicts=True)


def share_run(
    *,
    actor: Actor,
    workspace_id: str,
    execution_id: str,
    title: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> str:
    """Make a completed run public under a link; returns the id of `/shared/<id>`.

    A run that is shared already keeps its id. Without a title it has its workflow's name.

    Raises:
        NotFound: there is no such run here.
        Conflict: it is not completed.
        InvalidInputs: a title that cannot be taken.
        RoleTooLow: the actor is a member who may not run workflows.
    """
    authorise(actor, workspace_id, Permission.RUN)
    run = get_execution_json(workspace_id, execution_id)
    if run["status"] != ExecutionStatus.COMPLETED:
        raise Conflict("Only a run that is completed can be shared.")
    shown = _title(title) or _name_of(workspace_id, run["workflowId"])
    known = find_share(workspace_id, execution_id)
    if known is not None:
        return known
    share_id = new_id("shr")
    try:
        with transaction.atomic():
            SharedRun.objects.insert(
                id=share_id,
                workspace_id=workspace_id,
                execution_id=execution_id,
                workflow_id=run["workflowId"],
                title=shown,
                made_by=actor.label,
                created_at=clock.now(),
            )
            _record(actor, "share", workspace_id, execution_id, share_id, clock)
    except IntegrityError:
        return find_share(workspace_id, execution_id) or share_id
    return share_id


def unshare_run(
    *, actor: Actor, workspace_id: str, share_id: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Take a shared run back; doing so again is no error.

    Raises:
        NotFound: this workspace shared no such run.
        RoleTooLow: the actor is a member who may not run workflows.
    """
    authorise(actor, workspace_id, Permission.RUN)
    rows = SharedRun.objects.of(workspace_id).filter(pk=share_id)
    row = rows.first()
    if row is None:
        raise NotFound
    with transaction.atomic():
        if rows.filter(revoked_at=None).update(revoked_at=clock.now()):
            _record(actor, "unshare", workspace_id, row.execution_id, share_id, clock)


def _name_of(workspace_id: str, workflow_id: str) -> str:
    try:
        return get_workflow(workspace_id, workflow_id).name
    except NotFound:  # it was deleted since
        return "A run"


def _title(title: str) -> str:
    try:
        return clean_line(title, limit=MAX_TITLE)
    except ValueError as error:
        raise InvalidInputs([Issue("/title", "not_allowed", f"Title {error}.")]) from error


def _record(
    actor: Actor, verb: str, workspace_id: str, execution_id: str, share_id: str, clock: Clock
) -> None:
    record_audit(
        actor=actor,
        workspace_id=workspace_id,
        verb=verb,
        object_type="execution",
        object_id=execution_id,
        after={"share": share_id},
        now=clock.now(),
    )
