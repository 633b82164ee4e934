"""The staff's view of people, workspaces and keys. Nothing is deleted here, no digest is shown.

Django's admin and form classes take no type arguments at run time, hence the `type-arg` ignores.
"""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest

from accounts.errors import LastOwner
from accounts.models import ApiKey, Membership, User, Workspace
from accounts.services.keys import revoke_api_key
from accounts.types import Actor, Role
from common.admin import ExactSearchMixin, LookOnlyMixin, NoDeleteMixin
from common.ids import new_id


class UserCreateForm(AdminUserCreationForm):  # type: ignore[type-arg]
    """A new user: address and password."""

    class Meta:
        model = User
        fields = ("email", "display_name")


class UserEditForm(UserChangeForm):  # type: ignore[type-arg]
    """An existing user; the password has a form of its own."""

    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(NoDeleteMixin, ExactSearchMixin, DjangoUserAdmin):  # type: ignore[type-arg]
    """Users, by e-mail address."""

    form = UserEditForm
    add_form = UserCreateForm
    ordering = ("-id",)
    list_display = ("email", "display_name", "is_staff", "is_active", "created_at")
    list_filter = ("is_staff", "is_active")
    search_fields = ("id__exact", "email__exact")
    readonly_fields = ("id", "created_at", "last_login")
    fieldsets = (
        (None, {"fields": ("id", "email", "display_name", "password")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Times", {"fields": ("created_at", "last_login")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "display_name", "usable_password", "password1", "password2")}),
    )
    filter_horizontal = ("groups",)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save; a new user gets an id."""
        if not change:
            obj.id = new_id("usr")
        super().save_model(request, obj, form, change)


class MembershipFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """The members of one workspace, of whom one stays its owner."""

    def clean(self) -> None:
        """Refuse to save a workspace that nobody owns."""
        super().clean()
        rows = [form.cleaned_data for form in self.forms if hasattr(form, "cleaned_data")]
        if not any(row.get("role") == Role.OWNER and not row.get("DELETE") for row in rows):
            raise ValidationError(LastOwner.default_detail)


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    """Members, under their workspace."""

    model = Membership
    formset = MembershipFormSet
    autocomplete_fields = ("user",)
    readonly_fields = ("created_at",)
    extra = 0


@admin.register(Workspace)
class WorkspaceAdmin(NoDeleteMixin, ExactSearchMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Workspaces, with their members, plan, balance and granted limits."""

    ordering = ("-id",)
    list_display = ("id", "name", "plan", "credits", "created_at", "deleted_at")
    list_filter = ("plan",)
    search_fields = ("id__exact", "memberships__user__email__exact")
    readonly_fields = ("id", "created_at", "deleted_at")
    fields = ("id", "name", "plan", "credits", "limit_overrides", "created_at", "deleted_at")
    inlines = (MembershipInline,)

    def save_model(self, request: HttpRequest, obj: Workspace, form: Any, change: bool) -> None:
        """Save; a new workspace gets an id."""
        if not change:
            obj.id = new_id("ws")
        super().save_model(request, obj, form, change)


@admin.register(ApiKey)
class ApiKeyAdmin(LookOnlyMixin, ExactSearchMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Keys: to look at and to revoke. They are issued where their secret can be handed over."""

    ordering = ("-id",)
    list_display = ("id", "name", "workspace", "hint", "mode", "created_at", "revoked_at")
    list_select_related = ("workspace",)
    list_filter = ("mode",)
    search_fields = ("id__exact", "workspace__id__exact")
    fields = (
        "id",
        "name",
        "workspace",
        "hint",
        "mode",
        "scopes",
        "created_by",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
    )
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Say whether the action is offered: to staff with the right to change keys."""
        return request.user.has_perm("accounts.change_apikey")

    @admin.action(description="Revoke the selected keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Revoke keys; those that are revoked stay as they are."""
        actor = Actor("staff", str(request.user.pk))
        keys = queryset.values_list("workspace_id", "pk")
        for workspace_id, key_id in keys:
            revoke_api_key(actor=actor, workspace_id=workspace_id, key_id=key_id)
        self.message_user(request, f"Revoked: {len(keys)}.", messages.SUCCESS)
