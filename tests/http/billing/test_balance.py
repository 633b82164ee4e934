"""`GET /usage/balance`: credits, plan and limits."""

from datetime import timedelta

import pytest

from accounts.api import SYSTEM_ACTOR, create_workspace, override_limits
from accounts.models import Workspace
from billing.api import RunRequest, forget_limits, get_balance, reserve_run
from billing.models import Account, Grant, LedgerEntry
from billing.services.accounts import open_account
from billing.services.grants import NewGrant, add_grant
from billing.types import GrantKind
from common.clock import rfc3339, utc_now
from tests.client import ApiClient
from tests.factories import make_key, make_workspace

FREE = {
    "requestsPerMinute": 10,
    "executionsPerMinute": 10,
    "executionsPerDay": 50,
    "runningAtOnce": 2,
    "retentionDays": 7,
    "seats": 1,
}


@pytest.fixture(autouse=True)
def _fresh_limits():
    forget_limits()
    yield
    forget_limits()


@pytest.fixture
def workspace(owner):
    """A workspace with the limits of its plan."""
    return make_workspace(owner=owner, limits={})


def test_a_balance_is_what_is_available_and_what_is_held(api, workspace):
    run = RunRequest(workspace.id, "exec_1", "live", 30_000, "key:key_1")
    reserve_run(run, now=utc_now())

    response = api.get("/usage/balance")

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json() == {
        "balance": 100_000,
        "held": 30_000,
        "available": 70_000,
        "plan": "free",
        "limits": FREE,
        "renewsAt": rfc3339(get_balance(workspace.id).renews_at),
    }


def test_a_workspace_whose_account_was_never_opened_shows_its_plan(db):
    made = create_workspace(actor=SYSTEM_ACTOR, name="New", owner_email="new@example.com")
    api = ApiClient(make_key(made).secret)

    first, second = api.get("/usage/balance").json(), api.get("/usage/balance").json()

    assert first == second
    assert (first["balance"], first["held"], first["available"]) == (1_000, 0, 1_000)
    assert first["renewsAt"] == rfc3339(Account.objects.get(pk=made.id).renews_at)
    assert first["renewsAt"] > rfc3339(utc_now() + timedelta(days=27))


def test_credits_that_have_expired_are_gone(api, workspace):
    now = utc_now()
    month = NewGrant("old", GrantKind.PLAN, 500, expires_at=now + timedelta(minutes=1))
    add_grant(workspace_id=workspace.id, grant=month, actor="system", now=now)
    with_them = api.get("/usage/balance").json()["balance"]
    past = now - timedelta(seconds=1)
    Account.objects.filter(pk=workspace.id).update(next_expiry_at=past)
    Grant.objects.of(workspace.id).filter(key="old").update(expires_at=past)

    after = api.get("/usage/balance").json()

    assert (with_them, after["balance"], after["available"]) == (100_500, 100_000, 100_000)
    assert LedgerEntry.objects.of(workspace.id).filter(type="expire").exists()


def test_the_credits_of_a_new_month_are_there_once_it_begins(db):
    made = create_workspace(actor=SYSTEM_ACTOR, name="New", owner_email="new@example.com")
    open_account(workspace_id=made.id, now=utc_now() - timedelta(days=40))

    answer = ApiClient(make_key(made).secret).get("/usage/balance").json()

    assert answer["balance"] == 1_000
    assert answer["renewsAt"] > rfc3339(utc_now() + timedelta(days=15))
    expired = LedgerEntry.objects.of(made.id).filter(type="expire", account="available")
    assert list(expired.values_list("amount", flat=True)) == [-1_000]


def test_limits_are_those_of_the_plan_with_the_workspaces_own_over_them(api, workspace):
    Workspace.objects.filter(pk=workspace.id).update(plan="enterprise")
    own = {"runningAtOnce": 70, "seats": 12}
    override_limits(actor=SYSTEM_ACTOR, workspace_id=workspace.id, limits=own)

    answer = api.get("/usage/balance").json()

    assert answer["plan"] == "enterprise"
    assert answer["limits"] == {
        "requestsPerMinute": 600,
        "executionsPerMinute": 10,
        "executionsPerDay": None,
        "runningAtOnce": 70,
        "retentionDays": 365,
        "seats": 12,
    }


def test_another_workspace_sees_its_own(api, workspace, stranger_key):
    reserve_run(RunRequest(workspace.id, "exec_1", "live", 99_999, "key:key_1"), now=utc_now())

    assert api.get("/usage/balance").json()["available"] == 1
    assert api.with_key(stranger_key).get("/usage/balance").json()["available"] == 100_000


def test_a_test_key_sees_the_same_credits(workspace):
    api = ApiClient(make_key(workspace, mode="test").secret)

    assert api.get("/usage/balance").json()["balance"] == 100_000
