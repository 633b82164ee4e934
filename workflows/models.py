"""Tables of `workflows`: the drafts that people edit, and the versions that run."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from common.fields import CheckedJSONField, id_field
from common.tenancy import TenantModel


class Workflow(TenantModel):
    """A workflow and its one draft.

    `graph` is the document as it was given; it is well-formed, yet may be incomplete, and
    `problems` says what was wrong with it when it was saved. `revision` starts at 1 and grows with
    every change, which is made by compare-and-set, so nobody overwrites what they have not seen.
    A deleted workflow keeps its row for its executions; no selector shows it again.
    """

    id = id_field()
    workspace = models.ForeignKey("accounts.Workspace", models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    graph = CheckedJSONField()
    revision = models.PositiveIntegerField(default=1)
    problems = CheckedJSONField(default=list)
    callback_url = models.TextField(blank=True, default="")  # empty: none
    published_version = models.ForeignKey(
        "workflows.WorkflowVersion", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Name and description, case-folded: SQLite ignores case in ASCII alone.
    search_text = models.TextField(editable=False)
    # A copy of a template that somebody tries: it runs as any other, and no list shows it.
    is_trial = models.BooleanField(default=False)
    created_by = models.CharField(max_length=100)  # an actor's text, `key:key_…`
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            # selectors.list_workflows: one workspace's live rows, newest first, from a cursor on
            models.Index(
                fields=["workspace", "-id"],
                name="workflow_list",
                condition=Q(deleted_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"


class WorkflowVersion(TenantModel):
    """A graph that can run, frozen: rows are inserted and never updated.

    `number` counts a workflow's published versions from 1. It is null for a snapshot, a draft that
    was run before it was published; equal drafts share one snapshot. The graph had no problems
    under the catalogue whose digest stands beside it, and the schemas are those of that moment.
    """

    id = id_field()
    workspace = models.ForeignKey("accounts.Workspace", models.PROTECT, related_name="+")
    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(null=True, blank=True)
    graph = CheckedJSONField()
    graph_digest = models.CharField(max_length=64)
    input_schema = CheckedJSONField()
    output_schema = CheckedJSONField()
    catalogue_digest = models.CharField(max_length=64)
    published_by = models.CharField(max_length=100)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            # numbers count without twins; also selectors.find_version and list_versions
            models.UniqueConstraint(fields=["workflow", "number"], name="workflow_version_number"),
            # services.snapshot_draft: one snapshot for each content
            models.UniqueConstraint(
                fields=["workflow", "graph_digest"],
                name="workflow_version_snapshot",
                condition=Q(number__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} v{self.number}" if self.number else f"{self.id} (draft)"


class ModelEntry(models.Model):
    """A model that staff added: the same document as a shipped model file, by the same schema.

    Saved by `workflows.services.models` alone, which checks it; a key of a shipped model is refused.
    """

    key = models.CharField(primary_key=True, max_length=60)
    document = models.TextField(help_text="TOML, as in the model files of the release.")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    updated_by = models.CharField(max_length=100)

    class Meta:
        verbose_name = "model that staff added"
        verbose_name_plural = "models that staff added"

    def __str__(self) -> str:
        return self.key


class ModelOverride(models.Model):
    """What staff decided about a model otherwise than its file says; an empty field decides nothing.

    `price` is an expression in credits. `providers` is the order in which its routes are taken, by
    provider; one that is not named is not taken. `position` orders the palette, least first.
    """

    key = models.CharField(primary_key=True, max_length=60)
    is_off = models.BooleanField(default=False)
    price = models.TextField(blank=True, default="")
    providers = CheckedJSONField(default=list, blank=True)
    position = models.IntegerField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True, default="")
    updated_at = models.DateTimeField()
    updated_by = models.CharField(max_length=100)

    class Meta:
        verbose_name = "decision about a model"
        verbose_name_plural = "decisions about models"

    def __str__(self) -> str:
        return self.key


class CatalogueState(models.Model):
    """The one row that says how often staff changed the catalogue, and their margin in percent.

    Each process compares `revision` every few seconds and builds its catalogue anew when it grew.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    revision = models.BigIntegerField(default=0)
    margin_percent = models.DecimalField(max_digits=6, decimal_places=2, default=0)
    updated_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "margin"
        verbose_name_plural = "margin"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="catalogue_state_is_one"),
            models.CheckConstraint(
                condition=Q(margin_percent__gte=0), name="catalogue_margin_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"revision {self.revision}"
