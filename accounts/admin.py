"""The staff's view of people, workspaces, keys and the audit log.

Nothing is deleted here, no key's digest is shown, and every change is in the audit log. Django's
admin and form classes take no type arguments at run time, hence the `type-arg` ignores.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse

from accounts.errors import LastOwner
from accounts.models import (
    ApiKey,
    AuditAnchor,
    AuditEntry,
    Invitation,
    Membership,
    PolicyPage,
    User,
    Workspace,
)
from accounts.selectors import get_policy
from accounts.services.audit import PLATFORM, record_audit
from accounts.services.invitations import revoke_invitation
from accounts.services.key_cache import KEY_CACHE
from accounts.services.key_fields import checked_restrictions
from accounts.services.keys import change_api_key, revoke_api_key
from accounts.services.policies import checked_policy, save_policy
from accounts.types import POLICIES, Actor, KeyRestrictions, Role, clean_name
from common.admin import (
    BoundedPaginator,
    CsvExportMixin,
    ExactSearchMixin,
    LookOnlyMixin,
    NoDeleteMixin,
)
from common.clock import utc_now
from common.errors import InvalidInputs
from common.ids import new_id

# Of these the log says that they were set, and not to what.
_SECRET_FIELDS = frozenset({"password", "password1", "password2", "usable_password"})


def staff_actor(request: HttpRequest) -> Actor:
    """Return the member of staff behind a page of the admin."""
    return Actor("staff", str(request.user.pk))


def _changes(form: Any, *, is_new: bool) -> tuple[Any, dict[str, Any]]:
    """Return a form's changed fields as the audit log tells of them: before (None), and after."""
    old, new = (
        {name: _told(name, values.get(name)) for name in form.changed_data}
        for values in (form.initial, form.cleaned_data)
    )
    if is_new:
        return None, new
    real = [name for name in new if new[name] != old[name] or name in _SECRET_FIELDS]
    return {name: old[name] for name in real}, {name: new[name] for name in real}


def _told(name: str, value: Any) -> Any:
    return "set" if name in _SECRET_FIELDS else _fact(value)


def _record_user(
    request: HttpRequest, user_id: str, verb: str, before: Any = None, after: Any = None
) -> None:
    record_audit(
        actor=staff_actor(request),
        workspace_id=PLATFORM,
        verb=verb,
        object_type="user",
        object_id=user_id,
        before=before,
        after=after,
        now=utc_now(),
    )


def _fact(value: Any) -> Any:
    """Return a form's value as JSON; rows by their keys, in order."""
    if isinstance(value, Model):
        return str(value.pk)
    if isinstance(value, QuerySet | list | tuple):
        return sorted(str(_fact(item)) for item in value)
    return value if isinstance(value, str | int | bool | dict | None) else str(value)


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
        before, after = _changes(form, is_new=not change)
        if after:
            _record_user(request, obj.pk, "change" if change else "create", before, after)

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002 - Django's signature
        form_url: str = "",
    ) -> HttpResponse:
        """Set a password: with its entry in the log, or not at all."""
        rows = User.objects.filter(pk=id)
        with transaction.atomic():
            before = rows.values_list("password", flat=True).first()
            response = super().user_change_password(request, id, form_url)
            if rows.values_list("password", flat=True).first() != before:
                _record_user(request, id, "set_password")
            return response


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
    list_display = ("id", "name", "plan", "created_at", "deleted_at")
    list_filter = ("plan",)
    search_fields = ("id__exact", "memberships__user__email__exact")
    # A plan brings credits: billing changes it, on the page of the plans.
    readonly_fields = ("id", "plan", "created_at", "deleted_at")
    fields = ("id", "name", "plan", "limit_overrides", "created_at", "deleted_at")
    inlines = (MembershipInline,)

    def save_model(self, request: HttpRequest, obj: Workspace, form: Any, change: bool) -> None:
        """Save; a new workspace gets an id."""
        if not change:
            obj.id = new_id("ws")
        super().save_model(request, obj, form, change)
        before, after = _changes(form, is_new=not change)
        if after:
            verb = "change" if change else "create"
            _record_in(request, obj.pk, verb, ("workspace", obj.pk), before, after)
            transaction.on_commit(lambda: KEY_CACHE.drop_workspace(obj.pk))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save the members; each who came, went or got another role is in the log."""
        roles = {item.instance.pk: item.initial.get("role") for item in formset.forms}
        super().save_formset(request, form, formset, change)
        workspace_id = form.instance.pk
        for row in formset.new_objects:
            _record_in(request, workspace_id, "add", ("member", row.user_id), None, row.role)
        for row, _ in formset.changed_objects:
            thing = ("member", row.user_id)
            _record_in(request, workspace_id, "change_role", thing, roles[row.pk], row.role)
        for row in formset.deleted_objects:
            _record_in(request, workspace_id, "remove", ("member", row.user_id), row.role, None)


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """What staff may change of a key."""

    class Meta:
        model = ApiKey
        fields = ("name", "monthly_cap", "workflows", "addresses")

    def clean(self) -> dict[str, Any]:
        """Check the restrictions as the service does, and keep them as it takes them."""
        values = super().clean() or {}
        lists = [values.get(name) or [] for name in ("workflows", "addresses")]
        if not all(isinstance(part, list) and _are_texts(part) for part in lists):
            raise ValidationError("Workflows and addresses are JSON lists of texts.")
        wanted = KeyRestrictions(values.get("monthly_cap"), *(tuple(part) for part in lists))
        try:
            self.restrictions = checked_restrictions(wanted)
            values["name"] = clean_name(values.get("name") or "")
        except InvalidInputs as error:
            raise ValidationError(error.detail) from error
        except ValueError as error:
            raise ValidationError({"name": f"This {error}."}) from error
        values["workflows"], values["addresses"] = lists
        return values


def _are_texts(part: list[Any]) -> bool:
    return all(isinstance(item, str) for item in part)


def _record_in(
    request: HttpRequest,
    workspace_id: str,
    verb: str,
    thing: tuple[str, str],
    before: Any,
    after: Any,
) -> None:
    record_audit(
        actor=staff_actor(request),
        workspace_id=workspace_id,
        verb=verb,
        object_type=thing[0],
        object_id=thing[1],
        before=before,
        after=after,
        now=utc_now(),
    )


@admin.register(ApiKey)
class ApiKeyAdmin(CsvExportMixin, NoDeleteMixin, ExactSearchMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Keys: to look at, to restrict and to revoke.

    They are issued where their secret can be handed over, and written by services alone.
    """

    form = ApiKeyForm
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
        "monthly_cap",
        "workflows",
        "addresses",
        "replaced_by",
        "created_by",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
    )
    readonly_fields = tuple(
        name for name in fields if name not in ("name", "monthly_cap", "workflows", "addresses")
    )
    csv_fields = tuple(name for name in fields if name != "workspace")
    actions = ("revoke", "export_csv")

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        """Refuse."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:  # noqa: ARG002
        """Change the key as its owner's own page would."""
        change_api_key(
            actor=staff_actor(request),
            workspace_id=obj.workspace_id,
            key_id=obj.pk,
            name=form.cleaned_data["name"],
            restrictions=form.restrictions,
        )

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Say whether the action is offered: to staff with the right to change keys."""
        return request.user.has_perm("accounts.change_apikey")

    @admin.action(description="Revoke the selected keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Revoke keys; those that are revoked stay as they are."""
        actor = staff_actor(request)
        keys = queryset.values_list("workspace_id", "pk")
        for workspace_id, key_id in keys:
            revoke_api_key(actor=actor, workspace_id=workspace_id, key_id=key_id)
        self.message_user(request, f"Revoked: {len(keys)}.", messages.SUCCESS)


@admin.register(Invitation)
class InvitationAdmin(LookOnlyMixin, ExactSearchMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Invitations, to look at and to withdraw; the secrets of their links are nowhere."""

    ordering = ("-id",)
    list_display = (
        "id",
        "email",
        "workspace",
        "role",
        "invited_by",
        "created_at",
        "expires_at",
        "accepted_at",
        "revoked_at",
    )
    list_select_related = ("workspace", "invited_by")
    search_fields = ("id__exact", "email__exact", "workspace__id__exact")
    fields = list_display
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Say whether the action is offered: to staff with the right to change invitations."""
        return request.user.has_perm("accounts.change_invitation")

    @admin.action(description="Withdraw the selected invitations", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        """Withdraw invitations; those that were used or withdrawn stay as they are."""
        actor = staff_actor(request)
        waiting = queryset.filter(accepted_at=None, revoked_at=None)
        found = waiting.filter(workspace__deleted_at=None).values_list("workspace_id", "pk")
        for workspace_id, invitation_id in found:
            revoke_invitation(actor=actor, workspace_id=workspace_id, invitation_id=invitation_id)
        self.message_user(request, f"Withdrawn: {len(found)}.", messages.SUCCESS)


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    """A policy's title and text."""

    slug = forms.ChoiceField(choices=list(POLICIES.items()), label="Policy")

    class Meta:
        model = PolicyPage
        fields = ("slug", "title", "body")

    def clean(self) -> dict[str, Any]:
        """Check the text as the service does."""
        values = super().clean() or {}
        given = values.get("title") or "", values.get("body") or ""
        try:
            values["title"], values["body"] = checked_policy(*given)
        except InvalidInputs as error:
            raise ValidationError(error.detail) from error
        return values


@admin.register(PolicyPage)
class PolicyPageAdmin(NoDeleteMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Terms, privacy, content policy: where none is written here, people read the one shipped."""

    form = PolicyForm
    ordering = ("slug",)
    list_display = ("slug", "title", "version", "updated_at", "updated_by")
    fields = ("slug", "title", "body", "version", "updated_at", "updated_by")

    def get_readonly_fields(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        obj: PolicyPage | None = None,
    ) -> tuple[str, ...]:
        """Return what services write; which policy it is, is chosen once."""
        kept = ("version", "updated_at", "updated_by")
        return kept if obj is None else ("slug", *kept)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the text that people read now; `?slug=` says of which policy."""
        slug = request.GET.get("slug", "")
        policy = get_policy(slug if slug in POLICIES else next(iter(POLICIES)))
        return {"slug": policy.slug, "title": policy.title, "body": policy.body}

    def save_model(self, request: HttpRequest, obj: PolicyPage, form: Any, change: bool) -> None:  # noqa: ARG002
        """Save; the version grows with the text."""
        save_policy(
            actor=staff_actor(request),
            slug=obj.pk,
            title=form.cleaned_data["title"],
            body=form.cleaned_data["body"],
        )


@admin.register(AuditEntry)
class AuditEntryAdmin(CsvExportMixin, LookOnlyMixin, ExactSearchMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """The audit log, to look at: by workspace, thing, actor or request."""

    ordering = ("-id",)
    paginator = BoundedPaginator
    list_display = (
        "created_at",
        "workspace_id",
        "number",
        "actor",
        "via",
        "verb",
        "object_type",
        "object_id",
        "network",
    )
    list_filter = ("via", "object_type")
    search_fields = ("workspace_id__exact", "object_id__exact")
    csv_fields = (
        "workspace_id",
        "number",
        "created_at",
        "actor",
        "via",
        "verb",
        "object_type",
        "object_id",
        "before",
        "after",
        "network",
        "request_id",
        "digest",
    )
    actions = ("export_csv",)


@admin.register(AuditAnchor)
class AuditAnchorAdmin(LookOnlyMixin, ExactSearchMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Where each chain stood, day by day."""

    ordering = ("-id",)
    list_display = ("day", "workspace_id", "number", "digest")
    search_fields = ("workspace_id__exact",)
