"""The staff's view of credits: accounts, grants and the ledger to look at; adjustments to make.

Nothing here changes a balance but an adjustment, which goes through a service: with a reason, into
the ledger and the audit log, and above a threshold only with a second member of staff.
"""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.api import Actor
from billing.models import Account, Adjustment, Grant, LedgerEntry
from billing.selectors.statement import list_grants, list_ledger
from billing.services.accounts import MAX_CREDITS
from billing.services.adjustments import decide_adjustment, request_adjustment
from billing.services.balances import refresh_account
from billing.types import AdjustmentState
from common.admin import BoundedPaginator, ExactSearchMixin, LookOnlyMixin
from common.clock import utc_now
from common.errors import PixelFlowError

LATEST = 20


class _CreditsAdmin(LookOnlyMixin, ExactSearchMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows of large tables, found by whole ids, which indexes answer."""

    paginator = BoundedPaginator
    list_per_page = 50


@admin.register(LedgerEntry)
class LedgerEntryAdmin(_CreditsAdmin):
    """The ledger, newest first. The database refuses changes as well."""

    ordering = ("-id",)
    list_display = (
        "id",
        "created_at",
        "workspace_id",
        "type",
        "account",
        "amount",
        "execution_id",
        "actor",
        "reason",
    )
    search_fields = ("workspace__id__exact", "execution_id__exact", "key__exact")
    fields = (*list_display, "key")


@admin.register(Grant)
class GrantAdmin(_CreditsAdmin):
    """Lots of credits as they came in."""

    ordering = ("-id",)
    list_display = ("id", "workspace_id", "kind", "amount", "remaining", "expires_at", "created_at")
    search_fields = ("id__exact", "workspace__id__exact", "key__exact")
    fields = (*list_display, "key")


@admin.register(Account)
class AccountAdmin(_CreditsAdmin):
    """A workspace's credits, with its grants and what happened last."""

    ordering = ("workspace_id",)
    list_display = ("workspace_id", "available", "held", "renews_at", "next_expiry_at")
    search_fields = ("workspace_id__exact",)
    fields = (
        "workspace_id",
        "available",
        "held",
        "unsettled",
        "clawed_back",
        "renews_at",
        "next_expiry_at",
        "day",
        "day_live",
        "day_test",
        "adjust",
        "grants",
        "latest_entries",
    )
    readonly_fields = ("adjust", "grants", "latest_entries")

    @admin.display(description="adjust")
    def adjust(self, account: Account) -> SafeString:
        """Return the way to the form that gives or takes credits."""
        page = reverse("admin:billing_adjustment_add")
        return format_html(
            '<a href="{}?workspace={}">Give or take credits</a>', page, account.workspace_id
        )

    @admin.display(description="grants")
    def grants(self, account: Account) -> SafeString:
        """Return the newest grants as a table."""
        rows = (
            (grant.created_at, grant.kind, grant.amount, grant.remaining, grant.expires_at or "–")
            for grant in list_grants(account.workspace_id, limit=LATEST)
        )
        return _table(("came", "kind", "credits", "left", "expires"), rows)

    @admin.display(description="latest entries")
    def latest_entries(self, account: Account) -> SafeString:
        """Return the newest ledger transactions as a table."""
        rows = (
            (
                line.at,
                line.type,
                f"{line.available:+,}",
                f"{line.held:+,}",
                line.execution_id or "–",
                line.actor,
                line.reason,
            )
            for line in list_ledger(account.workspace_id, limit=LATEST)
        )
        return _table(("at", "type", "available", "held", "run", "by", "reason"), rows)


class AdjustmentForm(forms.ModelForm):  # type: ignore[type-arg]
    """What staff ask for: how many credits, for whom, and why."""

    class Meta:
        model = Adjustment
        fields = ("workspace", "amount", "reason")

    def clean_amount(self) -> int:
        """Refuse nothing, and more than there can be, at the field itself."""
        amount: int = self.cleaned_data["amount"]
        if not 1 <= abs(amount) <= MAX_CREDITS:
            raise ValidationError(f"Give a number other than 0, up to {MAX_CREDITS:,} either way.")
        return amount


@admin.register(Adjustment)
class AdjustmentAdmin(_CreditsAdmin):
    """Credits given and taken by hand; those that wait are approved or refused by somebody else."""

    form = AdjustmentForm
    ordering = ("-id",)
    list_display = (
        "id",
        "workspace_id",
        "amount",
        "reason",
        "state",
        "asked_by",
        "decided_by",
        "created_at",
    )
    list_filter = ("state",)
    search_fields = ("id__exact", "workspace__id__exact")
    raw_id_fields = ("workspace",)
    actions = ("approve", "refuse")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        """Ask for three things, show all."""
        asked = ("workspace", "amount", "reason")
        return asked if obj is None else (*asked, "state", "asked_by", "decided_by", "decided_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say whether somebody may adjust credits."""
        return request.user.has_perm("billing.add_adjustment")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Say whether somebody may decide about others' adjustments."""
        return request.user.has_perm("billing.change_adjustment")

    def add_view(self, request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        """Show or take the form; what the service refuses is told above it."""
        try:
            return super().add_view(request, *args, **more)
        except PixelFlowError as error:
            self.message_user(request, error.detail, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Adjustment, form: Any, change: bool) -> None:  # noqa: ARG002
        """Ask for the adjustment; up to the threshold it is done at once."""
        now = utc_now()
        refresh_account(workspace_id=obj.workspace_id, now=now)  # a new one may have none yet
        made = request_adjustment(
            actor=_staff(request),
            workspace_id=obj.workspace_id,
            amount=obj.amount,
            reason=obj.reason,
            now=now,
        )
        obj.pk = made.id
        if made.state is AdjustmentState.PENDING:
            text = "So many credits need a second member of staff: the adjustment waits."
            self.message_user(request, text, messages.WARNING)

    @admin.action(description="Approve what waits", permissions=["decide"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Adjustment]) -> None:
        """Apply others' adjustments."""
        self._decide(request, queryset, is_approved=True)

    @admin.action(description="Refuse what waits", permissions=["decide"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[Adjustment]) -> None:
        """Refuse others' adjustments."""
        self._decide(request, queryset, is_approved=False)

    def _decide(
        self, request: HttpRequest, queryset: QuerySet[Adjustment], *, is_approved: bool
    ) -> None:
        for adjustment in queryset:
            try:
                decided = decide_adjustment(
                    actor=_staff(request),
                    adjustment_id=adjustment.pk,
                    is_approved=is_approved,
                    now=utc_now(),
                )
            except PixelFlowError as error:
                self.message_user(request, f"{adjustment.pk}: {error.detail}", messages.ERROR)
                continue
            self.message_user(request, f"{decided.id} is {decided.state}.", messages.SUCCESS)


def _staff(request: HttpRequest) -> Actor:
    return Actor("staff", str(request.user.pk))


def _table(heads: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> SafeString:
    lines = (
        format_html("<tr>{}</tr>", format_html_join("", "<td>{}</td>", ((cell,) for cell in row)))
        for row in rows
    )
    return format_html(
        "<table><tr>{}</tr>{}</table>",
        format_html_join("", "<th>{}</th>", ((head,) for head in heads)),
        format_html_join("", "{}", ((line,) for line in lines)),
    )
