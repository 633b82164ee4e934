"""The staff's view of runs, tasks and files: to look at, since services alone write them.

What customers put in and got out (inputs, results, callback URLs) is not shown.
"""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.api import Actor
from billing.api import refund_run
from common.admin import BoundedPaginator, ExactSearchMixin, LookOnlyMixin
from common.clock import SYSTEM_CLOCK
from common.errors import InvalidInputs
from executor.models import Attempt, Execution, File, Task
from executor.types import AttemptState


class LookOnlyAdmin(LookOnlyMixin, ExactSearchMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows to look at, newest first, found by whole ids, which indexes answer."""

    paginator = BoundedPaginator
    list_per_page = 50
    ordering = ("-id",)


@admin.register(Execution)
class ExecutionAdmin(LookOnlyAdmin):
    """Runs. What one was charged can be given back, by who may adjust credits."""

    actions = ("refund",)
    list_display = (
        "id",
        "workspace",
        "status",
        "workflow_id",
        "trigger",
        "mode",
        "charged_credits",
        "created_at",
    )
    list_select_related = ("workspace",)
    search_fields = ("id__exact", "workspace__id__exact")
    fields = (
        "id",
        "workspace",
        "workflow_id",
        "version_id",
        "version_number",
        "status",
        "mode",
        "trigger",
        "key_id",
        "options",
        "error",
        "estimated_credits",
        "charged_credits",
        "event_seq",
        "created_at",
        "started_at",
        "finished_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Execution]:
        """Return the rows without what may be large and is not shown."""
        rows: QuerySet[Execution] = super().get_queryset(request)
        return rows.defer("inputs", "state", "final_payload", "metadata", "callback_url")

    def has_refund_permission(self, request: HttpRequest) -> bool:
        """Say whether staff may give credits."""
        return request.user.has_perm("billing.add_adjustment")

    @admin.action(description="Give back what the run was charged", permissions=["refund"])
    def refund(self, request: HttpRequest, queryset: QuerySet[Execution]) -> None:
        """Refund runs at the top in full, each once."""
        for execution in queryset.filter(parent_id=None):
            try:
                done = refund_run(
                    actor=Actor("staff", str(request.user.pk)),
                    workspace_id=execution.workspace_id,
                    execution_id=execution.id,
                    key="staff",
                    amount=execution.charged_credits,
                    reason="Refunded by staff",
                    now=SYSTEM_CLOCK.now(),
                )
            except InvalidInputs as error:
                self.message_user(request, f"{execution.id}: {error.detail}", messages.ERROR)
                continue
            said = "given back" if done else "was given back before"
            self.message_user(request, f"{execution.id}: {execution.charged_credits} {said}.")


@admin.register(Task)
class TaskAdmin(LookOnlyAdmin):
    """Tasks, with who holds them and until when."""

    list_display = (
        "id",
        "execution_id",
        "segment",
        "queue",
        "state",
        "attempts",
        "wake_at",
        "lease_until",
        "lease_owner",
    )
    search_fields = ("id__exact", "execution__id__exact")
    raw_id_fields = ("execution",)


class AttemptStateFilter(admin.SimpleListFilter):
    """By state, as listed in code: the table is not searched for which there are."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        """Return the states."""
        return [(state, state) for state in AttemptState]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Return the rows of the chosen state."""
        return queryset.filter(state=self.value()) if self.value() else queryset


@admin.register(Attempt)
class AttemptAdmin(LookOnlyAdmin):
    """Tries at providers. Those in state `unknown` may have cost money for nothing.

    What was asked and answered is not shown.
    """

    list_display = (
        "id",
        "provider",
        "model",
        "state",
        "number",
        "execution_id",
        "node_id",
        "created_at",
        "finished_at",
    )
    list_filter = (AttemptStateFilter,)
    search_fields = ("id__exact", "execution__id__exact", "client_ref__exact")
    fields = (
        "id",
        "execution_id",
        "workspace_id",
        "task_id",
        "node_id",
        "number",
        "provider",
        "model",
        "state",
        "client_ref",
        "request_digest",
        "error",
        "created_at",
        "submitted_at",
        "called_back_at",
        "finished_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt]:
        """Return the rows without what may be large and is not shown."""
        rows: QuerySet[Attempt] = super().get_queryset(request)
        return rows.defer("result", "handle")


@admin.register(File)
class FileAdmin(LookOnlyAdmin):
    """Files, by what is known of them."""

    list_display = ("id", "workspace", "kind", "content_type", "bytes", "created_at", "deleted_at")
    list_select_related = ("workspace",)
    search_fields = ("id__exact", "workspace__id__exact")
    fields = (
        "id",
        "workspace",
        "kind",
        "content_type",
        "bytes",
        "sha256",
        "width",
        "height",
        "duration_s",
        "execution_id",
        "created_at",
        "deleted_at",
    )
