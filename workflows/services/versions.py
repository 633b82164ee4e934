"""Versions: published ones with a number, and snapshots of drafts and of parts without."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.api import SYSTEM_ACTOR, Actor
from common.canonical import digest
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import InvalidGraph
from common.ids import new_id
from workflows import selectors
from workflows.graphs.calls import pin_calls
from workflows.graphs.interface import interface_of
from workflows.graphs.partial import prune
from workflows.graphs.resolve import Resolution
from workflows.models import Workflow, WorkflowVersion
from workflows.services.editing import check_is_own, check_may_edit, lock_workflow, record_change
from workflows.types import VersionChoice, VersionRef


def publish_workflow(
    *, actor: Actor, workspace_id: str, workflow_id: str, clock: Clock = SYSTEM_CLOCK
) -> VersionRef:
    """Make an immutable version out of the draft, with the next number, and publish it.

    Raises:
        NotFound: there is no such workflow.
        InvalidGraph: the draft has problems.
        Conflict: it is a template's trial.
        RoleTooLow: the actor is a member who may not edit.
    """
    check_may_edit(actor, workspace_id)
    with transaction.atomic():
        current = lock_workflow(workspace_id, workflow_id)
        check_is_own(actor, current)
        numbers = WorkflowVersion.objects.of(workspace_id).filter(workflow_id=workflow_id)
        last = numbers.aggregate(last=Max("number"))["last"] or 0
        graph = _pinned(current, current.graph)
        version = _insert_version(current, graph, actor, number=last + 1, clock=clock)
        before = current.published_version.number if current.published_version else None
        current.published_version = version
        current.save(update_fields=["published_version"])
        facts = {"number": version.number, "graph": version.graph_digest}
        where = (workspace_id, workflow_id)
        record_change(actor, "publish", where, before={"number": before}, after=facts, clock=clock)
        return _ref_of(current, version)


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
        current = lock_workflow(workspace_id, workflow_id)
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
        current = lock_workflow(version.workspace_id, version.workflow_id)
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
        published_by=actor.label,
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
