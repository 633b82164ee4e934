"""What every change of a workflow shares: the right to make it, the lock, the audit entry."""

from accounts.api import SYSTEM_ACTOR, Actor, Permission, authorise, record_audit
from common.clock import Clock
from common.errors import Conflict, NotFound
from workflows import selectors
from workflows.models import Workflow


def check_may_edit(actor: Actor, workspace_id: str) -> None:
    """Check a member's role. A key was checked for its scope, and names its own workspace.

    Raises:
        WorkspaceNotFound, RoleTooLow: the member may not edit there.
    """
    if actor.kind != "key":
        authorise(actor, workspace_id, Permission.EDIT_WORKFLOWS)


def check_is_own(actor: Actor, workflow: Workflow) -> None:
    """Check that a workflow is one to work on: what runs as a template is that template, unchanged.

    Raises:
        Conflict: it is a trial.
    """
    if workflow.is_trial and actor != SYSTEM_ACTOR:
        raise Conflict(
            "This is a template's trial, which only runs. Fork the template to change it."
        )


def lock_workflow(
    workspace_id: str, workflow_id: str, expected_revision: int | None = None
) -> Workflow:
    """Return the row for writing (SQLite's transaction holds the lock of all rows).

    Raises:
        NotFound: there is no such workflow.
        Conflict: it is at another revision than the expected one.
    """
    rows = selectors.live_workflows(workspace_id).select_for_update()
    current = rows.filter(id=workflow_id).first()
    if current is None:
        raise NotFound
    if expected_revision not in (None, current.revision):
        raise stale(expected_revision, current.revision)
    return current


def stale(expected: int | None, actual: int) -> Conflict:
    """Return the refusal of a write that goes by an old revision."""
    return Conflict(
        f"The workflow was changed in the meantime: it is at revision {actual}.",
        expectedRevision=expected,
        actualRevision=actual,
    )


def record_change(
    actor: Actor,
    verb: str,
    where: tuple[str, str],
    *,
    before: object = None,
    after: object = None,
    clock: Clock,
) -> None:
    """Enter a change of a workflow, given by workspace and id, into the audit log."""
    workspace_id, workflow_id = where
    record_audit(
        actor=actor,
        workspace_id=workspace_id,
        verb=verb,
        object_type="workflow",
        object_id=workflow_id,
        before=before,
        after=after,
        now=clock.now(),
    )
