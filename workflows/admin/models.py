"""The staff's pages of the catalogue: models of their own, overrides, the margin.

The list of all models, with whether they run, is a page of the site (`pixelflow_site.pages.staff`).
Every change goes through `workflows.services.models`: checked again, audited, live within seconds.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from accounts.api import Actor
from common.admin import NoDeleteMixin
from common.errors import PixelFlowError
from workflows.admin.forms import (
    DocumentForm,
    MarginForm,
    NewModelForm,
    OverrideForm,
    ParamRows,
    document_of,
    told,
)
from workflows.catalogue.model_files import ModelFileError
from workflows.models import CatalogueState, ModelEntry, ModelOverride
from workflows.selectors.catalogue import get_catalogue
from workflows.services.models import (
    add_model,
    change_model,
    override_model,
    retire_model,
    set_margin,
)


class RetireForm(ActionForm):
    """Which model takes the place of one that is retired."""

    replaced_by = forms.CharField(required=False, label="Successor:", max_length=60)


@admin.register(ModelEntry)
class ModelEntryAdmin(NoDeleteMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Models that staff added: by pasting a document, or by a form that writes one."""

    form = DocumentForm
    change_list_template = "workflows/models_changelist.html"
    list_display = ("key", "status", "problem", "updated_at", "updated_by")
    search_fields = ("key", "document")
    ordering = ("key",)
    fields = ("document",)
    action_form = RetireForm
    actions = ("retire",)

    @admin.display(description="status")
    def status(self, entry: ModelEntry) -> str:
        """Return the model's status; nothing while its document is none."""
        model = get_catalogue().models.get(entry.key)
        return "" if model is None else model.status

    @admin.display(description="what does not fit")
    def problem(self, entry: ModelEntry) -> str:
        """Return why the model is left out of the catalogue, or what of an override is."""
        return get_catalogue.state().problems.get(entry.key, "")

    def save_model(self, request: HttpRequest, obj: ModelEntry, form: Any, change: bool) -> None:
        """Save by the service."""
        document = form.cleaned_data["document"]
        if change:
            change_model(actor=_staff(request), key=obj.pk, document=document)
        else:
            obj.key = add_model(actor=_staff(request), document=document)

    def get_urls(self) -> list[URLPattern]:
        """Return the admin's pages, and the form that writes a document."""
        view = self.admin_site.admin_view(self.form_view)
        return [path("form/", view, name="workflows_modelentry_form"), *super().get_urls()]

    def form_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for what a model needs at least, and add it; a bad one is shown as a document."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        given = request.POST if request.method == "POST" else None
        form, rows, document = NewModelForm(given), ParamRows(given, prefix="params"), ""
        if given is not None and form.is_valid() and rows.is_valid():
            document = document_of(form, rows)
            try:
                key = add_model(actor=_staff(request), document=document)
            except ModelFileError as error:
                for problem in told(error.problems, document):
                    form.add_error(None, problem)
            else:
                self.message_user(request, f"{key} was added.", messages.SUCCESS)
                page = reverse("admin:workflows_modelentry_change", args=[key])
                return HttpResponseRedirect(page)
        context = {
            **self.admin_site.each_context(request),
            "title": "Add a model by a form",
            "opts": self.opts,
            "form": form,
            "rows": rows,
            "lines": list(enumerate(document.splitlines(), start=1)),
        }
        return TemplateResponse(request, "workflows/model_form.html", context)

    def has_retire_permission(self, request: HttpRequest) -> bool:
        """Say whether the action is offered: to staff with the right to change models."""
        return request.user.has_perm("workflows.change_modelentry")

    @admin.action(description="Retire the selected models", permissions=["retire"])
    def retire(self, request: HttpRequest, queryset: QuerySet[ModelEntry]) -> None:
        """Retire models; they stay in the catalogue, and no run may use them any more."""
        successor = request.POST.get("replaced_by", "").strip()
        for key in queryset.values_list("pk", flat=True):
            try:
                retire_model(actor=_staff(request), key=key, replaced_by=successor)
            except (ModelFileError, PixelFlowError) as error:
                self.message_user(request, f"{key}: {error}", messages.ERROR)
            else:
                self.message_user(request, f"{key} is retired.", messages.SUCCESS)


@admin.register(ModelOverride)
class ModelOverrideAdmin(NoDeleteMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """What staff decided about models, shipped and added; an empty decision is taken back."""

    form = OverrideForm
    list_display = ("key", "is_off", "price", "providers", "position", "problem", "updated_at")
    list_filter = ("is_off",)
    search_fields = ("key", "reason")
    ordering = ("key",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        """Keep the key of what exists."""
        return ("key",) if obj is not None else ()

    @admin.display(description="what does not fit")
    def problem(self, override: ModelOverride) -> str:
        """Return what of the decision fits the model no longer."""
        state = get_catalogue.state()
        if override.key not in state.catalogue.models:
            return "There is no such model any more."
        return state.problems.get(override.key, "")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ARG002
        """Save by the service."""
        override_model(
            actor=_staff(request),
            key=obj.pk,
            override=form.override,
            reason=form.cleaned_data["reason"],
        )


@admin.register(CatalogueState)
class CatalogueStateAdmin(NoDeleteMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """The margin on all prices; its one row comes with the first change of the catalogue."""

    form = MarginForm
    list_display = ("__str__", "margin_percent", "updated_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow the one row."""
        return super().has_add_permission(request) and not CatalogueState.objects.exists()

    def save_model(
        self,
        request: HttpRequest,
        obj: CatalogueState,  # noqa: ARG002 - Django's signature
        form: Any,
        change: bool,  # noqa: ARG002
    ) -> None:
        """Save by the service."""
        set_margin(actor=_staff(request), percent=form.cleaned_data["margin_percent"])


def _staff(request: HttpRequest) -> Actor:
    return Actor("staff", str(request.user.pk))
