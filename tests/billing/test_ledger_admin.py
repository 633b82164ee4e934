"""The staff's view of credits: to look at, but for adjustments (D2)."""

import pytest
from django.test import Client

from accounts.api import SYSTEM_ACTOR
from accounts.models import AuditEntry, User
from accounts.services.workspaces import create_workspace
from billing.models import Account, Adjustment, Grant, LedgerEntry
from billing.selectors.balances import get_balance

PAGES = ("ledgerentry", "grant", "account")


def staff_client(name):
    client = Client()
    client.force_login(User.objects.create_superuser(f"{name}@example.com", "a-long-secret"))
    return client


@pytest.fixture
def staff(db):
    return staff_client("anna")


@pytest.fixture
def rows(workspace):
    """A row of each page."""
    return {
        "ledgerentry": LedgerEntry.objects.of(workspace.id).first(),
        "grant": Grant.objects.of(workspace.id).get(),
        "account": Account.objects.get(pk=workspace.id),
    }


@pytest.mark.parametrize("page", PAGES)
def test_rows_are_listed_and_shown(staff, rows, workspace, page):
    listed = staff.get(f"/admin/billing/{page}/?q={workspace.id}")
    shown = staff.get(f"/admin/billing/{page}/{rows[page].pk}/change/")

    assert (listed.status_code, shown.status_code) == (200, 200)
    assert workspace.id in listed.content.decode()


def test_an_account_shows_its_grants_and_what_happened_last(staff, workspace, rows):
    page = staff.get(f"/admin/billing/account/{workspace.id}/change/").content.decode()

    assert "100000" in page
    assert "+100,000" in page
    assert "Opening balance" in page
    assert f"/admin/billing/adjustment/add/?workspace={workspace.id}" in page


@pytest.mark.parametrize("page", PAGES)
def test_d2_nothing_can_be_added_changed_or_deleted(staff, rows, page):
    base, row = f"/admin/billing/{page}", rows[page]
    before = type(row)._base_manager.values().get(pk=row.pk)
    bulk = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}

    statuses = [
        staff.get(f"{base}/add/").status_code,
        staff.post(f"{base}/add/", {"amount": "1"}).status_code,
        staff.post(f"{base}/{row.pk}/change/", {"amount": "1"}).status_code,
        staff.post(f"{base}/{row.pk}/delete/", {"post": "yes"}).status_code,
        staff.post(f"{base}/", bulk).status_code,
        staff.post(f"{base}/", {"form-0-amount": "1", "_save": "Save", **bulk}).status_code,
    ]

    assert statuses == [403] * 6
    assert type(row)._base_manager.values().get(pk=row.pk) == before


def adjust(staff, workspace, amount, reason="Sorry"):
    fields = {"workspace": workspace.id, "amount": amount, "reason": reason}
    return staff.post("/admin/billing/adjustment/add/", fields, follow=True)


def test_staff_adjust_credits_with_a_reason(staff, workspace):
    answer = adjust(staff, workspace, "500")

    assert answer.status_code == 200
    assert get_balance(workspace.id).available == 100_500
    assert Adjustment.objects.of(workspace.id).get().reason == "Sorry"
    assert AuditEntry.objects.filter(object_type="adjustment").count() == 1


def test_a_workspace_that_never_ran_anything_can_be_given_credits(staff, owner):
    bare = create_workspace(
        actor=SYSTEM_ACTOR, name="Bare", owner_email=owner.email, plan="free"
    )  # as the admin makes one: without an account

    adjust(staff, bare, "500")

    assert get_balance(bare.id).available == 1_500  # with those of its plan


@pytest.mark.parametrize("amount", ["0", "9007199254740993", "-9007199254740993"])
def test_s14_an_amount_is_refused_at_its_field(staff, workspace, amount):
    page = adjust(staff, workspace, amount).content.decode()

    assert "Give a number other than 0, up to 9,007,199,254,740,992 either way." in page
    assert 'value="Sorry"' in page  # the rest stays as it was written


@pytest.mark.parametrize(
    ("amount", "reason"),
    [("1.5", "x"), ("0", "x"), ("", "x"), ("1e3", "x"), ("9007199254740993", "x"), ("5", " ")],
)
def test_s14_figures_that_are_no_whole_credits_are_refused(staff, workspace, amount, reason):
    answer = adjust(staff, workspace, amount, reason)

    assert answer.status_code == 200
    assert not Adjustment.objects.of(workspace.id).exists()
    assert get_balance(workspace.id).available == 100_000


def decide(client, action, adjustment):
    chosen = {"action": action, "_selected_action": adjustment.pk}
    return client.post("/admin/billing/adjustment/", chosen, follow=True)


@pytest.mark.parametrize(("action", "after"), [("approve", 300_000), ("refuse", 100_000)])
def test_many_credits_are_decided_by_somebody_else(staff, workspace, action, after):
    adjust(staff, workspace, "200000")
    waiting = Adjustment.objects.of(workspace.id).get()

    own = decide(staff, action, waiting).content.decode()
    between = get_balance(workspace.id).available
    decide(staff_client("bert"), action, waiting)

    assert "Somebody else has to decide" in own
    assert between == 100_000
    assert get_balance(workspace.id).available == after


def test_d2_an_adjustment_is_not_changed_by_form(staff, workspace):
    adjust(staff, workspace, "200000")
    waiting = Adjustment.objects.of(workspace.id).get()

    answer = staff.post(f"/admin/billing/adjustment/{waiting.pk}/change/", {"amount": "1"})

    assert answer.status_code == 403
    assert Adjustment.objects.of(workspace.id).get().amount == 200_000
