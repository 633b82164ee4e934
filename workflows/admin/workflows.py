"""The staff's view of workflows and versions: to look at, for drafts change by revision alone."""

from django.contrib import admin

from common.admin import LookOnlyMixin
from workflows.models import Workflow, WorkflowVersion


@admin.register(Workflow)
class WorkflowAdmin(LookOnlyMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Workflows and their drafts."""

    show_full_result_count = False
    list_display = ("id", "name", "workspace", "revision", "published_number", "updated_at")
    list_select_related = ("workspace", "published_version")
    search_fields = ("id__exact", "workspace__id__exact", "name")
    ordering = ("-id",)

    @admin.display(description="published")
    def published_number(self, workflow: Workflow) -> int | None:
        """Return the number of the published version."""
        version = workflow.published_version
        return None if version is None else version.number


@admin.register(WorkflowVersion)
class WorkflowVersionAdmin(LookOnlyMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Versions, published ones and snapshots of drafts."""

    show_full_result_count = False
    list_display = ("id", "workflow", "number", "workspace", "published_by", "created_at")
    list_select_related = ("workflow", "workspace")
    search_fields = ("id__exact", "workflow__id__exact", "workflow__name")
    ordering = ("-id",)
