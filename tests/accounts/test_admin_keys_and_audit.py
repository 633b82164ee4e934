"""The staff's pages of keys and of the audit log, and what the log keeps of staff."""

import csv
import json

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import ApiKey, AuditEntry, Membership, User
from accounts.selectors import find_audit_breach, list_audit
from accounts.services.audit import PLATFORM
from accounts.types import Role
from common.ids import new_id
from tests.factories import make_key, make_member, make_user

PASSWORD = "correct horse battery"


@pytest.fixture
def root(db) -> User:
    """A superuser."""
    return User.objects.create_superuser("root@example.com", PASSWORD)


@pytest.fixture
def staff(root) -> Client:
    """The superuser's browser."""
    client = Client()
    client.force_login(root)
    return client


def page(model, *args, what="change"):
    return reverse(f"admin:accounts_{model}_{what}", args=args)


def key_form(**fields):
    return {"name": "Key", "monthly_cap": "", "workflows": "[]", "addresses": "[]", **fields}


def export(client, model, *pks):
    form = {"action": "export_csv", "_selected_action": pks}
    response = client.post(page(model, what="changelist"), form)
    assert response.headers["Content-Type"].startswith("text/csv")
    return list(csv.reader(response.getvalue().decode().splitlines(keepends=True)))


# --- keys


def test_staff_see_and_change_a_keys_restrictions(staff, root, workspace):
    key, workflow_id = make_key(workspace), new_id("wf")
    form = key_form(monthly_cap="500", workflows=f'["{workflow_id}"]', addresses='["10.0.0.7/8"]')

    assert staff.post(page("apikey", key.id), form).status_code == 302

    row = ApiKey.objects.of(workspace.id).get()
    assert (row.monthly_cap, row.workflows, row.addresses) == (500, [workflow_id], ["10.0.0.0/8"])
    shown = staff.get(page("apikey", key.id)).content.decode()
    assert workflow_id in shown
    assert "10.0.0.0/8" in shown
    entry = list_audit(workspace.id)[0]
    assert (entry.actor, entry.via, entry.verb) == (f"staff:{root.pk}", "staff", "change")
    assert entry.after["monthlyCap"] == 500


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("monthly_cap", "-1"),
        ("monthly_cap", "many"),
        ("workflows", '["wf_1"]'),
        ("workflows", '{"a": 1}'),
        ("workflows", "[1]"),
        ("addresses", '["nowhere"]'),
        ("addresses", "["),
        ("name", ""),
        ("name", "\u202eyeK"),
    ],
)
def test_a_bad_form_of_a_key_is_shown_again(staff, workspace, field, value):
    key = make_key(workspace)
    before = ApiKey.objects.of(workspace.id).values().get()

    response = staff.post(page("apikey", key.id), key_form(**{field: value}))

    assert response.status_code == 200
    assert "errornote" in response.content.decode()
    assert ApiKey.objects.of(workspace.id).values().get() == before


def test_nothing_else_of_a_key_is_changed_by_form(staff, workspace):
    key = make_key(workspace)
    before = ApiKey.objects.of(workspace.id).values().get()
    crafted = key_form(
        name="Test key", mode="test", scopes='["read"]', digest="0", public_id="0", revoked_at=""
    )

    staff.post(page("apikey", key.id), crafted)

    assert ApiKey.objects.of(workspace.id).values().get() == before


def test_D3_D5_the_list_of_keys_as_a_file_holds_no_secret_and_no_formula(staff, workspace):
    key = make_key(workspace)
    rows = ApiKey.objects.of(workspace.id)
    rows.update(name="=HYPERLINK(1)")

    lines = export(staff, "apikey", key.id)

    assert "digest" not in lines[0]
    assert dict(zip(*lines, strict=True))["name"] == "'=HYPERLINK(1)"
    assert rows.get().digest not in str(lines)
    assert key.secret not in str(lines)


# --- the log


def test_D2_the_log_is_there_to_be_looked_at(staff, workspace):
    entry = AuditEntry.objects.get(workspace_id=workspace.id, number=1)
    before = AuditEntry.objects.count()

    assert (
        workspace.id
        in staff.get(
            page("auditentry", what="changelist"), {"q": workspace.id.upper()}
        ).content.decode()
    )
    assert staff.get(page("auditentry", entry.pk)).status_code == 200
    assert staff.post(page("auditentry", entry.pk), {"actor": "x"}).status_code == 403
    assert (
        staff.post(page("auditentry", entry.pk, what="delete"), {"post": "yes"}).status_code == 403
    )
    assert staff.get(page("auditentry", what="add")).status_code == 403
    staff.post(
        page("auditentry", what="changelist"),
        {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"},
    )
    assert AuditEntry.objects.count() == before
    assert AuditEntry.objects.get(pk=entry.pk).actor == entry.actor


def test_the_log_is_searched_by_whole_ids_only(staff, workspace):
    listed = staff.get(page("auditentry", what="changelist"), {"q": workspace.id[:-1]})

    assert "0 audit entries" in listed.content.decode()


def test_the_log_as_a_file(staff, workspace):
    entry = AuditEntry.objects.get(workspace_id=workspace.id, number=1)

    head, line = export(staff, "auditentry", entry.pk)

    found = dict(zip(head, line, strict=True))
    assert (found["workspace_id"], found["digest"]) == (workspace.id, entry.digest)


def test_who_may_not_look_at_the_log_exports_nothing(workspace):
    clerk = User.objects.create_user("clerk@example.com", PASSWORD, is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_apikey"))
    client = Client()
    client.force_login(clerk)

    assert client.get(page("auditentry", what="changelist")).status_code == 403
    assert (
        client.post(page("auditentry", what="changelist"), {"action": "export_csv"}).status_code
        == 403
    )


# --- what staff do


def membership_form(workspace, *rows, **fields):
    """What the workspace's page posts; a row without a key is a new one."""
    form = {
        "name": workspace.name,
        "plan": workspace.plan,
        "limit_overrides": json.dumps(workspace.limit_overrides),
        "memberships-TOTAL_FORMS": str(len(rows)),
        "memberships-INITIAL_FORMS": str(sum(row.pk is not None for row in rows)),
        **fields,
    }
    for index, row in enumerate(rows):
        form[f"memberships-{index}-id"] = str(row.pk or "")
        form[f"memberships-{index}-workspace"] = workspace.id
        form[f"memberships-{index}-user"] = row.user_id
        form.setdefault(f"memberships-{index}-role", row.role)
    return form


def test_what_staff_do_to_a_workspace_is_in_its_log(staff, root, workspace):
    changed, gone, new = make_member(workspace), make_member(workspace), make_user()
    rows = [
        *Membership.objects.of(workspace.id).order_by("pk"),
        Membership(workspace_id=workspace.id, user_id=new.id, role=Role.VIEWER),
    ]
    form = membership_form(
        workspace, *rows,
        **{"name": "Renamed", "memberships-1-role": "admin", "memberships-2-DELETE": "on"},
    )  # fmt: skip
    before = list_audit(workspace.id, limit=1)[0].number

    assert staff.post(page("workspace", workspace.id), form).status_code == 302

    log = [entry for entry in list_audit(workspace.id) if entry.number > before]
    assert {entry.actor for entry in log} == {f"staff:{root.pk}"}
    told = {(entry.verb, entry.object_id): (entry.before, entry.after) for entry in log}
    assert told == {
        ("change", workspace.id): ({"name": "Studio"}, {"name": "Renamed"}),
        ("add", new.id): (None, "viewer"),
        ("change_role", changed.id): ("editor", "admin"),
        ("remove", gone.id): ("editor", None),
    }
    assert find_audit_breach(workspace.id) is None


def test_a_page_that_changes_nothing_leaves_no_trace(staff, workspace):
    rows = list(Membership.objects.of(workspace.id))
    form = membership_form(workspace, *rows)
    before = len(list_audit(workspace.id))

    assert staff.post(page("workspace", workspace.id), form).status_code == 302

    assert len(list_audit(workspace.id)) == before


def test_who_is_made_staff_is_in_the_platforms_log(staff, root):
    user = make_user()
    form = {"email": user.email, "display_name": "A Person", "is_active": "on", "is_staff": "on"}

    assert staff.post(page("user", user.id), form).status_code == 302

    entry = list_audit(PLATFORM)[0]
    assert (entry.actor, entry.verb, entry.object_id) == (f"staff:{root.pk}", "change", user.id)
    assert (entry.before, entry.after) == ({"is_staff": False}, {"is_staff": True})


def test_a_password_that_staff_set_is_told_of_without_it(staff, root):
    user = make_user()
    form = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}

    response = staff.post(reverse("admin:auth_user_password_change", args=[user.id]), form)

    entry = list_audit(PLATFORM)[0]
    assert response.status_code == 302
    assert (entry.verb, entry.object_id, entry.after) == ("set_password", user.id, None)


def test_a_user_that_staff_made_is_in_the_log_without_a_password(staff):
    form = {
        "email": "ada@example.com", "display_name": "Ada", "usable_password": "true",
        "password1": PASSWORD, "password2": PASSWORD,
    }  # fmt: skip

    staff.post(page("user", what="add"), form)

    entry = list_audit(PLATFORM)[0]
    assert (entry.verb, entry.after["email"]) == ("create", "ada@example.com")
    assert PASSWORD not in str(entry)
