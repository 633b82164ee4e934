"""Workflows and their drafts: made, changed, deleted, brought back from a version."""

from collections.abc import Mapping

from django.db import transaction
from django.db.models import F

from accounts.api import Actor
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import NotFound
from common.fetch import redact_url
from common.ids import new_id
from workflows import selectors
from workflows.models import Workflow
from workflows.services.editing import (
    check_is_own,
    check_may_edit,
    lock_workflow,
    record_change,
    stale,
)
from workflows.services.fields import checked_fields, search_text_of
from workflows.types import WorkflowChanges, WorkflowRef


def create_workflow(
    *,
    actor: Actor,
    workspace_id: str,
    name: str,
    graph: object,
    description: str = "",
    callback_url: str = "",
    is_trial: bool = False,
    clock: Clock = SYSTEM_CLOCK,
) -> WorkflowRef:
    """Create a workflow; an incomplete graph is saved with its `problems`, a trial shows in no list.

    Raises:
        InvalidInputs: name, description or callback URL cannot be taken.
        InvalidGraph: the graph is malformed.
        RoleTooLow: the actor is a member who may not edit.
    """
    check_may_edit(actor, workspace_id)
    changes = WorkflowChanges(name, description, callback_url, graph)
    fields = checked_fields(changes, selectors.calls_of(workspace_id))
    now = clock.now()
    row = Workflow.objects.insert(
        id=new_id("wf"),
        workspace_id=workspace_id,
        search_text=search_text_of(fields["name"], fields["description"]),
        is_trial=is_trial,
        created_by=actor.label,
        created_at=now,
        updated_at=now,
        **fields,
    )
    return selectors.get_workflow(workspace_id, row.id)


def change_workflow(
    *,
    actor: Actor,
    workspace_id: str,
    workflow_id: str,
    changes: WorkflowChanges,
    expected_revision: int | None,
    clock: Clock = SYSTEM_CLOCK,
) -> WorkflowRef:
    """Change a draft; every change raises its revision, and no change none.

    With `expected_revision` the write happens only if nobody wrote in between.

    Raises:
        NotFound: there is no such workflow.
        Conflict: another revision than the expected one, with `expectedRevision` and
            `actualRevision`; or a template's trial.
        InvalidInputs, InvalidGraph, RoleTooLow: as `create_workflow`.
    """
    check_may_edit(actor, workspace_id)
    fields = checked_fields(changes, selectors.calls_of(workspace_id, workflow_id))
    with transaction.atomic():
        current = lock_workflow(workspace_id, workflow_id, expected_revision)
        check_is_own(actor, current)
        if fields:
            text = search_text_of(
                fields.get("name", current.name), fields.get("description", current.description)
            )
            _write(current, search_text=text, updated_at=clock.now(), **fields)
            _record_callback(actor, current, fields, clock)
        return selectors.get_workflow(workspace_id, workflow_id)


def delete_workflow(
    *, actor: Actor, workspace_id: str, workflow_id: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Delete a workflow; its executions stay readable.

    Raises:
        NotFound: there is no such workflow, or it was deleted before.
        RoleTooLow: the actor is a member who may not edit.
    """
    check_may_edit(actor, workspace_id)
    rows = selectors.live_workflows(workspace_id).filter(id=workflow_id)
    with transaction.atomic():
        if not rows.update(deleted_at=clock.now()):
            raise NotFound
        record_change(actor, "delete", (workspace_id, workflow_id), clock=clock)


def restore_version(
    *,
    actor: Actor,
    workspace_id: str,
    workflow_id: str,
    number: int,
    expected_revision: int | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> WorkflowRef:
    """Copy a published version's graph into the draft, as a new revision.

    Raises:
        NotFound: there is no such workflow or version.
        Conflict: as `change_workflow`.
        RoleTooLow: the actor is a member who may not edit.
    """
    document = selectors.get_version(workspace_id, workflow_id, number)
    return change_workflow(
        actor=actor,
        workspace_id=workspace_id,
        workflow_id=workflow_id,
        changes=WorkflowChanges(graph=document.graph),
        expected_revision=expected_revision,
        clock=clock,
    )


def _write(current: Workflow, **fields: object) -> None:
    """Write a new revision, provided that the row still has the one that was read."""
    rows = selectors.live_workflows(current.workspace_id).filter(id=current.id)
    if not rows.filter(revision=current.revision).update(revision=F("revision") + 1, **fields):
        raise stale(current.revision, rows.values_list("revision", flat=True).get())


def _record_callback(
    actor: Actor, before: Workflow, fields: Mapping[str, object], clock: Clock
) -> None:
    """Note where results are sent from now on, if that is another place; queries are cut off."""
    new = str(fields.get("callback_url", before.callback_url))
    if new == before.callback_url:
        return
    old, new = (url and redact_url(url) for url in (before.callback_url, new))
    where = (before.workspace_id, before.id)
    record_change(actor, "change_callback", where, before=old, after=new, clock=clock)
