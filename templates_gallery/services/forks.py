"""Copies of templates: forks to go on with, and trials that only run."""

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.api import SYSTEM_ACTOR, Actor, Permission, authorise
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import NotFound
from templates_gallery.models import Template, TemplateCopy, TemplateVersion
from templates_gallery.selectors.details import find_visible, shown_version
from templates_gallery.types import VISITOR, Trial, Viewer
from workflows.api import (
    NotPublished,
    WorkflowRef,
    create_workflow,
    find_published,
    publish_workflow,
)

MAX_TRIES = 3  # to take a trial that somebody else makes or deletes meanwhile


def fork_template(
    *, actor: Actor, workspace_id: str, slug: str, clock: Clock = SYSTEM_CLOCK
) -> WorkflowRef:
    """Make a workflow of the workspace's own out of a listed template; each call makes another.

    Raises:
        NotFound, Gone: as `selectors.details.get_template`, for a visitor.
        RoleTooLow: the actor is a member who may not edit workflows.
    """
    row = find_visible(slug)
    version = shown_version(row)
    with transaction.atomic():
        workflow = create_workflow(
            actor=actor,
            workspace_id=workspace_id,
            name=row.title,
            description=row.description,
            graph=version.graph,
            clock=clock,
        )
        _note_copy(row, version, workflow, actor, is_trial=False, clock=clock)
        Template.objects.across_workspaces().filter(pk=row.pk).update(forks=F("forks") + 1)
    return workflow


def ensure_trial(
    *,
    actor: Actor,
    workspace_id: str,
    slug: str,
    viewer: Viewer = VISITOR,
    clock: Clock = SYSTEM_CLOCK,
) -> Trial:
    """Return the workspace's hidden copy of a template's current version, published, so that it runs.

    Made at the first call, once for each workspace and version. To run it: `version=None`.

    Raises:
        NotFound, Gone: as `selectors.details.get_template`.
        RoleTooLow: the actor is a member who may not run workflows.
        InvalidGraph: the template does not stand any more under today's catalogue.
    """
    if actor.kind != "key":
        authorise(actor, workspace_id, Permission.RUN)
    row = find_visible(slug, viewer)
    version = shown_version(row)
    for _ in range(MAX_TRIES):
        trial = _find_trial(workspace_id, row, version)
        if trial is None:
            trial = _make_trial(actor, workspace_id, row, version, clock)
        if trial is not None:
            return trial
    raise NotFound


def _find_trial(workspace_id: str, row: Template, version: TemplateVersion) -> Trial | None:
    """Return the trial that is there; one whose workflow was deleted is forgotten."""
    copies = TemplateCopy.objects.of(workspace_id).filter(version=version, is_trial=True)
    copy = copies.first()
    if copy is None:
        return None
    try:
        number = find_published(workspace_id, copy.workflow_id).number
    except (NotFound, NotPublished):
        copies.filter(pk=copy.pk).delete()
        return None
    return None if number is None else Trial(row.pk, copy.workflow_id, number)


def _make_trial(
    actor: Actor, workspace_id: str, row: Template, version: TemplateVersion, clock: Clock
) -> Trial | None:
    """Make a trial; None when somebody else did so at the same time."""
    try:
        with transaction.atomic():
            workflow = create_workflow(
                actor=SYSTEM_ACTOR,
                workspace_id=workspace_id,
                name=row.title,
                description=row.description,
                graph=version.graph,
                is_trial=True,
                clock=clock,
            )
            # Before it is published: who comes second waits for this row, and for no lock behind it.
            _note_copy(row, version, workflow, actor, is_trial=True, clock=clock)
            published = publish_workflow(
                actor=SYSTEM_ACTOR, workspace_id=workspace_id, workflow_id=workflow.id, clock=clock
            )
    except IntegrityError:
        return None
    return None if published.number is None else Trial(row.pk, workflow.id, published.number)


def _note_copy(
    row: Template,
    version: TemplateVersion,
    workflow: WorkflowRef,
    actor: Actor,
    *,
    is_trial: bool,
    clock: Clock,
) -> None:
    TemplateCopy.objects.insert(
        workspace_id=workflow.workspace_id,
        template=row,
        version=version,
        workflow_id=workflow.id,
        is_trial=is_trial,
        made_by=actor.label,
        created_at=clock.now(),
    )
