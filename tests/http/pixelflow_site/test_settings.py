"""`/settings`: the own name, the look of the pages, and closing the account."""

import pytest
from django.test import Client

from accounts.api import Role, get_membership_role
from accounts.models import AuditEntry, User
from tests.factories import make_member, make_user


def signed_in(user) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user.id))
    return client


@pytest.fixture
def browser(owner, workspace) -> Client:
    """The owner's, signed in."""
    return signed_in(owner)


def row_of(user):
    return User.objects.get(pk=user.id)


@pytest.mark.parametrize("path", ["/settings", "/settings/appearance", "/settings/workspace"])
def test_the_pages_are_for_who_is_signed_in(browser, path):
    assert browser.get(path).status_code == 200
    assert Client().get(path).headers["Location"].startswith("/accounts/login/")


def test_the_pages_open_for_somebody_of_no_workspace(db):
    browser = signed_in(make_user())

    for path in ("/settings", "/settings/appearance", "/settings/workspace", "/workspaces/new"):
        assert browser.get(path).status_code == 200, path


def test_a12_a_name_is_kept_trimmed_and_in_nfc(browser, owner):
    answer = browser.post("/settings", {"displayName": "  Ame\u0301lie 👩‍🚀 "}, follow=True)

    assert row_of(owner).display_name == "Am\u00e9lie 👩‍🚀"
    assert "Your name is saved." in answer.content.decode()
    entry = AuditEntry.objects.filter(verb="rename", object_id=owner.id).get()
    assert (entry.before, entry.after) == ("A Person", "Am\u00e9lie 👩‍🚀")


@pytest.mark.parametrize(
    "name", ["a\0b", "x" * 101, "x" * 1_000_000, "\u202enimdA", "a\nb", "\u2066a"]
)
def test_a12_names_that_mislead_or_overflow_are_refused_beside_the_field(browser, owner, name):
    answer = browser.post("/settings", {"displayName": name})

    assert answer.status_code == 422
    assert 'id="id_displayName_error"' in answer.content.decode()
    assert row_of(owner).display_name == "A Person"


def test_a_name_may_be_left_empty(browser, owner):
    browser.post("/settings", {"displayName": ""})

    assert row_of(owner).display_name == ""


def test_a_name_is_shown_as_text(browser, workspace):
    browser.post("/settings", {"displayName": "<script>alert(1)</script>"})

    for path in ("/settings", "/team"):
        assert "<script>alert" not in browser.get(path).content.decode()


@pytest.mark.parametrize("theme", ["dark", "light", "system"])
def test_a_theme_is_kept_for_the_user(browser, owner, theme):
    answer = browser.post("/settings/appearance", {"theme": theme}, follow=True)

    assert row_of(owner).theme == theme
    assert answer.status_code == 200


@pytest.mark.parametrize("header", ["HX-Request", "X-CSRFToken"])
def test_a_script_is_answered_without_a_page_or_a_toast(browser, owner, header):
    answer = browser.post("/settings/appearance", {"theme": "dark"}, headers={header: "true"})

    assert (answer.status_code, answer.content) == (204, b"")
    assert row_of(owner).theme == "dark"
    assert "Saved." not in browser.get("/settings/appearance").content.decode()


@pytest.mark.parametrize("theme", ["", "blue", "dark\0"])
def test_an_unknown_theme_is_refused(browser, owner, theme):
    answer = browser.post("/settings/appearance", {"theme": theme})

    assert answer.status_code == 422
    assert row_of(owner).theme == "system"


def test_an_account_is_closed_once_its_address_was_typed(workspace, member):
    browser, other = signed_in(member), signed_in(member)

    wrong = browser.post("/settings/close", {"confirm": "somebody@example.com"})
    kept = row_of(member).is_active
    done = browser.post("/settings/close", {"confirm": member.email})

    assert wrong.status_code == 422
    assert kept
    assert done.headers["Location"] == "/"
    assert not row_of(member).is_active
    assert get_membership_role(workspace_id=workspace.id, user_id=member.id) is None
    for client in (browser, other):  # every session is dead, not only this one
        assert client.get("/settings").status_code == 302
    verbs = AuditEntry.objects.filter(object_id=member.id).values_list("verb", flat=True)
    assert {"leave", "close"} <= set(verbs)


def test_a10_the_last_owner_of_a_workspace_cannot_close_the_account(browser, owner, workspace):
    page = browser.get("/settings").content.decode()
    answer = browser.post("/settings/close", {"confirm": owner.email})

    assert workspace.name in page
    assert "Type owner@example.com" not in page  # the way out is shown in place of the form
    assert answer.status_code == 409
    assert row_of(owner).is_active


def test_a10_with_another_owner_the_account_can_be_closed(browser, owner, workspace):
    make_member(workspace, role=Role.OWNER)

    browser.post("/settings/close", {"confirm": owner.email})

    assert not row_of(owner).is_active


def test_t4_a_foreign_workspace_in_the_form_is_404_and_nothing_is_written(
    browser, owner, stranger_workspace
):
    for path, fields in (
        ("/settings", {"displayName": "New"}),
        ("/settings/appearance", {"theme": "dark"}),
        ("/settings/close", {"confirm": owner.email}),
    ):
        answer = browser.post(path, {**fields, "workspace": stranger_workspace.id})
        assert answer.status_code == 404, path

    row = row_of(owner)
    assert (row.display_name, row.theme, row.is_active) == ("A Person", "system", True)
