"""Nested runs under way: waiting, cancelling, retrying, and what changes meanwhile."""

import pytest
from django.db import transaction

from accounts.api import SYSTEM_ACTOR
from common.clock import SYSTEM_CLOCK, utc_now
from common.errors import InvalidGraph
from executor.errors import LeaseLost
from executor.models import Execution, Task, WorkspaceLoad
from executor.runtime.perform import Performer
from executor.selectors.history import ExecutionFilter, list_executions
from executor.selectors.planning import plan_of
from executor.services.calls import LOOK_AGAIN_S, start_child
from executor.services.cancel import cancel_execution
from executor.services.claims import claim_task, release_dead
from executor.services.ending import end_open_run
from executor.services.retry import RetryRequest, retry_execution
from executor.services.waking import wake_due
from executor.types import ExecutionStatus, TaskState
from tests.executor.nested import FAILING, SHOUT, calling, children, nest
from tests.executor.runs import accept, answer_of, perform_all, publish, ready_tasks, run
from tests.graphs import graph
from workflows.api import WorkflowChanges, change_workflow, delete_workflow, publish_workflow

pytestmark = pytest.mark.django_db


def test_while_a_run_goes_on_its_parent_waits_without_a_worker(workspace) -> None:
    accepted = accept(
        workspace, publish(workspace, calling(publish(workspace, SHOUT))), {"text": "x"}
    )
    Performer("test").perform(ready_tasks()[0])

    waiting = Task.objects.get(execution_id=accepted.execution_id)

    assert (waiting.state, waiting.attempts, waiting.lease_until) == (TaskState.WAITING, 0, None)
    answer = answer_of(workspace, accepted.execution_id)
    assert [node["status"] for node in answer["nodes"]] == ["COMPLETED", "RUNNING", "PENDING"]


def test_a_task_that_wakes_too_early_goes_on_waiting(workspace) -> None:
    accepted = accept(
        workspace, publish(workspace, calling(publish(workspace, SHOUT))), {"text": "x"}
    )
    performer = Performer("test")
    performer.perform(ready_tasks()[0])
    (child_task,) = ready_tasks()

    (waiting,) = Task.objects.filter(execution_id=accepted.execution_id)
    Task.objects.filter(pk=waiting.pk).update(state=TaskState.READY, wake_at=utc_now())
    performer.perform(waiting.pk)

    waiting.refresh_from_db()
    assert waiting.state == TaskState.WAITING
    assert len(children(accepted.execution_id)) == 1
    performer.perform(child_task)
    perform_all()
    assert answer_of(workspace, accepted.execution_id)["outputs"] == {"loud": "X"}


def test_a_parent_that_nobody_told_looks_by_itself(workspace) -> None:
    accepted = accept(
        workspace, publish(workspace, calling(publish(workspace, SHOUT))), {"text": "x"}
    )
    Performer("test").perform(ready_tasks()[0])
    waiting = Task.objects.filter(execution_id=accepted.execution_id)
    waiting.update(state=TaskState.RUNNING)  # so that no word reaches it
    Performer("test").perform(ready_tasks()[0])
    waiting.update(state=TaskState.WAITING)
    assert ready_tasks() == []

    left_s = (waiting.get().wake_at - utc_now()).total_seconds()
    waiting.update(wake_at=utc_now())
    wake_due()
    perform_all()

    assert 0 < left_s <= LOOK_AGAIN_S
    assert answer_of(workspace, accepted.execution_id)["status"] == "COMPLETED"


def test_C14_cancelling_ends_the_runs_below_as_well(workspace) -> None:
    accepted = accept(workspace, nest(workspace, 3), {"text": "x"})
    performer = Performer("test")
    for _ in range(3):
        performer.perform(ready_tasks()[0])

    cancel_execution(workspace_id=workspace.id, execution_id=accepted.execution_id)

    runs = Execution.objects.across_workspaces()
    assert set(runs.values_list("status", flat=True)) == {ExecutionStatus.CANCELLED}
    assert runs.count() == 4
    assert set(Task.objects.values_list("state", flat=True)) == {TaskState.DROPPED}


def test_C14_a_run_that_finishes_after_its_parent_was_cancelled_changes_nothing(workspace) -> None:
    accepted = accept(
        workspace, publish(workspace, calling(publish(workspace, SHOUT))), {"text": "x"}
    )
    performer = Performer("test")
    performer.perform(ready_tasks()[0])
    parent = Execution.objects.across_workspaces().filter(pk=accepted.execution_id)
    with transaction.atomic():
        end_open_run(parent.get(), ExecutionStatus.CANCELLED, None, clock=SYSTEM_CLOCK)
    before = parent.get().final_payload

    perform_all()

    (child,) = children(accepted.execution_id)
    assert child.status == "COMPLETED"
    assert parent.get().final_payload == before
    assert ready_tasks() == []


def test_cancelling_a_run_below_fails_the_node_that_waits_for_it(workspace) -> None:
    accepted = accept(
        workspace, publish(workspace, calling(publish(workspace, SHOUT))), {"text": "x"}
    )
    Performer("test").perform(ready_tasks()[0])
    (child,) = children(accepted.execution_id)

    cancel_execution(workspace_id=workspace.id, execution_id=child.id)
    perform_all()

    answer = answer_of(workspace, accepted.execution_id)
    assert (answer["status"], answer["error"]["code"]) == ("FAILED", "internal")


def test_of_two_workers_that_begin_a_call_one_starts_a_run(workspace) -> None:
    """The first was taken for dead while it was about to start the run."""
    accepted = accept(
        workspace, publish(workspace, calling(publish(workspace, SHOUT))), {"text": "x"}
    )
    (task_id,) = ready_tasks()
    slow = claim_task(task_id=task_id, owner="slow")
    assert slow is not None
    release_dead(all_leases=True)
    Performer("quick").perform(task_id)
    claim, parent = slow
    callee = plan_of(parent.version_id).graph.by_id["call"].callee
    assert callee is not None

    with pytest.raises(LeaseLost):
        start_child(claim=claim, parent=parent, callee=callee, inputs={"text": {"v": "x"}})

    assert len(children(accepted.execution_id)) == 1


def test_runs_below_take_no_place_and_are_not_listed(workspace) -> None:
    accepted = accept(workspace, nest(workspace, 2), {"text": "x"})
    Performer("test").perform(ready_tasks()[0])

    assert WorkspaceLoad.objects.get(pk=workspace.id).running == 1
    listed = list_executions(workspace.id, ExecutionFilter(), before=None, limit=10)
    assert [run["executionId"] for run in listed] == [accepted.execution_id]
    perform_all()
    assert WorkspaceLoad.objects.get(pk=workspace.id).running == 0


def test_a_run_below_has_its_parents_mode_priority_and_options(workspace) -> None:
    accepted = accept(
        workspace,
        publish(workspace, calling(publish(workspace, SHOUT))),
        {"text": "x"},
        keep="outputs",
        cache="off",
        metadata={"mine": 1},
        callback_url="https://example.com/hook",
    )
    Performer("test").perform(ready_tasks()[0])

    (child,) = children(accepted.execution_id)

    assert (child.mode, child.trigger, child.metadata, child.callback_url) == (
        "live", "api", None, None,
    )  # fmt: skip
    assert (child.options["keep"], child.options["cache"]) == ("outputs", "off")


def test_C15_a_run_keeps_the_version_that_was_published_when_its_own_was(workspace) -> None:
    callee = publish(workspace, SHOUT)
    caller = publish(workspace, calling(callee))
    whisper = {**SHOUT, "nodes": [dict(node) for node in SHOUT["nodes"]]}
    whisper["nodes"][1]["params"] = {"case": "lower"}
    change_workflow(
        actor=SYSTEM_ACTOR,
        workspace_id=workspace.id,
        workflow_id=callee,
        changes=WorkflowChanges(graph=whisper),
        expected_revision=None,
    )

    accepted = accept(workspace, caller, {"text": "Both"})
    publish_workflow(actor=SYSTEM_ACTOR, workspace_id=workspace.id, workflow_id=callee)
    perform_all()

    assert answer_of(workspace, accepted.execution_id)["outputs"] == {"loud": "BOTH"}
    assert run(workspace, calling(callee), {"text": "Both"})["outputs"] == {"loud": "both"}


def test_C15_deleting_a_workflow_stops_no_version_that_runs_it(workspace) -> None:
    callee = publish(workspace, SHOUT)
    caller = publish(workspace, calling(callee))
    accepted = accept(workspace, caller, {"text": "x"})

    delete_workflow(actor=SYSTEM_ACTOR, workspace_id=workspace.id, workflow_id=callee)
    perform_all()

    assert answer_of(workspace, accepted.execution_id)["status"] == "COMPLETED"
    with pytest.raises(InvalidGraph):
        publish(workspace, calling(callee))


def test_a_retry_takes_over_what_the_runs_below_had_completed(workspace) -> None:
    caller = publish(workspace, calling(publish(workspace, FAILING)))
    first = accept(workspace, caller, {"text": "a,b"}, cache="off")
    perform_all()

    again = retry_execution(RetryRequest(workspace.id, first.execution_id, "live"))
    perform_all()

    (before,), (after,) = children(first.execution_id), children(again.execution_id)
    assert after.retry_of == before.id
    nodes = {node["nodeId"]: node for node in answer_of(workspace, after.id)["nodes"]}
    assert (nodes["list"]["status"], nodes["list"]["cached"]) == ("COMPLETED", True)
    assert (nodes["pick"]["status"], nodes["pick"]["cached"]) == ("FAILED", False)


def test_a_retry_from_a_call_runs_all_of_it_again(workspace) -> None:
    caller = publish(workspace, calling(publish(workspace, SHOUT)))
    first = accept(workspace, caller, {"text": "a"}, cache="off")
    perform_all()

    again = retry_execution(
        RetryRequest(workspace.id, first.execution_id, "live", from_node="call")
    )
    perform_all()

    (child,) = children(again.execution_id)
    assert child.retry_of is None
    assert not any(node["cached"] for node in answer_of(workspace, child.id)["nodes"])


def test_a_retry_starts_no_run_for_a_call_that_had_completed(workspace) -> None:
    callee = publish(workspace, SHOUT)
    document = graph(
        {
            "in": ("input.text", {"name": "text"}),
            "call": ("workflow.run", {"workflowId": callee}),
            "split": ("text.split", {"separator": ","}),
            "pick": ("list.pick", {"index": 5}),
            "out": ("output", {"name": "loud"}),
        },
        [
            "in.value -> call.text",
            "call.loud -> split.text",
            "split.texts -> pick.list",
            "pick.value -> out.value",
        ],
    )
    first = accept(workspace, publish(workspace, document), {"text": "a"}, cache="off")
    perform_all()

    again = retry_execution(RetryRequest(workspace.id, first.execution_id, "live"))
    perform_all()

    assert children(again.execution_id) == []
    nodes = {node["nodeId"]: node for node in answer_of(workspace, again.execution_id)["nodes"]}
    assert (nodes["call"]["status"], nodes["call"]["cached"]) == ("COMPLETED", True)
