"""The staff's view of workflows and versions: to look at, for drafts change by revision alone."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from workflows.models import Workflow, WorkflowVersion


class LookOnlyMixin:
    """Rows that services alone write; executions name them, so they are not deleted either."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's names
        """Refuse."""
        return False

    def has_change_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Model | None = None,  # noqa: ARG002
    ) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Model | None = None,  # noqa: ARG002
    ) -> bool:
        """Refuse."""
        return False


@admin.register(Workflow)
class WorkflowAdmin(LookOnlyMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Workflows and their drafts."""

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

    list_display = ("id", "workflow", "number", "workspace", "published_by", "created_at")
    list_select_related = ("workflow", "workspace")
    search_fields = ("id__exact", "workflow__id__exact", "workflow__name")
    ordering = ("-id",)
