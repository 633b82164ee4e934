"""The staff's pages of plans, packs and usage."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.api import get_workspace
from accounts.models import AuditEntry, User
from billing.api import forget_limits, get_limits
from billing.models import CreditPack, Plan, UsageDay
from common.clock import utc_now
from executor.services.usage import count_usage
from tests.billing.usage_rows import ended
from tests.factories import make_workspace

PLANS = "admin:billing_plan_changelist"
FIGURES = {
    "name": "Gold",
    "position": "7",
    "is_offered": "on",
    "monthly_credits": "70000",
    "price_cents": "9900",
    "requests_per_minute": "90",
    "executions_per_minute": "20",
    "executions_per_day": "",
    "running_at_once": "25",
    "retention_days": "180",
    "seats": "",
    "stripe_price_id": "",
}


@pytest.fixture
def staff(db) -> Iterator[Client]:
    """A signed-in superuser's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com", "correct horse battery"))
    forget_limits()
    yield client
    forget_limits()


@pytest.fixture
def workspace(owner):
    """A workspace with the limits of its plan."""
    return make_workspace(owner=owner, limits={})


def save(client, page, *args, **fields):
    return client.post(reverse(page, args=args), {**FIGURES, **fields})


def put(client, workspace_id, *plans):
    """Use the action that puts a workspace on a plan; returns what the page says."""
    form = {"action": "put_workspace", "workspace_id": workspace_id, "_selected_action": plans}
    return client.post(reverse(PLANS), form, follow=True).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_figure_that_staff_change_counts_here_at_once_and_is_in_the_audit_log(staff, workspace):
    assert get_limits(workspace.id).seats == 1

    response = save(staff, "admin:billing_plan_change", "free", name="Free", seats="4")

    assert response.status_code == 302
    limits = get_limits(workspace.id)
    assert (limits.seats, limits.executions_per_day, limits.retention_days) == (4, None, 180)
    entry = AuditEntry.objects.get(object_type="plan")
    assert (entry.verb, entry.object_id, entry.workspace_id) == ("change", "free", "")
    assert (entry.before["seats"], entry.after["seats"]) == (1, 4)
    assert (entry.before["executions_per_day"], entry.after["executions_per_day"]) == (50, None)
    assert entry.actor.startswith("staff:usr_")


def test_staff_add_a_plan(staff):
    assert save(staff, "admin:billing_plan_add", key="gold").status_code == 302

    plan = Plan.objects.get(pk="gold")
    assert (plan.monthly_credits, plan.executions_per_day, plan.stripe_price_id) == (
        70_000,
        None,
        None,
    )
    entry = AuditEntry.objects.get(object_type="plan")
    assert (entry.verb, entry.before, entry.after["key"]) == ("create", None, "gold")


@pytest.mark.parametrize("key", ["Gold", "g-old", "", "9lives", "ünion", "free"])
def test_a_plan_that_no_workspace_could_name_is_refused(staff, key):
    before = list(Plan.objects.values())

    assert save(staff, "admin:billing_plan_add", key=key).status_code == 200

    assert list(Plan.objects.values()) == before


@pytest.mark.parametrize(
    ("field", "figure"),
    [
        ("monthly_credits", "-1"),
        ("monthly_credits", str(2**53 + 1)),
        ("price_cents", "-1"),
        ("requests_per_minute", "0"),
        ("requests_per_minute", ""),
        ("executions_per_minute", "-5"),
        ("executions_per_day", "0"),
        ("running_at_once", "0"),
        ("retention_days", str(2**31)),
        ("retention_days", "99999999999999999999999999"),
        ("seats", "0"),
        ("seats", "many"),
    ],
)
def test_figures_out_of_range_are_refused_at_their_field(staff, field, figure):
    response = save(staff, "admin:billing_plan_change", "pro", **{field: figure})

    assert response.status_code == 200
    assert field in response.context["adminform"].form.errors
    assert Plan.objects.get(pk="pro").name == "Pro"


def test_the_key_of_a_plan_stays_and_no_plan_is_deleted(staff):
    save(staff, "admin:billing_plan_change", "pro", key="other", name="Pro!")

    assert Plan.objects.get(pk="pro").name == "Pro!"
    assert not Plan.objects.filter(pk="other").exists()
    assert staff.post(reverse("admin:billing_plan_delete", args=["pro"])).status_code == 403


def test_staff_change_packs(staff):
    pack = {"credits": "0", "price_cents": "500", "position": "0", "stripe_price_id": "price_1"}
    page = reverse("admin:billing_creditpack_change", args=["credits-5000"])

    refused = staff.post(page, pack)
    taken = staff.post(page, {**pack, "credits": "6000"})

    assert "credits" in refused.context["adminform"].form.errors
    assert taken.status_code == 302
    row = CreditPack.objects.get(pk="credits-5000")
    assert (row.credits, row.is_offered, row.stripe_price_id) == (6_000, False, "price_1")
    assert AuditEntry.objects.get(object_type="credit_pack").after["credits"] == 6_000


def test_staff_put_a_workspace_on_a_plan(staff, workspace):
    assert "is on pro" in put(staff, f" {workspace.id} ", "pro")
    assert "was already on pro" in put(staff, workspace.id, "pro")

    assert get_workspace(workspace.id).plan == "pro"
    entry = AuditEntry.objects.get(workspace_id=workspace.id, verb="change_plan")
    assert entry.after == "pro"


def test_a_workspace_is_put_on_one_plan_that_is_named(staff, workspace):
    assert "Select one plan" in put(staff, workspace.id, "pro", "free")
    assert "Select one plan" in put(staff, "", "pro")
    assert "pro." not in put(staff, "ws_nobody", "pro")

    assert get_workspace(workspace.id).plan == "free"


def test_who_may_look_at_plans_may_not_put_workspaces_on_them(workspace, db):
    user = User.objects.create_user("eye@example.com", "correct horse battery", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_plan"))
    client = Client()
    client.force_login(user)

    put(client, workspace.id, "pro")

    assert client.get(reverse(PLANS)).status_code == 200
    assert get_workspace(workspace.id).plan == "free"
    assert save(client, "admin:billing_plan_change", "pro").status_code == 403


def test_counters_are_there_to_be_looked_at(staff, workspace, stranger_workspace):
    for owner in (workspace, stranger_workspace):
        ended(owner, workflow_id=f"wf_of_{owner.name}", charged_credits=3)
    count_usage()
    page = reverse("admin:billing_usageday_changelist")

    shown = staff.get(page, {"q": workspace.id}).content.decode()

    assert "wf_of_Studio" in shown
    assert "wf_of_Elsewhere" not in shown
    row = UsageDay.objects.of(workspace.id).get()
    change = reverse("admin:billing_usageday_change", args=[row.pk])
    staff.post(change, {"credits": "9"})
    assert UsageDay.objects.of(workspace.id).get().credits == 3
    assert row.day - utc_now().date() < timedelta(days=1)
