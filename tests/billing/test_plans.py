"""Plans are rows: what they allow, who may have more, and going from one to another."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.api import (
    SYSTEM_ACTOR,
    Actor,
    RoleTooLow,
    WorkspaceNotFound,
    get_workspace,
    override_limits,
)
from accounts.models import AuditEntry, Workspace
from billing.api import forget_limits, get_limits, limits_of
from billing.models import Account, Grant, Plan, Subscription
from billing.selectors.limits import TTL_S, LimitsCache
from billing.services.plans import change_plan
from common.clock import FixedClock, utc_now
from common.errors import Conflict, InvalidInputs
from executor.services.retention import purge_expired
from tests.billing.usage_rows import ended
from tests.factories import as_actor, make_workspace

STAFF = Actor("staff", "usr_staff")


@pytest.fixture(autouse=True)
def _fresh_limits():
    forget_limits()
    yield
    forget_limits()


@pytest.fixture
def workspace(owner):
    """A workspace with the limits of its plan."""
    return make_workspace(owner=owner, limits={})


class Seconds:
    """A process's monotonic clock, held still."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def queries_of(work) -> int:
    """How many statements a function makes."""
    with CaptureQueriesContext(connection) as queries:
        work()
    return len(queries)


def new_workspace(plan="free"):
    """A workspace with its plan's credits of the month."""
    workspace = make_workspace(plan=plan, credits=0, limits={})
    Account.objects.filter(pk=workspace.id).delete()
    return workspace


def plan_credits(workspace) -> int:
    """What plans have brought a workspace in all."""
    rows = Grant.objects.of(workspace.id).filter(kind="plan")
    return sum(rows.values_list("amount", flat=True))


def available(workspace) -> int:
    """What a new run of a workspace may cost."""
    return Account.objects.get(pk=workspace.id).available


# --- limits


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("plan", "figures"),
    [
        ("free", (10, 10, 50, 2, 7, 1)),
        ("starter", (30, 10, 200, 5, 30, 3)),
        ("pro", (60, 10, 1_000, 20, 90, 10)),
        ("enterprise", (600, 10, None, 20, 365, None)),
    ],
)
def test_the_first_plans_allow_what_is_published(plan, figures):
    limits = get_limits(make_workspace(plan=plan, limits={}).id)

    assert (
        limits.requests_per_minute,
        limits.executions_per_minute,
        limits.executions_per_day,
        limits.running_at_once,
        limits.retention_days,
        limits.seats,
    ) == figures


@pytest.mark.django_db
def test_a_plan_that_is_unknown_allows_what_free_does(workspace):
    Workspace.objects.filter(pk=workspace.id).update(plan="bygone")

    assert get_limits(workspace.id) == get_limits(make_workspace(limits={}).id)
    assert get_limits("ws_nobody") == get_limits(workspace.id)


@pytest.mark.django_db
def test_a_workspace_may_have_limits_of_its_own(workspace):
    own = {"executionsPerDay": None, "seats": 40, "retentionDays": 12, "runningAtOnce": 9}
    override_limits(actor=STAFF, workspace_id=workspace.id, limits=own)

    limits = get_limits(workspace.id)

    assert (limits.executions_per_day, limits.seats) == (None, 40)
    assert (limits.retention_days, limits.running_at_once) == (12, 9)
    assert limits.requests_per_minute == 10


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("concurrent", 3),
        ("requestsPerMinute", 0),
        ("requestsPerMinute", None),
        ("runningAtOnce", None),
        ("retentionDays", None),
        ("executionsPerDay", -1),
        ("seats", 2**31),
        ("seats", True),
        ("seats", 1.5),
        ("seats", "4"),
    ],
)
def test_limits_that_are_none_are_refused(workspace, name, figure):
    with pytest.raises(InvalidInputs) as refused:
        override_limits(actor=STAFF, workspace_id=workspace.id, limits={name: figure})

    assert refused.value.issues[0].path == f"/limits/{name}"
    assert get_workspace(workspace.id).limit_overrides == {}


@pytest.mark.django_db
def test_what_old_rows_hold_and_nobody_knows_is_passed_over(workspace):
    usual = get_limits(workspace.id)
    odd = {"concurrent": 9, "seats": "many", "runningAtOnce": None, "retentionDays": 0}
    Workspace.objects.filter(pk=workspace.id).update(limit_overrides=odd)
    forget_limits()

    assert get_limits(workspace.id) == usual


@pytest.mark.django_db
def test_a_workspace_that_is_known_costs_no_query_and_another_one(workspace, stranger_workspace):
    get_limits(workspace.id)

    assert queries_of(lambda: get_limits(workspace.id)) == 0
    assert queries_of(lambda: get_limits(stranger_workspace.id)) == 1
    assert queries_of(lambda: limits_of(workspace)) == 0


@pytest.mark.django_db
def test_every_figure_counts_everywhere_after_five_seconds(workspace):
    seconds = Seconds()
    elsewhere = LimitsCache(monotonic=seconds)
    before = elsewhere.of(workspace.id)
    seconds.now += 2
    elsewhere.of(make_workspace().id)  # plans are as fresh for this one as they were read

    Plan.objects.filter(pk="free").update(requests_per_minute=11, retention_days=8)
    override_limits(actor=STAFF, workspace_id=workspace.id, limits={"seats": 5})
    seconds.now += TTL_S - 2.1
    still = elsewhere.of(workspace.id)
    seconds.now += 0.1
    after = elsewhere.of(workspace.id)

    assert still == before
    assert (after.requests_per_minute, after.retention_days, after.seats) == (11, 8, 5)


@pytest.mark.django_db
def test_runs_are_kept_for_as_long_as_the_plan_says(workspace):
    eight_days_ago = utc_now() - timedelta(days=8)
    for owner in (workspace, make_workspace(plan="starter")):
        ended(owner, created_at=eight_days_ago, finished_at=eight_days_ago)

    assert purge_expired(clock=FixedClock(utc_now())).runs == 0  # ids are too young for it
    assert purge_expired(clock=FixedClock(utc_now() + timedelta(days=8))).runs == 1


# --- changing plans


@pytest.mark.django_db
def test_another_plan_brings_its_limits_and_its_credits_of_the_month():
    workspace = new_workspace()

    assert change_plan(actor=STAFF, workspace_id=workspace.id, plan_key="pro")

    assert get_workspace(workspace.id).plan == "pro"
    assert get_limits(workspace.id).seats == 10
    assert available(workspace) == plan_credits(workspace) == 50_000


@pytest.mark.django_db(transaction=True)
def test_the_limits_of_another_plan_count_here_at_once():
    workspace = new_workspace()
    get_limits(workspace.id)

    change_plan(actor=STAFF, workspace_id=workspace.id, plan_key="pro")

    assert get_limits(workspace.id).seats == 10


@pytest.mark.django_db
def test_going_to_and_fro_brings_no_more_than_the_dearest_plan_of_the_month():
    workspace = new_workspace()

    for plan in ("starter", "free", "pro", "starter", "pro", "free", "starter", "pro"):
        change_plan(actor=STAFF, workspace_id=workspace.id, plan_key=plan)

    assert available(workspace) == plan_credits(workspace) == 50_000


@pytest.mark.django_db
def test_going_down_takes_nothing_away():
    workspace = new_workspace(plan="pro")

    change_plan(actor=STAFF, workspace_id=workspace.id, plan_key="free")

    assert available(workspace) == 50_000


@pytest.mark.django_db
def test_the_month_that_is_under_way_goes_on():
    workspace = new_workspace()
    change_plan(actor=STAFF, workspace_id=workspace.id, plan_key="starter")
    renews_at = Account.objects.get(pk=workspace.id).renews_at

    later = FixedClock(utc_now() + timedelta(days=10))
    change_plan(actor=STAFF, workspace_id=workspace.id, plan_key="pro", clock=later)

    assert Account.objects.get(pk=workspace.id).renews_at == renews_at
    expiries = Grant.objects.of(workspace.id).values_list("expires_at", flat=True)
    assert set(expiries) == {renews_at}


@pytest.mark.django_db
@pytest.mark.parametrize("days", [0, 400])
def test_where_no_month_is_under_way_one_begins(workspace, days):
    clock = FixedClock(utc_now() + timedelta(days=days))
    if days:
        Account.objects.filter(pk=workspace.id).update(renews_at=utc_now())

    change_plan(actor=STAFF, workspace_id=workspace.id, plan_key="pro", clock=clock)

    assert plan_credits(workspace) == 50_000
    assert available(workspace) == 150_000
    renews_at = Account.objects.get(pk=workspace.id).renews_at
    assert renews_at is not None
    assert renews_at > clock.now() + timedelta(days=27)


@pytest.mark.django_db
def test_the_same_plan_again_is_no_change(workspace):
    assert not change_plan(actor=STAFF, workspace_id=workspace.id, plan_key="free")

    assert available(workspace) == 100_000
    assert not AuditEntry.objects.filter(verb="change_plan").exists()


@pytest.mark.django_db
def test_a_change_of_plan_is_in_the_audit_log(workspace):
    change_plan(actor=STAFF, workspace_id=workspace.id, plan_key="pro")

    entry = AuditEntry.objects.get(workspace_id=workspace.id, verb="change_plan")
    assert (entry.actor, entry.object_type, entry.object_id) == (
        "staff:usr_staff",
        "workspace",
        workspace.id,
    )
    assert (entry.before, entry.after) == ("free", "pro")


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["active", "trialing", "past_due"])
def test_a_plan_that_a_subscription_decides_is_not_changed_by_hand(workspace, status):
    Subscription.objects.insert(
        stripe_id="sub_1", workspace_id=workspace.id, plan_id="starter", status=status,
        updated_at=utc_now(),
    )  # fmt: skip

    with pytest.raises(Conflict):
        change_plan(actor=STAFF, workspace_id=workspace.id, plan_key="pro")

    assert get_workspace(workspace.id).plan == "free"


@pytest.mark.django_db
def test_a_subscription_that_is_over_decides_nothing(workspace):
    Subscription.objects.insert(
        stripe_id="sub_1", workspace_id=workspace.id, plan_id="starter", status="canceled",
        updated_at=utc_now(),
    )  # fmt: skip

    assert change_plan(actor=STAFF, workspace_id=workspace.id, plan_key="pro")


@pytest.mark.django_db
def test_only_staff_change_a_plan_and_only_to_one_that_is(workspace, owner):
    with pytest.raises(RoleTooLow):
        change_plan(actor=as_actor(owner), workspace_id=workspace.id, plan_key="pro")
    with pytest.raises(InvalidInputs):
        change_plan(actor=STAFF, workspace_id=workspace.id, plan_key="gold")
    with pytest.raises(WorkspaceNotFound):
        change_plan(actor=SYSTEM_ACTOR, workspace_id="ws_nobody", plan_key="pro")

    assert get_workspace(workspace.id).plan == "free"
