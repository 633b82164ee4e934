"""The staff's pages."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import ApiKey, Membership, User, Workspace
from accounts.types import Role
from common.ids import is_id
from tests.factories import make_key, make_member

PASSWORD = "correct horse battery"


@pytest.fixture
def staff(db) -> Client:
    """A signed-in superuser's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com", PASSWORD))
    return client


def workspace_form(workspace, memberships, **fields):
    """What the workspace's page posts: the fields, and a row for each membership."""
    form = {
        "name": workspace.name,
        "plan": workspace.plan,
        "limit_overrides": "{}",
        "memberships-TOTAL_FORMS": str(len(memberships)),
        "memberships-INITIAL_FORMS": str(len(memberships)),
        **fields,
    }
    for index, row in enumerate(memberships):
        form[f"memberships-{index}-id"] = str(row.pk)
        form[f"memberships-{index}-workspace"] = workspace.id
        form[f"memberships-{index}-user"] = row.user_id
        form.setdefault(f"memberships-{index}-role", row.role)
    return form


def change_page(model, pk):
    return reverse(f"admin:accounts_{model}_change", args=[pk])


def members(workspace):
    return list(Membership.objects.of(workspace.id).order_by("pk"))


@pytest.mark.parametrize("model", ["user", "workspace", "apikey"])
def test_lists_and_pages_load_for_staff(staff, workspace, owner, member, model):
    key = make_key(workspace)
    pk = {"user": owner.id, "workspace": workspace.id, "apikey": key.id}[model]
    shown = owner.email if model == "user" else pk
    changelist = reverse(f"admin:accounts_{model}_changelist")

    assert shown in staff.get(changelist, {"q": pk.upper()}).content.decode()
    assert staff.get(changelist, {"q": "no such thing"}).status_code == 200
    assert pk in staff.get(change_page(model, pk)).content.decode()


@pytest.mark.parametrize("model", ["user", "workspace", "apikey"])
def test_others_are_sent_to_sign_in(workspace, member, model):
    client = Client()
    client.force_login(User.objects.get(pk=member.id))

    response = client.get(reverse(f"admin:accounts_{model}_changelist"))

    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


def test_D3_no_page_shows_a_digest_or_a_secret(staff, workspace):
    key = make_key(workspace)
    row = ApiKey.objects.of(workspace.id).get()
    pages = [
        reverse("admin:accounts_apikey_changelist"),
        change_page("apikey", key.id),
        reverse("admin:accounts_apikey_history", args=[key.id]),
        change_page("workspace", workspace.id),
    ]

    for page in pages:
        text = staff.get(page).content.decode()
        assert row.digest not in text
        assert key.secret not in text


def test_keys_are_not_made_or_deleted_by_form(staff, workspace):
    key = make_key(workspace)

    assert staff.get(reverse("admin:accounts_apikey_add")).status_code == 403
    delete = reverse("admin:accounts_apikey_delete", args=[key.id])
    assert staff.post(delete, {"post": "yes"}).status_code == 403
    assert ApiKey.objects.of(workspace.id).get().name == "Test key"


@pytest.mark.parametrize("model", ["user", "workspace"])
def test_people_and_workspaces_are_not_deleted(staff, workspace, owner, model):
    pk = owner.id if model == "user" else workspace.id

    response = staff.post(reverse(f"admin:accounts_{model}_delete", args=[pk]), {"post": "yes"})

    assert response.status_code == 403


def revoke(client, key):
    form = {"action": "revoke", "_selected_action": [key.id]}
    return client.post(reverse("admin:accounts_apikey_changelist"), form)


def test_staff_revoke_keys(staff, workspace):
    key, other = make_key(workspace), make_key(workspace)

    revoke(staff, key)

    revoked = {row.pk: row.revoked_at is not None for row in ApiKey.objects.of(workspace.id)}
    assert revoked == {key.id: True, other.id: False}


def test_staff_who_may_only_look_revoke_nothing(workspace):
    viewer = User.objects.create_user("viewer@example.com", PASSWORD, is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_apikey"))
    client, key = Client(), make_key(workspace)
    client.force_login(viewer)

    revoke(client, key)

    assert ApiKey.objects.of(workspace.id).get().revoked_at is None


def test_staff_change_limits_here_and_not_the_plan(staff, workspace):
    form = workspace_form(
        workspace,
        members(workspace),
        plan="pro",
        limit_overrides='{"runningAtOnce": 9}',
    )

    response = staff.post(change_page("workspace", workspace.id), form)

    row = Workspace.objects.get(pk=workspace.id)
    assert response.status_code == 302
    assert (row.plan, row.limit_overrides) == ("free", {"runningAtOnce": 9})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "\u202eoidutS"),
        ("name", "x" * 10_000),
        ("limit_overrides", '{"concurrent": 9}'),
        ("limit_overrides", '{"runningAtOnce": 0}'),
        ("limit_overrides", "[1]"),
        ("limit_overrides", '{"a": "\\u0000"}'),
        ("limit_overrides", "{"),
        ("memberships-0-role", "viewer"),
        ("memberships-0-role", "king"),
    ],
)
def test_A12_a_bad_workspace_form_is_shown_again(staff, workspace, field, value):
    form = workspace_form(workspace, members(workspace), **{field: value})

    response = staff.post(change_page("workspace", workspace.id), form)

    assert response.status_code == 200
    assert "errornote" in response.content.decode()


def test_an_empty_field_of_limits_means_none(staff, workspace):
    form = workspace_form(workspace, members(workspace), limit_overrides="")

    assert staff.post(change_page("workspace", workspace.id), form).status_code == 302

    assert Workspace.objects.get(pk=workspace.id).limit_overrides == {}


def test_A10_staff_cannot_take_the_last_owner_out_either(staff, workspace, member):
    rows = members(workspace)
    form = workspace_form(workspace, rows, **{"memberships-0-DELETE": "on"})

    response = staff.post(change_page("workspace", workspace.id), form)

    assert "at least one owner" in response.content.decode()
    assert [row.role for row in members(workspace)] == [Role.OWNER, Role.EDITOR]


def test_staff_take_a_member_out(staff, workspace):
    make_member(workspace)
    rows = members(workspace)
    form = workspace_form(workspace, rows, **{"memberships-1-DELETE": "on"})

    staff.post(change_page("workspace", workspace.id), form)

    assert [row.role for row in members(workspace)] == [Role.OWNER]


def test_staff_make_a_workspace(staff, owner):
    form = {
        "name": "Ame\u0301lie",
        "plan": "free",
        "limit_overrides": "{}",
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0",
        "memberships-0-user": owner.id,
        "memberships-0-role": "owner",
    }

    assert staff.post(reverse("admin:accounts_workspace_add"), form).status_code == 302

    row = Workspace.objects.get()
    assert is_id(row.pk, "ws")
    assert row.name == "Am\u00e9lie"
    assert [m.user_id for m in Membership.objects.of(row.pk)] == [owner.id]


def test_staff_make_a_user_who_can_then_sign_in(staff):
    form = {
        "email": "Ada@Example.com",
        "display_name": "Ada",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }

    assert staff.post(reverse("admin:accounts_user_add"), form).status_code == 302

    user = User.objects.get(email="ada@example.com")
    assert is_id(user.pk, "usr")
    assert Client().login(username="ADA@example.com", password=PASSWORD)
    assert staff.get(reverse("admin:auth_user_password_change", args=[user.pk])).status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "root@EXAMPLE.com"),
        ("email", "x" * 10_000 + "@example.com"),
        ("email", "a\x00da@example.com"),
        ("display_name", "\u202eadA"),
        ("display_name", "x" * 10_000),
    ],
)
def test_A12_a_bad_user_form_is_shown_again(staff, field, value):
    form = {
        "email": "ada@example.com",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
        field: value,
    }

    response = staff.post(reverse("admin:accounts_user_add"), form)

    assert response.status_code == 200
    assert User.objects.count() == 1


@pytest.mark.parametrize("name", ["a\x00b@example.com", "x" * 10_000, "nobody@example.com"])
def test_A12_signing_in_with_odd_names_is_refused_quietly(db, name):
    response = Client().post("/admin/login/", {"username": name, "password": "x" * 1_000})

    assert response.status_code == 200
