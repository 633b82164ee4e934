"""Templates that a workspace published, as it sees them."""

from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet

from templates_gallery.models import Template
from templates_gallery.types import OwnTemplate, TemplateFields, TemplateStatus


def list_own_templates(workspace_id: str) -> list[OwnTemplate]:
    """Return a workspace's templates, newest first, whatever their status."""
    return [own_template(row) for row in _rows(workspace_id).order_by("-id")]


def find_own_template(workspace_id: str, workflow_id: str) -> OwnTemplate | None:
    """Return the template that was made from a workflow; None: none was."""
    row = _rows(workspace_id).filter(workflow_id=workflow_id).first()
    return None if row is None else own_template(row)


def own_template(row: Template) -> OwnTemplate:
    """Return a template as its workspace sees it; the words are those handed in last."""
    is_listed = row.status == TemplateStatus.LISTED
    return OwnTemplate(
        id=row.pk,
        slug=row.slug,
        workflow_id=row.workflow_id,
        status=TemplateStatus(row.status),
        fields=_fields(row),
        listed_number=row.current.number if row.current and is_listed else None,
        pending_number=row.pending.number if row.pending else None,
        moderation_note=row.moderation_note,
        runs=row.runs,
        forks=row.forks,
        updated_at=row.updated_at,
    )


def fields_json(fields: TemplateFields) -> dict[str, Any]:
    """Return the words of a version as they are stored with it; the run is no part of them."""
    values = asdict(fields)
    del values["example_execution_id"]
    return {**values, "tags": list(fields.tags)}


def _rows(workspace_id: str) -> QuerySet[Template]:
    rows = Template.objects.of(workspace_id).filter(source="user")
    return rows.select_related("current", "pending")


def _fields(row: Template) -> TemplateFields:
    newest = row.pending or row.current
    if newest is not None and newest.fields:
        return TemplateFields(**{**newest.fields, "tags": tuple(newest.fields["tags"])})
    return TemplateFields(
        title=row.title,
        description=row.description,
        category=row.category,
        readme=row.readme,
        audience=row.audience,
        tags=tuple(row.tags),
        licence=row.licence,
    )
