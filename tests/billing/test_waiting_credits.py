"""A13: the plan's credits of who signed up come with the verified address, once for each mailbox."""

from datetime import timedelta

import pytest

from accounts.api import SYSTEM_ACTOR
from billing.api import (
    count_imbalances,
    get_balance,
    get_waiting_credits,
    open_workspace,
    refresh_account,
    release_plan_credits,
    renew_due,
)
from billing.models import Account, Plan
from billing.services.plans import change_plan
from common.clock import utc_now
from tests.factories import make_user

MAILBOX = "ana@example.com"
ANA = "usr_ana"


@pytest.fixture
def monthly(db) -> int:
    return Plan.objects.get(pk="free").monthly_credits


@pytest.fixture
def waiting(db) -> str:
    return open_waiting()


def open_waiting() -> str:
    workspace = open_workspace(
        actor=SYSTEM_ACTOR, name="Ana's", owner_email=make_user().email, is_waiting=True
    )
    return workspace.id


def credits_of(workspace_id: str) -> int:
    return get_balance(workspace_id).available


def test_a13_a_waiting_workspace_has_nothing_and_gets_nothing_as_months_go_by(
    waiting, monthly
) -> None:
    later = utc_now() + timedelta(days=40)

    refresh_account(workspace_id=waiting, now=later)
    renew_due(now=later)

    assert credits_of(waiting) == 0
    assert get_waiting_credits(waiting) == monthly > 0


def test_a13_the_verified_address_brings_the_months(waiting, monthly) -> None:
    assert release_plan_credits(workspace_id=waiting, mailbox=MAILBOX, owner_id=ANA)
    assert credits_of(waiting) == monthly

    renew_due(now=utc_now() + timedelta(days=40))

    renews_at = Account.objects.get(pk=waiting).renews_at
    assert renews_at is not None
    assert renews_at > utc_now() + timedelta(days=40)
    assert get_waiting_credits(waiting) == 0
    assert count_imbalances() == 0


def test_a13_a_second_call_brings_nothing_more(waiting, monthly) -> None:
    release_plan_credits(workspace_id=waiting, mailbox=MAILBOX, owner_id=ANA)

    assert not release_plan_credits(workspace_id=waiting, mailbox=MAILBOX, owner_id=ANA)
    assert credits_of(waiting) == monthly


def test_a13_a_mailbox_is_good_for_one_workspace(waiting) -> None:
    release_plan_credits(workspace_id=waiting, mailbox=MAILBOX, owner_id=ANA)
    second = open_waiting()

    assert not release_plan_credits(workspace_id=second, mailbox=MAILBOX, owner_id=ANA)

    renew_due(now=utc_now() + timedelta(days=40))
    assert credits_of(second) == 0
    assert count_imbalances() == 0


def test_a13_another_mailbox_of_the_same_person_is_good_for_nothing_more(waiting) -> None:
    release_plan_credits(workspace_id=waiting, mailbox=MAILBOX, owner_id=ANA)
    second = open_waiting()

    assert not release_plan_credits(workspace_id=second, mailbox="ana@example.net", owner_id=ANA)

    assert credits_of(second) == 0
    assert count_imbalances() == 0


def test_a_workspace_that_waits_for_nothing_is_left_as_it_is(db, monthly) -> None:
    made = open_workspace(actor=SYSTEM_ACTOR, name="Made", owner_email=make_user().email)

    assert not release_plan_credits(workspace_id=made.id, mailbox=MAILBOX, owner_id=ANA)
    assert credits_of(made.id) == monthly
    assert get_waiting_credits(made.id) == 0


def test_staff_who_choose_a_plan_vouch_for_the_workspace(waiting) -> None:
    change_plan(actor=SYSTEM_ACTOR, workspace_id=waiting, plan_key="pro")
    had = credits_of(waiting)

    assert renew_due(now=utc_now() + timedelta(days=40)) >= 1
    assert had > 0
    assert get_waiting_credits(waiting) == 0
