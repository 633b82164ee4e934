"""A question to a person in a nested run: every run above waits with it."""

from copy import deepcopy
from typing import Any

import pytest

from executor.models import Execution, Review, Task, WorkspaceLoad
from executor.runtime.perform import Performer
from executor.selectors.planning import plan_of
from executor.services.ageing import end_stray
from executor.services.cancel import cancel_execution
from executor.services.claims import claim_task
from executor.services.reviews import Decider, decide_review
from executor.types import TaskState
from tests.executor.nested import calling, children
from tests.executor.runs import accept, answer_of, perform_all, publish, ready_tasks
from tests.graphs import graph
from workflows.catalogue.review import Decision

pytestmark = pytest.mark.django_db

ASKING = graph(
    {
        "in": ("input.text", {"name": "text"}),
        "ask": ("review.approve", {"title": "Fine?"}),
        "case": ("text.case", {"case": "upper"}),
        "out": ("output", {"name": "loud"}),
    },
    ["in.value -> ask.value", "ask.value -> case.text", "case.text -> out.value"],
)


@pytest.fixture
def caller(workspace) -> str:
    """A workflow that runs one that runs one that asks."""
    return publish(workspace, calling(publish(workspace, calling(publish(workspace, ASKING)))))


def statuses() -> list[str]:
    rows = Execution.objects.across_workspaces().order_by("depth")
    return list(rows.values_list("status", flat=True))


def running(workspace) -> int:
    return WorkspaceLoad.objects.get(pk=workspace.id).running


def approve(workspace) -> None:
    decide_review(
        workspace_id=workspace.id,
        review_id=Review.objects.of(workspace.id).latest("id").id,
        decision=Decision(approved=True),
        decider=Decider("key_1", "api"),
    )


def test_runs_above_a_paused_one_are_paused_and_leave_their_place(workspace, caller) -> None:
    accept(workspace, caller, {"text": "x"})

    perform_all()

    assert statuses() == ["PAUSED"] * 3
    assert running(workspace) == 0
    assert ready_tasks() == []


def test_a_decision_lets_all_of_them_go_on(workspace, caller) -> None:
    accepted = accept(workspace, caller, {"text": "x"})
    perform_all()

    approve(workspace)
    taken = running(workspace)
    perform_all()

    assert taken == 1
    assert answer_of(workspace, accepted.execution_id)["outputs"] == {"loud": "X"}
    assert statuses() == ["COMPLETED"] * 3
    assert running(workspace) == 0


def test_while_the_run_below_goes_on_those_above_do_as_well(workspace, caller) -> None:
    accept(workspace, caller, {"text": "x"})
    perform_all()
    approve(workspace)
    work = Task.objects.filter(state=TaskState.READY).order_by("execution__depth")

    for task_id in list(work.values_list("pk", flat=True))[:2]:
        Performer("test").perform(task_id)

    assert statuses()[:2] == ["RUNNING"] * 2


def test_without_a_place_the_run_above_is_held_until_there_is_one(workspace, caller) -> None:
    accepted = accept(workspace, caller, {"text": "x"})
    perform_all()
    WorkspaceLoad.objects.filter(pk=workspace.id).update(running=2)  # all that the plan has

    approve(workspace)
    perform_all()

    assert answer_of(workspace, accepted.execution_id)["status"] == "PAUSED"
    assert Task.objects.filter(state=TaskState.HELD).count() == 1
    cancel_execution(workspace_id=workspace.id, execution_id=accepted.execution_id)
    assert running(workspace) == 2


def test_a_run_of_which_something_else_goes_on_is_not_paused(workspace) -> None:
    document = calling(publish(workspace, ASKING))
    document["nodes"].append({"id": "more", "type": "text.split", "params": {}})
    document["edges"].append(
        {
            "id": "more",
            "source": "in",
            "sourceHandle": "value",
            "target": "more",
            "targetHandle": "text",
        }
    )
    accepted = accept(workspace, publish(workspace, document), {"text": "x"})
    plan = plan_of(Execution.objects.across_workspaces().get(pk=accepted.execution_id).version_id)
    (call,) = plan.calls
    tasks = Task.objects.filter(execution_id=accepted.execution_id)
    other = tasks.exclude(segment=call).get().pk

    while waiting := [task_id for task_id in ready_tasks() if task_id != other]:
        Performer("test").perform(waiting[0])
    before = statuses()
    Performer("test").perform(other)

    assert before == ["RUNNING", "PAUSED"]
    assert statuses() == ["PAUSED", "PAUSED"]


def failing_beside(graph_: dict[str, Any]) -> dict[str, Any]:
    """A graph of which a second branch fails."""
    document = deepcopy(graph_)
    document["nodes"] += [
        {"id": "list", "type": "text.split", "params": {"separator": ","}},
        {"id": "pick", "type": "list.pick", "params": {"index": 5}},
    ]
    document["edges"] += [
        {
            "id": "f1",
            "source": "in",
            "sourceHandle": "value",
            "target": "list",
            "targetHandle": "text",
        },
        {
            "id": "f2",
            "source": "list",
            "sourceHandle": "texts",
            "target": "pick",
            "targetHandle": "list",
        },
    ]
    return document


def failing_task(execution_id: str) -> str:
    """The task of the branch that fails."""
    version_id = Execution.objects.across_workspaces().get(pk=execution_id).version_id
    segment = plan_of(version_id).segment_of["pick"]
    return Task.objects.get(execution_id=execution_id, segment=segment).pk


def test_a_failure_elsewhere_does_not_wait_for_the_person(workspace) -> None:
    document = failing_beside(calling(publish(workspace, ASKING)))
    accepted = accept(workspace, publish(workspace, document), {"text": "x"})
    tasks = Task.objects.filter(execution_id=accepted.execution_id)
    plan = plan_of(Execution.objects.across_workspaces().get(pk=accepted.execution_id).version_id)
    (call,) = plan.calls
    other = tasks.exclude(segment=call).get().pk
    while waiting := [task_id for task_id in ready_tasks() if task_id != other]:
        Performer("test").perform(waiting[0])

    Performer("test").perform(other)
    end_stray()

    assert answer_of(workspace, accepted.execution_id)["status"] == "FAILED"
    assert [child.status for child in children(accepted.execution_id)] == ["CANCELLED"]
    assert running(workspace) == 0


def test_a_run_that_failed_does_not_wait_for_a_person_who_is_asked_after_that(workspace) -> None:
    document = failing_beside(calling(publish(workspace, ASKING)))
    accepted = accept(workspace, publish(workspace, document), {"text": "x"})
    other = failing_task(accepted.execution_id)
    (call,) = set(ready_tasks()) - {other}
    Performer("test").perform(call)
    Performer("test").perform(other)

    perform_all()
    end_stray()

    assert statuses() == ["FAILED", "CANCELLED"]
    assert running(workspace) == 0


def test_in_a_run_that_failed_nobody_is_asked_any_more(workspace) -> None:
    accepted = accept(workspace, publish(workspace, failing_beside(ASKING)), {"text": "x"})
    other = failing_task(accepted.execution_id)
    (ask,) = set(ready_tasks()) - {other}
    claimed = claim_task(task_id=ask, owner="test")
    assert claimed is not None
    Performer("test").perform(other)

    Performer("test")._perform(*claimed)

    assert statuses() == ["FAILED"]
    assert not Review.objects.of(workspace.id).exists()
    assert running(workspace) == 0


def test_C14_cancelling_ends_a_question_below(workspace, caller) -> None:
    accepted = accept(workspace, caller, {"text": "x"})
    perform_all()

    cancel_execution(workspace_id=workspace.id, execution_id=accepted.execution_id)

    assert statuses() == ["CANCELLED"] * 3
    assert Review.objects.of(workspace.id).get().state == "dropped"
    assert running(workspace) == 0
