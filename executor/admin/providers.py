"""The staff's pages of providers: how each may be used, which accounts are refused, how each does."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from accounts.api import Actor
from common.admin import LookOnlyMixin, NoDeleteMixin
from executor.models import ProviderBlock, ProviderSetting
from executor.selectors.accounts import platform_accounts
from executor.selectors.provider_health import SPANS, Health, get_health
from executor.selectors.provider_terms import Terms, get_terms
from executor.services.provider_settings import MAX_FEE, lift_block, set_provider_terms
from workflows.catalogue.providers import PROVIDERS


class TermsForm(forms.ModelForm):  # type: ignore[type-arg]
    """How a provider may be used."""

    provider = forms.ChoiceField(choices=[(each.name, each.title) for each in PROVIDERS.values()])
    is_off = forms.BooleanField(
        required=False, label="Off", help_text="No new run asks it; what runs there goes on."
    )
    max_jobs = forms.IntegerField(
        required=False, min_value=1, help_text="Jobs at once, over the whole installation."
    )
    max_jobs_per_account = forms.IntegerField(
        required=False, min_value=1, help_text="Jobs at once by one account there."
    )
    own_key_fee = forms.IntegerField(
        min_value=0,
        max_value=MAX_FEE,
        initial=0,
        help_text="Credits for each run of a node by a workspace's own key.",
    )

    class Meta:
        model = ProviderSetting
        fields = ("provider", "is_off", "max_jobs", "max_jobs_per_account", "own_key_fee")

    def clean_provider(self) -> str:
        """Refuse a second row for a provider."""
        provider = str(self.cleaned_data["provider"])
        if not self.instance.pk and ProviderSetting.objects.filter(pk=provider).exists():
            raise ValidationError("It has its settings; change those.")
        return provider


@admin.register(ProviderSetting)
class ProviderSettingAdmin(NoDeleteMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Providers that are used otherwise than freely."""

    form = TermsForm
    change_list_template = "executor/providers_changelist.html"
    list_display = (
        "provider",
        "is_off",
        "max_jobs",
        "max_jobs_per_account",
        "own_key_fee",
        "updated_at",
        "updated_by",
    )
    ordering = ("provider",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        """Keep the name of what exists."""
        return ("provider",) if obj is not None else ()

    def get_urls(self) -> list[URLPattern]:
        """Return the admin's pages, and that of how providers do."""
        view = self.admin_site.admin_view(self.health_view)
        return [path("health/", view, name="executor_provider_health"), *super().get_urls()]

    def health_view(self, request: HttpRequest) -> HttpResponse:
        """Show how providers and models have done within a span, and what is refused now."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        span = request.GET.get("span", "day")
        report = get_health(span if span in SPANS else "day")
        context = {
            **self.admin_site.each_context(request),
            "title": "Providers: health",
            "opts": self.opts,
            "spans": list(SPANS),
            "span": span,
            "report": report,
            "providers": _provider_rows(report.providers),
        }
        return TemplateResponse(request, "executor/provider_health.html", context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ARG002
        """Save by the service."""
        values = form.cleaned_data
        terms = Terms(
            values["is_off"],
            values["max_jobs"],
            values["max_jobs_per_account"],
            values["own_key_fee"],
        )
        set_provider_terms(actor=_staff(request), provider=obj.pk, terms=terms)


@admin.register(ProviderBlock)
class ProviderBlockAdmin(LookOnlyMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Accounts that providers refused: an empty account is the platform's own."""

    list_display = ("provider", "account", "message", "since", "until", "closed_at")
    list_filter = (("closed_at", admin.EmptyFieldListFilter),)
    search_fields = ("provider", "account__exact")
    ordering = ("closed_at", "-since")
    actions = ("lift",)

    def has_lift_permission(self, request: HttpRequest) -> bool:
        """Say whether the action is offered: to staff with the right to change blocks."""
        return request.user.has_perm("executor.change_providerblock")

    @admin.action(description="Try the selected accounts again now", permissions=["lift"])
    def lift(self, request: HttpRequest, queryset: QuerySet[ProviderBlock]) -> None:
        """Lift blocks; an account that is refused again is blocked again."""
        keys = list(queryset.values_list("pk", flat=True))
        lifted = sum(lift_block(actor=_staff(request), block_id=key) for key in keys)
        self.message_user(request, f"Lifted: {lifted}.", messages.SUCCESS)


def _provider_rows(found: Sequence[Health]) -> list[tuple[str, str, Health]]:
    """Return all providers with what is said of their use, and how they did; title, state, health."""
    health = {each.provider: each for each in found}
    terms, accounts = get_terms(), platform_accounts()
    titles = {name: provider.title for name, provider in PROVIDERS.items()}
    titles |= {name: name for name in health.keys() - titles.keys()}
    rows = []
    for name, title in titles.items():
        state = "off" if terms.of(name).is_off else "" if name in accounts else "no account"
        rows.append((title, state, health.get(name, Health(name))))
    return rows


def _staff(request: HttpRequest) -> Actor:
    return Actor("staff", str(request.user.pk))
