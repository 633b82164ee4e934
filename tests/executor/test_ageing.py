"""Runs that nothing else brings to an end: too old, without a plan, of a run that is over."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from billing.models import Account
from common.clock import FixedClock, utc_now
from common.ids import new_id
from executor import conf
from executor.models import Execution, Task
from executor.runtime.worker import WorkerProcess
from executor.selectors import planning
from executor.selectors.invariants import check_invariants
from executor.selectors.runs import get_execution_json, get_poll_answer
from executor.services.ageing import end_overdue, end_stray
from executor.services.cancel import cancel_execution
from executor.services.claims import claim_task
from executor.types import LIVE_TASKS, ExecutionStatus
from tests.executor import paid_nodes
from tests.executor.runs import accept, answer_of, perform_all, publish, ready_tasks
from tests.graphs import chain
from workflows import selectors as workflow_selectors
from workflows.models import WorkflowVersion


@pytest.fixture
def run(workspace) -> str:
    """A run that nobody has begun."""
    return accept(workspace, publish(workspace, chain(1)), {"text": "x"}).execution_id


def old() -> FixedClock:
    """A clock past the age limit of what is made now."""
    return FixedClock(utc_now() + conf.run_max_age() + timedelta(minutes=1))


def child_of(run: str) -> str:
    """An open run that another one started."""
    row = Execution.objects.across_workspaces().get(pk=run)
    row.pk, row.parent_id, row.depth = new_id("exec"), run, row.depth + 1
    row.save(force_insert=True)
    return row.pk


def status_of(run: str) -> str:
    """A run's status."""
    return Execution.objects.across_workspaces().get(pk=run).status


def broken_rules() -> list[str]:
    """The invariants that do not hold."""
    return [finding.rule for finding in check_invariants() if finding.broken]


def test_x62_a_run_open_past_the_age_limit_has_timed_out(workspace, run) -> None:
    assert end_overdue(clock=FixedClock(utc_now() + timedelta(days=6, hours=23))) == 0

    assert end_overdue(clock=old()) == 1

    answer = answer_of(workspace, run)
    assert (answer["status"], answer["error"]["code"]) == ("FAILED", "timed_out")
    assert {node["status"] for node in answer["nodes"]} == {"COMPLETED", "CANCELLED"}
    assert not Task.objects.filter(execution_id=run, state__in=LIVE_TASKS).exists()
    assert broken_rules() == []
    assert end_overdue(clock=old()) == 0


@pytest.mark.parametrize("status", ["RUNNING", "PAUSED"])
def test_x62_a_run_under_way_or_paused_is_no_exception(workspace, run, status) -> None:
    claim_task(task_id=ready_tasks()[0], owner="hangs")
    Execution.objects.of(workspace.id).update(status=status)

    assert end_overdue(clock=old()) == 1
    assert status_of(run) == "FAILED"


def test_x62_the_runs_that_it_started_end_with_it(run) -> None:
    child = child_of(run)
    grandchild = child_of(child)

    assert end_overdue(clock=old()) == 1
    assert [status_of(id_) for id_ in (child, grandchild)] == ["CANCELLED"] * 2


def test_x62_a_run_that_was_over_in_time_stays_as_it_was(workspace, run) -> None:
    perform_all()
    before = get_poll_answer(workspace.id, run).body

    assert end_overdue(clock=old()) == 0
    assert get_poll_answer(workspace.id, run).body == before


def test_x62_its_place_goes_to_the_next_run(workspace, run) -> None:
    others = [
        accept(workspace, publish(workspace, chain(1)), {"text": "x"}).execution_id
        for _ in range(2)
    ]
    held = Task.objects.get(execution_id=others[-1])
    assert held.state == "held"
    Execution.objects.of(workspace.id).exclude(pk=run).update(
        created_at=utc_now() + timedelta(days=1)
    )

    assert end_overdue(clock=old()) == 1

    held.refresh_from_db()
    assert held.state == "ready"


def test_a_run_whose_parent_is_over_is_cancelled_should_nobody_have_got_to_it(run) -> None:
    child = child_of(run)
    assert end_stray() == 0

    perform_all()
    Execution.objects.across_workspaces().filter(pk=child).update(status="RUNNING")

    assert end_stray() == 1
    assert status_of(child) == "CANCELLED"


@pytest.fixture
def without_plan(workspace, run) -> Iterator[str]:
    """A run of a version that uses a node type that there is no more."""
    version = WorkflowVersion.objects.of(workspace.id).get()
    for node in version.graph["nodes"]:
        if node["type"].startswith("text."):
            node["type"] = "text.withdrawn"
    WorkflowVersion.objects.of(workspace.id).update(graph=version.graph)
    forget_plans()
    yield run
    forget_plans()


def forget_plans() -> None:
    """As in a process that has just started."""
    planning._plan.cache_clear()
    workflow_selectors._resolved.cache_clear()


def test_a_run_that_lost_its_plan_and_all_its_workers_fails_instead_of_waiting(
    workspace, without_plan
) -> None:
    Task.objects.update(
        state="running",
        lease_owner="died",
        lease_until=utc_now() - timedelta(hours=1),
        attempts=conf.max_attempts(),
    )

    WorkerProcess().sweep()

    answer = answer_of(workspace, without_plan)

    assert (answer["status"], answer["error"]["code"]) == ("FAILED", "internal")
    assert "text.withdrawn" in {node["type"] for node in answer["nodes"]}
    assert broken_rules() == []


def test_a_run_without_a_plan_can_be_looked_at_cancelled_and_timed_out(
    workspace, without_plan
) -> None:
    shown = get_execution_json(workspace.id, without_plan)
    assert (shown["status"], shown["inputs"]) == ("QUEUED", {"text": "x"})
    assert {node["status"] for node in shown["nodes"]} <= {"PENDING", "COMPLETED"}

    status, is_new = cancel_execution(workspace_id=workspace.id, execution_id=without_plan)

    assert (status, is_new) == (ExecutionStatus.CANCELLED, True)
    final = json.loads(get_poll_answer(workspace.id, without_plan).body)
    assert {node["status"] for node in final["nodes"]} <= {"CANCELLED", "COMPLETED"}
    assert get_execution_json(workspace.id, without_plan)["outputs"] == {}


def test_x62_a_run_without_a_plan_times_out_as_well(workspace, without_plan) -> None:
    assert end_overdue(clock=old()) == 1
    assert answer_of(workspace, without_plan)["error"]["code"] == "timed_out"


@pytest.fixture
def with_paid_nodes(settings) -> Iterator[None]:
    settings.EXTRA_NODES = [paid_nodes.__name__]
    workflow_selectors.get_catalogue.cache_clear()
    yield
    settings.EXTRA_NODES = []
    workflow_selectors.get_catalogue.cache_clear()


def test_a_run_that_the_ledger_does_not_let_end_holds_up_none_behind_it(
    workspace, with_paid_nodes, caplog
) -> None:
    paid = publish(workspace, chain(1, type_="paid.task"))
    stuck = accept(workspace, paid, {"text": "x"}).execution_id
    Account.objects.filter(pk=workspace.id).update(held=0)  # by whatever mistake
    other = accept(workspace, publish(workspace, chain(1)), {"text": "x"}).execution_id

    assert end_overdue(clock=old()) == 1

    assert (status_of(stuck), status_of(other)) == ("QUEUED", "FAILED")
    assert f"{stuck} cannot be ended" in caplog.text
