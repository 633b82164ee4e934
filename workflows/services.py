"""Writes of `workflows`. Each checks, writes in one transaction, and returns a ref."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import F, Max

from accounts.api import SYSTEM_ACTOR, Actor, Permission, authorise, clean_line, record_audit
from common.canonical import digest
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Conflict, InvalidGraph, InvalidInputs, Issue, NotFound
from common.fetch import UrlNotAllowed, check_url, redact_url
from common.ids import new_id
from workflows import selectors
from workflows.conf import fetch_policy
from workflows.graphs.calls import Calls, pin_calls
from workflows.graphs.interface import interface_of
from workflows.graphs.partial import prune
from workflows.graphs.resolve import Resolution
from workflows.models import Workflow, WorkflowVersion
from workflows.types import (
    UNCHANGED,
    VersionChoice,
    VersionRef,
    WorkflowChanges,
    WorkflowRef,
    fold,
)

MAX_NAME = 200
MAX_DESCRIPTION = 5_000


def create_workflow(
    *,
    actor: Actor,
    workspace_id: str,
    name: str,
    graph: object,
    description: str = "",
    callback_url: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> WorkflowRef:
    """Create a workflow; an incomplete graph is saved with its `problems`.

    Raises:
        InvalidInputs: name, description or callback URL cannot be taken.
        InvalidGraph: the graph is malformed.
        RoleTooLow: the actor is a member who may not edit.
    """
    _check_may_edit(actor, workspace_id)
    changes = WorkflowChanges(name, description, callback_url, graph)
    fields = _checked_fields(changes, selectors.calls_of(workspace_id))
    now = clock.now()
    row = Workflow.objects.insert(
        id=new_id("wf"),
        workspace_id=workspace_id,
        search_text=_search_text(fields["name"], fields["description"]),
        created_by=_text_of(actor),
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
            `actualRevision`.
        InvalidInputs, InvalidGraph, RoleTooLow: as `create_workflow`.
    """
    _check_may_edit(actor, workspace_id)
    fields = _checked_fields(changes, selectors.calls_of(workspace_id, workflow_id))
    with transaction.atomic():
        current = _lock(workspace_id, workflow_id, expected_revision)
        if fields:
            text = _search_text(
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
    _check_may_edit(actor, workspace_id)
    rows = selectors.live_workflows(workspace_id).filter(id=workflow_id)
    with transaction.atomic():
        if not rows.update(deleted_at=clock.now()):
            raise NotFound
        _record(actor, "delete", (workspace_id, workflow_id), clock=clock)


def publish_workflow(
    *, actor: Actor, workspace_id: str, workflow_id: str, clock: Clock = SYSTEM_CLOCK
) -> VersionRef:
    """Make an immutable version out of the draft, with the next number, and publish it.

    Raises:
        NotFound: there is no such workflow.
        InvalidGraph: the draft has problems.
        RoleTooLow: the actor is a member who may not edit.
    """
    _check_may_edit(actor, workspace_id)
    with transaction.atomic():
        current = _lock(workspace_id, workflow_id)
        numbers = WorkflowVersion.objects.of(workspace_id).filter(workflow_id=workflow_id)
        last = numbers.aggregate(last=Max("number"))["last"] or 0
        graph = _pinned(current, current.graph)
        version = _insert_version(current, graph, actor, number=last + 1, clock=clock)
        before = current.published_version.number if current.published_version else None
        current.published_version = version
        current.save(update_fields=["published_version"])
        facts = {"number": version.number, "graph": version.graph_digest}
        where = (workspace_id, workflow_id)
        _record(actor, "publish", where, before={"number": before}, after=facts, clock=clock)
        return _ref_of(current, version)


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


def snapshot_draft(
    workspace_id: str,
    workflow_id: str,
    *,
    to_node: str | None = None,
    actor: Actor = SYSTEM_ACTOR,
    clock: Clock = SYSTEM_CLOCK,
) -> VersionRef:
    """Return the draft as a version without a number; equal drafts give the same one.

    With `to_node` it is that node and what it needs, whatever is wrong elsewhere. Whoever may run
    a workflow may run its draft, so no right to edit is asked for; `actor` is written down and not
    checked.

    Raises:
        NotFound: there is no such workflow.
        InvalidGraph: the draft has problems, or no such node.
    """
    with transaction.atomic():
        current = _lock(workspace_id, workflow_id)
        if to_node is None:
            return _snapshot(current, current.graph, actor, clock)
        declared = _declared_inputs(current)
        return _part(current, current.graph, to_node, declared, actor, clock)


def snapshot_part(
    version: VersionRef,
    to_node: str,
    *,
    actor: Actor = SYSTEM_ACTOR,
    clock: Clock = SYSTEM_CLOCK,
) -> VersionRef:
    """Return the part of a published version that a node needs; equal parts give the same one.

    Raises:
        NotFound: the workflow was deleted.
        InvalidGraph: it has no such node.
    """
    graph = selectors.version_graph(version.id)
    interface = selectors.interface_of_version(version.id)
    declared = frozenset(field.name for field in interface.inputs)
    with transaction.atomic():
        current = _lock(version.workspace_id, version.workflow_id)
        part = _part(current, graph, to_node, declared, actor, clock)
    return replace(part, number=version.number)


def find_runnable(
    workspace_id: str,
    workflow_id: str,
    which: VersionChoice,
    *,
    to_node: str | None = None,
    actor: Actor = SYSTEM_ACTOR,
) -> VersionRef:
    """Return the version to run: the published one (None), a number, or the draft as it is now.

    With `to_node` it is the part that this node needs. Exactly one query unless a snapshot is made,
    as of a draft and of a part.

    Raises:
        NotFound: no such workflow in this workspace, or no version with this number.
        NotPublished: nothing is published.
        InvalidGraph: the draft has problems; there is no such node.
    """
    if which == "draft":
        return snapshot_draft(workspace_id, workflow_id, to_node=to_node, actor=actor)
    if which is None:
        version = selectors.find_published(workspace_id, workflow_id)
    else:
        version = selectors.find_version(workspace_id, workflow_id, which)
    return version if to_node is None else snapshot_part(version, to_node, actor=actor)


def _record_callback(
    actor: Actor, before: Workflow, fields: Mapping[str, object], clock: Clock
) -> None:
    """Note where results are sent from now on, if that is another place; queries are cut off."""
    new = str(fields.get("callback_url", before.callback_url))
    if new == before.callback_url:
        return
    old, new = (url and redact_url(url) for url in (before.callback_url, new))
    where = (before.workspace_id, before.id)
    _record(actor, "change_callback", where, before=old, after=new, clock=clock)


def _record(
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


def _check_may_edit(actor: Actor, workspace_id: str) -> None:
    """Check a member's role. A key was checked for its scope, and names its own workspace."""
    if actor.kind != "key":
        authorise(actor, workspace_id, Permission.EDIT_WORKFLOWS)


def _lock(workspace_id: str, workflow_id: str, expected_revision: int | None = None) -> Workflow:
    """Return the row for writing (SQLite's transaction holds the lock of all rows)."""
    rows = selectors.live_workflows(workspace_id).select_for_update()
    current = rows.filter(id=workflow_id).first()
    if current is None:
        raise NotFound
    if expected_revision not in (None, current.revision):
        raise _stale(expected_revision, current.revision)
    return current


def _write(current: Workflow, **fields: object) -> None:
    """Write a new revision, provided that the row still has the one that was read."""
    rows = selectors.live_workflows(current.workspace_id).filter(id=current.id)
    if not rows.filter(revision=current.revision).update(revision=F("revision") + 1, **fields):
        raise _stale(current.revision, rows.values_list("revision", flat=True).get())


def _stale(expected: int | None, actual: int) -> Conflict:
    return Conflict(
        f"The workflow was changed in the meantime: it is at revision {actual}.",
        expectedRevision=expected,
        actualRevision=actual,
    )


def _snapshot(
    current: Workflow, document: Mapping[str, Any], actor: Actor, clock: Clock
) -> VersionRef:
    """Return a graph of a locked workflow as a version without a number."""
    graph = _pinned(current, document)
    found = selectors.find_snapshot(current.workspace_id, current.id, digest(graph))
    if found is None:
        return _ref_of(current, _insert_version(current, graph, actor, number=None, clock=clock))
    if any(node.callee for node in selectors.resolved_version(found.id).nodes):
        _resolved_without_problems(current, graph)  # what it calls may be gone by now
    return found


def _part(
    current: Workflow,
    document: Mapping[str, Any],
    to_node: str,
    declared: frozenset[str],
    actor: Actor,
    clock: Clock,
) -> VersionRef:
    """Return what a node needs of a graph; `declared` are the inputs of the whole."""
    part = _snapshot(current, prune(document, to_node), actor, clock)
    own = {field.name for field in selectors.interface_of_version(part.id).inputs}
    return replace(part, unused_inputs=declared - own)


def _declared_inputs(current: Workflow) -> frozenset[str]:
    """Return the names of a draft's inputs, as far as they stand."""
    calls = selectors.calls_of(current.workspace_id, current.id)
    resolution = selectors.check_graph(current.graph, calls)
    return frozenset(field.name for field in interface_of(resolution.graph).inputs)


def _pinned(current: Workflow, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a graph whose calls name the versions that are published at this moment."""
    calls = selectors.calls_of(current.workspace_id, current.id)
    pinned: Mapping[str, Any] = pin_calls(document, selectors.get_catalogue(), calls)
    return pinned


def _insert_version(
    current: Workflow,
    graph: Mapping[str, Any],
    actor: Actor,
    *,
    number: int | None,
    clock: Clock,
) -> WorkflowVersion:
    resolution = _resolved_without_problems(current, graph)
    schemas = selectors.schemas_of(resolution.graph)
    return WorkflowVersion.objects.insert(
        id=new_id("wfv"),
        workspace_id=current.workspace_id,
        workflow=current,
        number=number,
        graph=graph,
        graph_digest=digest(graph),
        input_schema=schemas.inputs,
        output_schema=schemas.outputs,
        catalogue_digest=selectors.get_catalogue().digest,
        published_by=_text_of(actor),
        created_at=clock.now(),
    )


def _resolved_without_problems(current: Workflow, graph: Mapping[str, Any]) -> Resolution:
    calls = selectors.calls_of(current.workspace_id, current.id)
    resolution = selectors.check_graph(graph, calls)
    if resolution.problems:
        raise InvalidGraph(resolution.problems)
    return resolution


def _ref_of(workflow: Workflow, version: WorkflowVersion) -> VersionRef:
    return VersionRef(
        id=version.id,
        workflow_id=workflow.id,
        workspace_id=workflow.workspace_id,
        number=version.number,
        callback_url=workflow.callback_url or None,
        created_at=version.created_at,
        published_by=version.published_by,
    )


def _checked_fields(changes: WorkflowChanges, calls: Calls) -> dict[str, object]:
    """Return the columns to write, checked; the graph comes with its problems.

    Raises:
        InvalidInputs, InvalidGraph: see `create_workflow`.
    """
    fields: dict[str, object] = {}
    if changes.name is not None:
        fields["name"] = _checked("/name", _clean_name, changes.name)
    if changes.description is not None:
        fields["description"] = _checked("/description", _clean_description, changes.description)
    if changes.callback_url is not None:
        fields["callback_url"] = _checked_url(changes.callback_url)
    if changes.graph is not UNCHANGED:
        resolution = selectors.check_graph(changes.graph, calls)
        fields["graph"] = changes.graph
        fields["problems"] = selectors.problems_of(changes.graph, resolution)
    return fields


def _checked(path: str, clean: Callable[[str], str], text: str) -> str:
    try:
        return clean(text)
    except ValueError as error:
        message = f"{path.lstrip('/')} {error}"
        raise InvalidInputs([Issue(path, "not_allowed", message)]) from error


def _clean_name(text: str) -> str:
    name = clean_line(text, limit=MAX_NAME)
    if not name:
        raise ValueError("may not be empty")
    return name


def _clean_description(text: str) -> str:
    """Return a description: lines of text, each as `clean_line` wants it."""
    if len(text) > MAX_DESCRIPTION:
        raise ValueError(f"may have {MAX_DESCRIPTION} characters at most")
    lines = text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return "\n".join(clean_line(line, limit=MAX_DESCRIPTION) for line in lines).strip()


def _checked_url(url: str) -> str:
    if not url:
        return ""
    try:
        check_url(url, allow=fetch_policy())
    except UrlNotAllowed as error:
        raise InvalidInputs([Issue("/callbackUrl", error.code, error.detail)]) from error
    return url


def _search_text(name: object, description: object) -> str:
    return fold(f"{name}\n{description}")


def _text_of(actor: Actor) -> str:
    return f"{actor.kind}:{actor.id}"
