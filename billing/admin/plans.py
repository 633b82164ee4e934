"""The staff's view of plans, packs and usage.

Whatever staff change here goes through services, which write it into the audit log.
"""

import re
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.api import Actor
from billing.models import CreditPack, Plan, UsageDay
from billing.services.accounts import MAX_CREDITS
from billing.services.plans import change_plan, save_offer
from billing.types import LIMIT_FIELDS
from common.admin import BoundedPaginator, ExactSearchMixin, LookOnlyMixin, NoDeleteMixin
from common.errors import PixelFlowError

MAX_FIGURE = 2**31 - 1  # of an integer column

_PLAN_KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")  # what fits `Workspace.plan`


class OfferForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form whose figures lie in the bounds of `bounds`: the least, and the most."""

    bounds: ClassVar[dict[str, tuple[int, int]]] = {}

    def clean(self) -> dict[str, Any]:
        """Refuse figures out of bounds, each at its field."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name, (least, most) in self.bounds.items():
            figure = cleaned.get(name)
            if figure is not None and not least <= figure <= most:
                self.add_error(name, f"Give a number from {least:,} to {most:,}.")
        return cleaned


class PlanForm(OfferForm):
    """A plan."""

    bounds: ClassVar = {
        "monthly_credits": (0, MAX_CREDITS),
        "price_cents": (0, MAX_FIGURE),
        **dict.fromkeys(LIMIT_FIELDS, (1, MAX_FIGURE)),
    }

    def clean_key(self) -> str:
        """Refuse a word that a workspace could not name."""
        key = str(self.cleaned_data["key"])
        if not _PLAN_KEY.fullmatch(key):
            raise ValidationError("Give a word of lower-case letters, digits and underscores.")
        return key


class PackForm(OfferForm):
    """A pack of credits."""

    bounds: ClassVar = {"credits": (1, MAX_CREDITS), "price_cents": (0, MAX_FIGURE)}


class MoveForm(ActionForm):
    """Which workspace the action is about."""

    workspace_id = forms.CharField(required=False, label="Workspace:", max_length=40)


class OfferAdmin(NoDeleteMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that history names: `is_offered` hides them, and their key stays."""

    ordering = ("position", "key")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        """Keep the key of what exists."""
        return ("key",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ARG002
        """Save, with an entry in the audit log."""
        save_offer(actor=_staff(request), offer=obj, is_new=not change)


@admin.register(Plan)
class PlanAdmin(OfferAdmin):
    """Plans; a workspace is put on one with the action of this page."""

    form = PlanForm
    list_display = (
        "key",
        "name",
        "is_offered",
        "monthly_credits",
        "price_cents",
        *LIMIT_FIELDS,
    )
    action_form = MoveForm
    actions = ("put_workspace",)

    def has_put_permission(self, request: HttpRequest) -> bool:
        """Say whether the action is offered: to staff with the right to change plans."""
        return request.user.has_perm("billing.change_plan")

    @admin.action(
        description="Put the workspace on the selected plan (write its id)", permissions=["put"]
    )
    def put_workspace(self, request: HttpRequest, queryset: QuerySet[Plan]) -> None:
        """Put one workspace on one plan."""
        workspace_id = request.POST.get("workspace_id", "").strip()
        keys = list(queryset.values_list("pk", flat=True))
        if len(keys) != 1 or not workspace_id:
            self.message_user(request, "Select one plan and write one id.", messages.ERROR)
            return
        try:
            is_change = change_plan(
                actor=_staff(request), workspace_id=workspace_id, plan_key=keys[0]
            )
        except PixelFlowError as error:
            self.message_user(request, error.detail, messages.ERROR)
            return
        told = "is on" if is_change else "was already on"
        self.message_user(request, f"{workspace_id} {told} {keys[0]}.", messages.SUCCESS)


@admin.register(CreditPack)
class CreditPackAdmin(OfferAdmin):
    """Packs of credits."""

    form = PackForm
    list_display = ("key", "credits", "price_cents", "is_offered", "stripe_price_id")


@admin.register(UsageDay)
class UsageDayAdmin(LookOnlyMixin, ExactSearchMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Counters of usage, to look at; a search by workspace is answered by an index."""

    paginator = BoundedPaginator
    list_per_page = 50
    ordering = ("-id",)
    list_display = (
        "workspace",
        "day",
        "mode",
        "workflow_id",
        "key_id",
        "model",
        "executions",
        "credits",
    )
    list_select_related = ("workspace",)
    search_fields = ("workspace__id__exact",)


def _staff(request: HttpRequest) -> Actor:
    return Actor("staff", str(request.user.pk))
