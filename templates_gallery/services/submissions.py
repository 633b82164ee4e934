"""A workspace's own workflow as a template: submitted, updated, taken back."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from accounts.api import Actor, Permission, authorise, get_workspace, record_audit
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Conflict, NotFound
from common.ids import new_id
from executor.api import delete_stored
from templates_gallery.models import Template, TemplateCopy, TemplateVersion
from templates_gallery.selectors.examples import stored_example
from templates_gallery.selectors.facts import GraphFacts, facts_of
from templates_gallery.selectors.own import fields_json, own_template
from templates_gallery.services.fields import checked_fields
from templates_gallery.services.linting import publishable
from templates_gallery.services.run_examples import (
    CopiedExample,
    example_from,
    forget_files,
    keep_assets,
)
from templates_gallery.services.state import raise_revision
from templates_gallery.services.writing import add_version, facets_of, search_text
from templates_gallery.types import OwnTemplate, TemplateFields, TemplateStatus
from workflows.api import find_published, get_version

RESERVED_SLUGS = frozenset({"c", "new", "search"})
AT_ONCE = 200
_MAX_SLUG = 60


def submit_template(
    *,
    actor: Actor,
    workspace_id: str,
    workflow_id: str,
    fields: TemplateFields,
    clock: Clock = SYSTEM_CLOCK,
) -> OwnTemplate:
    """Hand in the published version of a workflow as a template, or as a new version of its template.

    It waits for moderation; what is listed stays so meanwhile. `fields` replace the ones before.

    Raises:
        NotFound: there is no such workflow here.
        NotPublished: it has no published version.
        InvalidInputs: fields that cannot be taken, with the path of each; no run to be the example.
        InvalidGraph: it has problems, or what must not be shown to everybody.
        Conflict: staff removed this template.
        RoleTooLow: the actor is a member who may not edit workflows.
    """
    authorise(actor, workspace_id, Permission.EDIT_WORKFLOWS)
    fields = checked_fields(fields)
    graph = _published_graph(workspace_id, workflow_id)
    facts = facts_of(graph)
    copied = example_from(workspace_id, workflow_id, fields.example_execution_id, facts.interface)
    try:
        with transaction.atomic():
            row = _lock_or_insert(workspace_id, workflow_id, fields, facts, actor, clock)
            _hand_in(row, graph, fields, facts, copied, clock.now())
            _record(actor, "submit", row, {"version": row.pending and row.pending.number}, clock)
    except IntegrityError as error:  # the same was handed in at the same moment
        forget_files(copied)
        raise Conflict("This workflow is being submitted already. Try again.") from error
    except BaseException:
        forget_files(copied)
        raise
    return own_template(row)


def unpublish_template(
    *, actor: Actor, workspace_id: str, workflow_id: str, clock: Clock = SYSTEM_CLOCK
) -> OwnTemplate:
    """Take one's template out of the gallery, or back from moderation; forks stay.

    Raises:
        NotFound: no template was made from this workflow.
        Conflict: staff removed it.
        RoleTooLow: the actor is a member who may not edit workflows.
    """
    authorise(actor, workspace_id, Permission.EDIT_WORKFLOWS)
    with transaction.atomic():
        row = _lock(workspace_id, workflow_id)
        if row is None:
            raise NotFound
        _check_not_removed(row)
        drop_pending(row, keeps_last=True)
        row.status = TemplateStatus.UNLISTED
        row.updated_at = clock.now()
        row.save(update_fields=["status", "pending", "updated_at"])
        _record(actor, "unpublish", row, None, clock)
        raise_revision()
    return own_template(row)


def withdraw_orphans(clock: Clock, should_stop: Callable[[], bool]) -> Mapping[str, int]:
    """Take templates whose workspace was deleted out of the gallery; forks stay. An upkeep job."""
    shown = (TemplateStatus.LISTED, TemplateStatus.SUBMITTED)
    rows = Template.objects.across_workspaces().filter(
        status__in=shown, workspace__deleted_at__isnull=False
    )
    found = 0
    while not should_stop() and (ids := list(rows.values_list("pk", flat=True)[:AT_ONCE])):
        with transaction.atomic():
            found += rows.filter(pk__in=ids).update(
                status=TemplateStatus.UNLISTED, updated_at=clock.now()
            )
            raise_revision()
    return {"templates_withdrawn": found}


def drop_pending(row: Template, *, keeps_last: bool) -> None:
    """Take the version that waits away, unsaved; `keeps_last`: not when there is no other."""
    pending = row.pending
    if pending is None or (keeps_last and row.current is None):
        return
    keys = list(pending.assets.values_list("storage_key", flat=True))
    row.pending = None
    Template.objects.across_workspaces().filter(pk=row.pk).update(pending=None)
    pending.delete()

    def forget() -> None:
        for key in keys:
            delete_stored(key)

    transaction.on_commit(forget)


def words_of_version(version: TemplateVersion, facts: GraphFacts) -> dict[str, Any]:
    """Return the columns of a template as a version has them."""
    inputs = version.examples[0]["inputs"] if version.examples else {}
    words = {name: value for name, value in version.fields.items() if name != "notes"}
    columns = {**words, **facets_of(facts, inputs)}
    return {**columns, "search_text": search_text(columns, facts.model_keys)}


def _published_graph(workspace_id: str, workflow_id: str) -> dict[str, Any]:
    """Return the graph to publish, fit for everybody; a trial is nobody's own work."""
    trials = TemplateCopy.objects.of(workspace_id).filter(workflow_id=workflow_id, is_trial=True)
    if trials.exists():
        raise NotFound
    number = find_published(workspace_id, workflow_id).number
    if number is None:
        raise NotFound
    return publishable(get_version(workspace_id, workflow_id, number).graph)


def _lock_or_insert(
    workspace_id: str,
    workflow_id: str,
    fields: TemplateFields,
    facts: GraphFacts,
    actor: Actor,
    clock: Clock,
) -> Template:
    workspace = get_workspace(workspace_id)
    row = _lock(workspace_id, workflow_id)
    if row is not None:
        _check_not_removed(row)
        return row
    now = clock.now()
    words = {name: value for name, value in fields_json(fields).items() if name != "notes"}
    return Template.objects.insert(
        id=new_id("tpl"),
        slug=_free_slug(fields.title),
        source="user",
        status=TemplateStatus.SUBMITTED,
        workspace_id=workspace_id,
        workflow_id=workflow_id,
        submitted_by=actor.label,
        author=workspace.name,
        modality=facts.modality,
        created_at=now,
        updated_at=now,
        **words,
    )


def _hand_in(
    row: Template,
    graph: dict[str, Any],
    fields: TemplateFields,
    facts: GraphFacts,
    copied: CopiedExample,
    now: datetime,
) -> None:
    """Make the next version of a locked template, in place of one that waits."""
    drop_pending(row, keeps_last=False)
    content = {"graph": graph, "examples": [stored_example(copied.example, facts.interface)]}
    version = add_version(row, facts, content, notes=fields.notes, now=now)
    version.fields = fields_json(fields)
    version.save(update_fields=["fields"])
    keep_assets(version, copied, now)
    row.pending = version
    row.updated_at = now
    if row.status != TemplateStatus.LISTED:
        row.status = TemplateStatus.SUBMITTED
        row.moderation_note = ""
        for name, value in words_of_version(version, facts).items():
            setattr(row, name, value)
    row.save()


def _lock(workspace_id: str, workflow_id: str) -> Template | None:
    rows = Template.objects.of(workspace_id).filter(workflow_id=workflow_id, source="user")
    return rows.select_for_update().first()


def _check_not_removed(row: Template) -> None:
    if row.status == TemplateStatus.REMOVED:
        raise Conflict(f"This template was removed from the gallery. {row.moderation_note}".strip())


def _free_slug(title: str) -> str:
    """Return a slug that no template has."""
    base = slugify(title)[:_MAX_SLUG].strip("-") or "template"
    taken = (
        set(
            Template.objects.across_workspaces()
            .filter(slug__startswith=base)
            .values_list("slug", flat=True)
        )
        | RESERVED_SLUGS
    )
    if base not in taken:
        return base
    return next(
        slug for number in range(2, len(taken) + 3) if (slug := f"{base}-{number}") not in taken
    )


def _record(actor: Actor, verb: str, row: Template, after: object, clock: Clock) -> None:
    record_audit(
        actor=actor,
        workspace_id=row.workspace_id or "",
        verb=verb,
        object_type="template",
        object_id=row.pk,
        after=after,
        now=clock.now(),
    )
