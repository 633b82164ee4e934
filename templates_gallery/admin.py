"""The staff's pages of the gallery: what waits for moderation, what was reported.

Whatever staff change here goes through services, which check it and write it into the audit log.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.forms import CharField, HiddenInput
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.api import Actor
from common.admin import BoundedPaginator, LookOnlyMixin
from common.clock import SYSTEM_CLOCK
from common.errors import PixelFlowError
from templates_gallery.models import Template, TemplateReport
from templates_gallery.services.moderation import (
    MAX_NOTE,
    approve_template,
    close_report,
    feature_template,
    reject_template,
    take_down_template,
)


def _now() -> str:
    return SYSTEM_CLOCK.now().isoformat()


class WaitingFilter(admin.SimpleListFilter):
    """Templates of which a version waits."""

    title = "moderation"
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's
        """Return the one choice beside all."""
        return [("yes", "Waiting for a decision")]

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[Template],
    ) -> QuerySet[Template]:
        """Leave what waits, as a decision would be taken."""
        if self.value() != "yes":
            return queryset
        return queryset.filter(pending__isnull=False, status__in=("submitted", "listed"))


class OpenFilter(admin.SimpleListFilter):
    """Reports that nobody closed."""

    title = "state"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's
        """Return the one choice beside all."""
        return [("yes", "Open")]

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[TemplateReport],
    ) -> QuerySet[TemplateReport]:
        """Leave what is open."""
        return queryset.filter(closed_at=None) if self.value() == "yes" else queryset


class NoteForm(ActionForm):
    """What to tell the template's workspace, and when staff were shown what they decide on."""

    note = CharField(required=False, label="Note:", max_length=MAX_NOTE)
    seen = CharField(required=False, label="", widget=HiddenInput, initial=_now)


class ModerationMixin(LookOnlyMixin):
    """Rows to look at, with actions for staff who may change them."""

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Say whether the actions are offered: to staff with the right to change templates."""
        return request.user.has_perm("templates_gallery.change_template")

    def each(
        self, request: HttpRequest, rows: QuerySet[Any], work: Callable[[Any], None], done: str
    ) -> None:
        """Do something with each row, and tell how it went."""
        for row in rows:
            try:
                work(row)
            except PixelFlowError as error:
                self.message_user(request, f"{row}: {error.detail}", messages.ERROR)  # type: ignore[attr-defined]
            else:
                self.message_user(request, f"{row} {done}.", messages.SUCCESS)  # type: ignore[attr-defined]


@admin.register(Template)
class TemplateAdmin(ModerationMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Templates; those that wait are looked at through their preview, and decided by the actions."""

    paginator = BoundedPaginator
    list_per_page = 50
    ordering = ("-id",)
    action_form = NoteForm
    actions = ("approve", "reject", "feature", "unfeature", "take_down")
    list_display = (
        "slug",
        "title",
        "status",
        "source",
        "category",
        "author",
        "is_featured",
        "runs",
        "preview",
        "updated_at",
    )
    list_filter = (WaitingFilter, "status", "source", "category")
    search_fields = ("slug", "title", "search_text")
    fields = (
        "slug",
        "title",
        "description",
        "readme",
        "category",
        "tags",
        "status",
        "source",
        "author",
        "workspace",
        "workflow_id",
        "submitted_by",
        "moderation_note",
        "current",
        "pending",
        "model_keys",
        "credits",
        "max_credits",
        "runs",
        "forks",
        "created_at",
        "listed_at",
        "preview",
    )
    readonly_fields: ClassVar[tuple[str, ...]] = ("preview",)

    @admin.display(description="preview")
    def preview(self, row: Template) -> SafeString:
        """Return a link to the template's page; of one that waits, to the version that does."""
        query = "?preview=1" if row.pending_id else ""
        return format_html('<a href="/templates/{}{}">Open</a>', row.slug, query)

    @admin.action(description="Approve what waits", permissions=["moderate"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Template]) -> None:
        """List the versions that wait."""
        actor, seen_at = _staff(request), parse_datetime(request.POST.get("seen", "")[:40])
        self.each(
            request,
            queryset,
            lambda row: approve_template(actor=actor, template_id=row.pk, seen_at=seen_at),
            "is listed",
        )

    @admin.action(description="Reject what waits (write a note)", permissions=["moderate"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Template]) -> None:
        """Refuse the versions that wait."""
        actor, note = _staff(request), request.POST.get("note", "")
        self.each(
            request,
            queryset,
            lambda row: reject_template(actor=actor, template_id=row.pk, note=note),
            "was rejected",
        )

    @admin.action(description="Feature", permissions=["moderate"])
    def feature(self, request: HttpRequest, queryset: QuerySet[Template]) -> None:
        """Put templates among the featured ones."""
        self._feature(request, queryset, is_featured=True)

    @admin.action(description="Feature no longer", permissions=["moderate"])
    def unfeature(self, request: HttpRequest, queryset: QuerySet[Template]) -> None:
        """Take templates from the featured ones."""
        self._feature(request, queryset, is_featured=False)

    @admin.action(description="Take down (write a note)", permissions=["moderate"])
    def take_down(self, request: HttpRequest, queryset: QuerySet[Template]) -> None:
        """Remove templates."""
        actor, note = _staff(request), request.POST.get("note", "")
        self.each(
            request,
            queryset,
            lambda row: take_down_template(actor=actor, template_id=row.pk, note=note),
            "was taken down",
        )

    def _feature(
        self, request: HttpRequest, queryset: QuerySet[Template], *, is_featured: bool
    ) -> None:
        actor = _staff(request)
        self.each(
            request,
            queryset,
            lambda row: feature_template(actor=actor, template_id=row.pk, is_featured=is_featured),
            "is featured" if is_featured else "is featured no longer",
        )


@admin.register(TemplateReport)
class TemplateReportAdmin(ModerationMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """What people say is wrong with templates."""

    paginator = BoundedPaginator
    list_per_page = 50
    ordering = ("-id",)
    actions = ("close",)
    list_display = ("id", "template", "reason", "text", "reporter", "created_at", "closed_at")
    list_filter = (OpenFilter, "reason")
    list_select_related = ("template",)

    @admin.action(description="Close", permissions=["moderate"])
    def close(self, request: HttpRequest, queryset: QuerySet[TemplateReport]) -> None:
        """Close reports."""
        actor = _staff(request)
        self.each(
            request,
            queryset,
            lambda row: close_report(actor=actor, report_id=row.pk),
            "is closed",
        )


def _staff(request: HttpRequest) -> Actor:
    return Actor("staff", str(request.user.pk))
