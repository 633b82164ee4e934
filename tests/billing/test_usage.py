"""Counters of usage: every run once, whoever counts and whoever dies, exact at any moment."""

import random
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from billing.api import UsageGroup, UsageQuery, UsageSlot, Used, add_usage
from billing.models import UsageDay
from common import faults
from common.clock import FixedClock, utc_now
from executor.models import Execution
from executor.selectors.usage import _ended
from executor.services import usage as counting
from executor.services.retention import purge_expired
from executor.services.upkeep import do_by_hand
from executor.services.usage import count_usage
from tests.billing.usage_rows import counters, ended, report, total, uncounted
from tests.factories import make_finished_execution, make_workspace

DAY = timedelta(days=1)
NIGHT = datetime(2026, 3, 1, 23, 59, 59, 999_999, tzinfo=UTC)


def at_once(work, times):
    """Call a function in threads that begin together."""
    gate = threading.Barrier(times)

    def begin():
        gate.wait()
        try:
            work()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=begin) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)


# --- what counts


@pytest.mark.django_db
def test_a_run_is_in_the_report_when_it_has_ended_and_counting_it_changes_nothing(workspace):
    ended(workspace, charged_credits=7, spent={"model.a": [2, 5], "model.b": [1, 2]})
    ended(workspace, status="RUNNING", finished_at=None, charged_credits=3)
    groups = {by: report(workspace, by) for by in UsageGroup}

    assert count_usage() == 1

    assert {by: report(workspace, by) for by in UsageGroup} == groups
    assert groups[UsageGroup.MODEL].groups == {"model.a": Used(2, 5), "model.b": Used(1, 2)}
    assert {by: groups[by].total for by in UsageGroup} == dict.fromkeys(UsageGroup, Used(1, 7))
    assert groups[UsageGroup.WORKFLOW].groups == {"wf_one": Used(1, 7)}
    assert groups[UsageGroup.KEY].groups == {"": Used(1, 7)}
    assert counters(workspace) == [
        ("wf_one", "", "", 1, 7),
        ("wf_one", "", "model.a", 2, 5),
        ("wf_one", "", "model.b", 1, 2),
    ]


@pytest.mark.django_db
def test_a_run_of_a_run_counts_for_its_models_alone(workspace):
    ended(workspace, charged_credits=9, spent={"model.a": [1, 4]})
    ended(workspace, charged_credits=5, parent_id="exec_above", spent={"model.a": [1, 5]})

    before = report(workspace, UsageGroup.MODEL)
    count_usage()

    assert report(workspace, UsageGroup.MODEL) == before
    assert before.groups == {"model.a": Used(2, 9)}
    assert before.total == Used(1, 9)


@pytest.mark.django_db
@pytest.mark.parametrize("is_counted", [True, False])
def test_b18_a_run_belongs_to_the_utc_day_in_which_it_ended(workspace, is_counted):
    for finished_at in (NIGHT, NIGHT + timedelta(microseconds=1)):
        ended(workspace, finished_at=finished_at, charged_credits=1)
    if is_counted:
        count_usage()

    first, second = NIGHT.date(), NIGHT.date() + DAY
    assert report(workspace, first=first, last=second).groups == {
        "2026-03-01": Used(1, 1),
        "2026-03-02": Used(1, 1),
    }
    assert total(workspace, first=first, last=first) == (1, 1)
    assert total(workspace, first=second, last=second) == (1, 1)
    assert total(workspace, first=second + DAY, last=second + DAY) == (0, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("is_counted", [True, False])
def test_modes_and_workspaces_are_apart(workspace, stranger_workspace, is_counted):
    ended(workspace, charged_credits=5)
    ended(workspace, mode="test", spent={"model.a": [1, 0]})
    if is_counted:
        count_usage()

    assert total(workspace) == (1, 5)
    assert total(workspace, mode="test") == (1, 0)
    assert report(workspace, UsageGroup.MODEL, mode="test").groups == {"model.a": Used(1, 0)}
    assert total(stranger_workspace) == (0, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(5))
def test_i3_every_report_adds_up_to_what_the_runs_were_charged(workspace, seed):
    rng = random.Random(seed)
    today = utc_now()
    charged = 0
    by_model: dict[str, Used] = {}
    by_key: dict[str, Used] = {}
    by_day: dict[str, Used] = {}
    for _ in range(60):
        spent = {
            model: [rng.randint(1, 3), rng.randint(0, 50)]
            for model in rng.sample(["model.a", "model.b", "video.c"], rng.randint(0, 3))
        }
        price = sum(cost for _, cost in spent.values())
        key, finished_at = rng.choice([None, "key_1", "key_2"]), today - rng.randint(0, 20) * DAY
        ended(
            workspace,
            status=rng.choice(["COMPLETED", "FAILED", "CANCELLED"]),
            workflow_id=rng.choice(["wf_one", "wf_two"]),
            key_id=key,
            charged_credits=price,
            spent=spent or None,
            finished_at=finished_at,
        )
        charged += price
        for name, where in (
            (key or "", by_key),
            (finished_at.date().isoformat(), by_day),
        ):
            where[name] = where.get(name, Used()) + Used(1, price)
        for model, (times, cost) in spent.items():
            by_model[model] = by_model.get(model, Used()) + Used(times, cost)
        if rng.random() < 0.1:
            count_usage()

    first, last = today.date() - 29 * DAY, today.date()
    reports = {by: report(workspace, by, first=first, last=last) for by in UsageGroup}

    assert {found.total for found in reports.values()} == {Used(60, charged)}
    for by in UsageGroup:
        assert sum(used.credits for used in reports[by].groups.values()) == charged
    assert reports[UsageGroup.MODEL].groups == by_model
    assert reports[UsageGroup.KEY].groups == by_key
    assert reports[UsageGroup.DAY].groups == by_day


@pytest.mark.django_db
def test_i3_a_run_that_was_performed_is_in_the_report(workspace, workflow):
    accepted = make_finished_execution(workflow)

    charged = Execution.objects.of(workspace.id).get(pk=accepted.execution_id).charged_credits
    assert total(workspace) == (1, charged)
    assert report(workspace, UsageGroup.WORKFLOW).groups == {workflow.id: Used(1, charged)}


# --- counting


@pytest.mark.django_db
def test_counting_goes_on_until_nothing_is_left(workspace, monkeypatch):
    monkeypatch.setattr(counting, "RUNS_AT_ONCE", 2)
    for _ in range(5):
        ended(workspace, charged_credits=1)

    assert count_usage() == 5
    assert count_usage() == 0
    assert counters(workspace) == [("wf_one", "", "", 5, 5)]


@pytest.mark.django_db
def test_counting_leaves_off_when_told_to_stop(workspace):
    ended(workspace)

    assert count_usage(should_stop=lambda: True) == 0
    assert uncounted(workspace) == 1


@pytest.mark.django_db
def test_the_regular_jobs_count(workspace):
    ended(workspace)

    assert do_by_hand()["counted"] == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", ["usage.before_mark", "usage.before_commit"])
def test_x1_whoever_dies_while_counting_has_counted_nothing(workspace, point):
    ended(workspace, charged_credits=4)
    faults.arm(f"{point}=raise")
    try:
        with pytest.raises(faults.FaultInjected):
            count_usage()
    finally:
        faults.arm("")

    assert (counters(workspace), uncounted(workspace)) == ([], 1)
    assert total(workspace) == (1, 4)

    assert count_usage() == 1
    assert counters(workspace) == [("wf_one", "", "", 1, 4)]
    assert total(workspace) == (1, 4)


@pytest.mark.django_db(transaction=True)
def test_x7_of_several_who_count_at_once_each_run_is_counted_by_one(workspace):
    other = make_workspace(name="Other")
    for number in range(120):
        ended((workspace, other)[number % 2], workflow_id=f"wf_{number % 7}", charged_credits=1)
    counted, seen, is_done = [], [], threading.Event()

    def look():
        while not is_done.is_set():
            seen.append((total(workspace), total(other)))
        connections.close_all()

    watcher = threading.Thread(target=look)
    watcher.start()
    at_once(lambda: counted.append(count_usage()), 4)
    is_done.set()
    watcher.join(timeout=60)

    assert sum(counted) == 120
    assert total(workspace) == total(other) == (60, 60)
    assert uncounted(workspace) == uncounted(other) == 0
    assert set(seen) == {((60, 60), (60, 60))}


@pytest.mark.django_db(transaction=True)
def test_any_number_may_add_to_the_same_counters(workspace):
    today = utc_now().date()
    slots = [UsageSlot(workspace.id, today, "live", f"wf_{number}", "") for number in range(20)]

    def add():
        for _ in range(5):
            add_usage(dict.fromkeys(random.sample(slots, 20), Used(1, 2)))

    at_once(add, 4)

    rows = UsageDay.objects.of(workspace.id).values_list("executions", "credits")
    assert list(rows) == [(20, 40)] * 20


@pytest.mark.django_db
def test_more_counters_than_a_statement_takes_are_added(workspace):
    today = utc_now().date()
    slots = [UsageSlot(workspace.id, today, "live", f"wf_{number}", "") for number in range(1_100)]

    add_usage(dict.fromkeys(slots, Used(1, 1)))

    assert total(workspace) == (1_100, 1_100)


# --- history


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_counted", [True, False])
def test_usage_outlives_the_runs(workspace, is_counted):
    long_ago = utc_now() - timedelta(days=100)
    root = ended(
        workspace,
        charged_credits=6,
        spent={"model.a": [1, 2]},
        created_at=long_ago,
        finished_at=long_ago,
    )
    ended(
        workspace,
        parent_id=root,
        charged_credits=4,
        spent={"model.a": [1, 4]},
        created_at=long_ago,
        finished_at=long_ago,
    )
    if is_counted:
        count_usage()
    day = long_ago.date()

    purged = purge_expired(clock=FixedClock(utc_now() + timedelta(days=400)))

    assert purged.runs == 2
    assert not Execution.objects.of(workspace.id).exists()
    assert total(workspace, first=day, last=day) == (1, 6)
    assert report(workspace, UsageGroup.MODEL, first=day, last=day).groups == {
        "model.a": Used(2, 6)
    }


@pytest.mark.django_db
def test_a_report_reads_no_history(workspace):
    for _ in range(3):
        ended(workspace)
    count_usage()
    today = utc_now().date()
    rows = _ended(UsageQuery(workspace.id, "live", today - 300 * DAY, today))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        sql, params = rows.query.sql_with_params()
        explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
        cursor.execute(explain + sql, params)
        plan = str(cursor.fetchall())
    with CaptureQueriesContext(
        connection,
    ) as queries:
        report(workspace)

    assert "execution_uncounted" in plan
    assert len(queries) == 2
