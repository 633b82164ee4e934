"""Tables of the gallery: templates and their versions, copies, ratings, reports, shared runs."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from common.fields import CheckedJSONField, id_field
from common.tenancy import TenantModel
from templates_gallery.types import CATEGORIES, ReportReason, TemplateStatus


class Template(TenantModel):
    """A workflow that everybody may look at, try and fork.

    `source` is `library` for those of the release (files, loaded anew by digest) and `user` for
    those that a workspace published out of a workflow of its own; these pass moderation.
    Everything that lists and facets read is a column here, so that a list reads no graph. Counters
    are kept by `services.stats`: `runs`, `succeeded` and the medians (credits, milliseconds; null
    before there are real runs) come from runs of the playground. `workspace` is the publisher's, null
    for the library: what is listed is everybody's to read, the rest its workspace's and staff's.
    """

    id = id_field()
    slug = models.SlugField(max_length=80, unique=True)
    source = models.CharField(max_length=8, choices=[("library", "library"), ("user", "user")])
    status = models.CharField(
        max_length=12, choices=[(status.value, status.value) for status in TemplateStatus]
    )
    title = models.CharField(max_length=80)
    description = models.CharField(max_length=300)
    readme = models.TextField(blank=True, default="")  # Markdown
    category = models.CharField(max_length=40, choices=[(c.key, c.title) for c in CATEGORIES])
    audience = models.CharField(max_length=120, blank=True, default="")
    tags = CheckedJSONField(default=list)
    modality = models.CharField(max_length=8)  # of the first output: image, video, audio, text, 3d
    licence = models.CharField(max_length=40)
    author = models.CharField(max_length=100)
    is_official = models.BooleanField(default=False)
    is_featured = models.BooleanField(default=False)
    position = models.IntegerField(default=0)  # greater ones are recommended first
    workspace = models.ForeignKey(
        "accounts.Workspace", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    workflow_id = models.CharField(max_length=40, blank=True, default="")  # that it was made from
    submitted_by = models.CharField(max_length=100, blank=True, default="")
    moderation_note = models.CharField(max_length=500, blank=True, default="")
    current = models.ForeignKey(
        "templates_gallery.TemplateVersion", models.PROTECT, null=True, blank=True, related_name="+"
    )
    pending = models.ForeignKey(
        "templates_gallery.TemplateVersion",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    # Facets of the current version.
    input_kinds = CheckedJSONField(default=list)
    model_keys = CheckedJSONField(default=list)
    node_count = models.PositiveIntegerField(default=0)
    is_local = models.BooleanField(
        default=False
    )  # no model in it: runs for real on any installation
    credits = models.BigIntegerField(default=0)  # estimate of the example inputs, lower end
    max_credits = models.BigIntegerField(default=0)
    expected_ms = models.BigIntegerField(default=0)
    # Kept by services.stats.
    runs = models.BigIntegerField(default=0)
    runs_30d = models.BigIntegerField(default=0)
    succeeded = models.BigIntegerField(default=0)
    forks = models.BigIntegerField(default=0)
    ratings = models.BigIntegerField(default=0)
    stars = models.BigIntegerField(default=0)  # their sum
    median_credits = models.BigIntegerField(null=True, blank=True)
    median_ms = models.BigIntegerField(null=True, blank=True)
    search_text = models.TextField(editable=False, default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    listed_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            # selectors.index: all that is listed
            models.Index(fields=["status", "id"], name="template_listed"),
            # selectors: a workspace's own
            models.Index(fields=["workspace", "id"], name="template_of_workspace"),
        ]
        constraints: ClassVar = [
            # two clicks on Submit make one template
            models.UniqueConstraint(
                fields=["workspace", "workflow_id"],
                condition=~Q(workflow_id=""),
                name="template_once_of_workflow",
            )
        ]

    def __str__(self) -> str:
        return self.slug


class TemplateVersion(models.Model):
    """A template's graph, frozen, with what it takes and gives and examples of it.

    `examples` is a list of `{title, inputs, outputs, simulated}`: inputs as the execute API takes
    them, save that files are named `{"asset": "name"}`; outputs by name, `{"asset": name, kind, …}`
    for media, the value itself for others. Assets of library templates are static files beside
    their YAML, those of users' templates are `TemplateAsset` rows.
    """

    id = id_field()
    template = models.ForeignKey(Template, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    graph = CheckedJSONField()
    digest = models.CharField(max_length=64)  # of the graph and the examples
    input_schema = CheckedJSONField()
    output_schema = CheckedJSONField()
    examples = CheckedJSONField(default=list)
    notes = models.CharField(max_length=300, blank=True, default="")
    # What a user wrote about it; the template has these words from its approval on.
    fields = CheckedJSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["template", "number"], name="template_version_number")
        ]

    def __str__(self) -> str:
        return f"{self.template_id} v{self.number}"


class TemplateAsset(models.Model):
    """A file of an example of a user's template, copied so that it outlives the run it came from."""

    id = id_field()
    version = models.ForeignKey(TemplateVersion, models.CASCADE, related_name="assets")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12)
    mime_type = models.CharField(max_length=60)
    size_bytes = models.BigIntegerField()
    storage_key = models.CharField(max_length=200)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    duration_s = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "name"], name="template_asset_name")
        ]

    def __str__(self) -> str:
        return f"{self.version_id}/{self.name}"


class TemplateCopy(TenantModel):
    """A workflow that came out of a template: a fork, or a trial (a copy that no list shows).

    One trial per workspace and template version; forks as many as are made. What says "Forked
    from … v5" and "there is a newer version" reads this.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", models.CASCADE, related_name="+")
    template = models.ForeignKey(Template, models.CASCADE, related_name="copies")
    version = models.ForeignKey(TemplateVersion, models.CASCADE, related_name="+")
    workflow_id = models.CharField(max_length=40, unique=True)
    is_trial = models.BooleanField()
    made_by = models.CharField(max_length=100)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "version"],
                condition=Q(is_trial=True),
                name="template_trial_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.template_id} as {self.workflow_id}"


class TemplateRun(TenantModel):
    """A run of a template from the playground; `status` is empty until its end was counted."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", models.CASCADE, related_name="+")
    template = models.ForeignKey(Template, models.CASCADE, related_name="+")
    execution_id = models.CharField(max_length=40, unique=True)
    mode = models.CharField(max_length=4)
    status = models.CharField(max_length=16, blank=True, default="")
    credits = models.BigIntegerField(null=True, blank=True)
    duration_ms = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            # services.stats: those whose end is not known
            models.Index(fields=["id"], name="template_run_open", condition=Q(status="")),
            # services.stats: the last ones of a template
            models.Index(fields=["template", "-id"], name="template_run_last"),
        ]

    def __str__(self) -> str:
        return f"{self.execution_id} of {self.template_id}"


class TemplateRating(models.Model):
    """A person's rating of a template, one to five stars; one each."""

    id = models.BigAutoField(primary_key=True)
    template = models.ForeignKey(Template, models.CASCADE, related_name="+")
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    stars = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["template", "user"], name="template_rated_once"),
            models.CheckConstraint(
                condition=Q(stars__gte=1, stars__lte=5), name="template_stars_one_to_five"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stars} for {self.template_id}"


class TemplateReport(models.Model):
    """What somebody says is wrong with a template; staff close it."""

    id = models.BigAutoField(primary_key=True)
    template = models.ForeignKey(Template, models.CASCADE, related_name="+")
    reason = models.CharField(
        max_length=20, choices=[(reason.value, reason.value) for reason in ReportReason]
    )
    text = models.CharField(max_length=1_000, blank=True, default="")
    reporter = models.CharField(
        max_length=100, blank=True, default=""
    )  # an actor; empty: a visitor
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=100, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.reason}: {self.template_id}"


class SharedRun(TenantModel):
    """A run's inputs and outputs that a member made public under a link; revoked by a date."""

    id = id_field()
    workspace = models.ForeignKey("accounts.Workspace", models.CASCADE, related_name="+")
    execution_id = models.CharField(max_length=40)
    workflow_id = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    made_by = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["execution_id"], condition=Q(revoked_at=None), name="run_shared_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.id}: {self.execution_id}"


class OutputRating(TenantModel):
    """A thumb up or down for a run's result; ranking reads it."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", models.CASCADE, related_name="+")
    execution_id = models.CharField(max_length=40)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    is_good = models.BooleanField()
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["execution_id", "user"], name="output_rated_once")
        ]

    def __str__(self) -> str:
        return f"{self.execution_id}: {'good' if self.is_good else 'bad'}"


class GalleryState(models.Model):
    """The one row that grows with every change that lists show; each process compares it."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="gallery_state_is_one")
        ]

    def __str__(self) -> str:
        return f"revision {self.revision}"
