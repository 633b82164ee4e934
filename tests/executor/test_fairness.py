"""Places among "running at once", and whose turn it is among workspaces."""

import threading

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from accounts.api import SYSTEM_ACTOR, override_limits
from billing.api import forget_limits
from common.ids import new_id
from executor.models import Execution, Task, WorkspaceLoad
from executor.runtime.perform import Performer
from executor.services.accept import accept_execution
from executor.services.cancel import cancel_execution
from executor.services.claims import claim_next, promote_forgotten
from executor.services.places import correct_loads
from executor.types import ExecutionRequest, Trigger
from tests.executor.runs import accept, perform_all, publish, ready_tasks
from tests.factories import AMPLE_LIMITS, make_workspace
from tests.graphs import chain

SHOUT = chain(1)


@pytest.fixture(autouse=True)
def _fresh_limits():
    forget_limits()
    yield
    forget_limits()


@pytest.fixture
def flow(workspace):
    """A published workflow."""
    return publish(workspace, SHOUT)


def accept_as(workspace, flow, trigger, text="x"):
    """A run with a trigger of its own."""
    request = ExecutionRequest(
        workspace_id=workspace.id,
        workflow_id=flow,
        version=None,
        inputs={"text": text},
        mode="live",
        trigger=trigger,
        cache="off",
    )
    return accept_execution(request).execution_id


def states() -> list[str]:
    """Every task's state, in the order of making."""
    return list(Task.objects.order_by("id").values_list("state", flat=True))


def running_count(workspace) -> int:
    return WorkspaceLoad.objects.get(pk=workspace.id).running


def claimed_run(owner: str = "w") -> str:
    """Claim the next task; returns its run."""
    claimed = claim_next(queue="runs", owner=owner)
    assert claimed is not None
    return claimed[1].id


def test_a_run_over_running_at_once_is_held_and_stays_queued(workspace, flow) -> None:
    runs = [accept(workspace, flow, {"text": str(n)}) for n in range(3)]

    assert states() == ["ready", "ready", "held"]
    assert Execution.objects.across_workspaces().get(pk=runs[2].execution_id).status == "QUEUED"
    assert running_count(workspace) == 2


def test_a_finished_run_gives_its_place_to_the_next(workspace, flow) -> None:
    for n in range(5):
        accept(workspace, flow, {"text": str(n)})

    Performer("w").perform(ready_tasks()[0])

    assert states() == ["done", "ready", "ready", "held", "held"]
    assert perform_all() == 4
    assert running_count(workspace) == 0


def test_cancelling_a_run_under_way_gives_its_place_on(workspace, flow) -> None:
    runs = [accept(workspace, flow, {"text": str(n)}) for n in range(3)]

    cancel_execution(workspace_id=workspace.id, execution_id=runs[0].execution_id)

    assert states() == ["dropped", "ready", "ready"]
    assert running_count(workspace) == 2


def test_cancelling_a_held_run_leaves_the_count_alone(workspace, flow) -> None:
    runs = [accept(workspace, flow, {"text": str(n)}) for n in range(3)]

    cancel_execution(workspace_id=workspace.id, execution_id=runs[2].execution_id)

    assert states() == ["ready", "ready", "dropped"]
    assert running_count(workspace) == 2


def test_a_held_playground_run_goes_before_api_and_batch(workspace, flow) -> None:
    for trigger in (Trigger.API, Trigger.API):
        accept_as(workspace, flow, trigger)
    batch = accept_as(workspace, flow, Trigger.BATCH)
    api = accept_as(workspace, flow, Trigger.API)
    playground = accept_as(workspace, flow, Trigger.PLAYGROUND)
    order = []

    for _ in range(3):
        Performer("w").perform(ready_tasks()[0])
        held = set(Task.objects.filter(state="held").values_list("execution_id", flat=True))
        order += [run for run in (playground, api, batch) if run not in held and run not in order]

    assert order == [playground, api, batch]


def test_a_plan_that_grew_lets_held_runs_go_on(workspace, flow) -> None:
    for n in range(4):
        accept(workspace, flow, {"text": str(n)})

    override_limits(
        actor=SYSTEM_ACTOR, workspace_id=workspace.id, limits={**AMPLE_LIMITS, "runningAtOnce": 3}
    )
    forget_limits()

    assert promote_forgotten() == 1
    assert states() == ["ready", "ready", "ready", "held"]


def test_x61_a_claim_does_not_walk_through_what_is_ready(workspace, flow) -> None:
    accept(workspace, flow, {"text": "x"})
    task = Task.objects.get()
    copies = [
        Task(
            id=new_id("task"),
            execution_id=task.execution_id,
            workspace_id=workspace.id,
            segment=0,
            queue=task.queue,
            wake_at=task.wake_at,
        )
        for _ in range(3_000)
    ]
    Task.objects.bulk_create(copies)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE executor_task")
    with CaptureQueriesContext(connection) as queries:
        claimed_run()

    (claim,) = (query["sql"] for query in queries if "RECURSIVE" in query["sql"])
    plan = explained(claim)

    assert "task_fair" in plan
    for walk in ("task_claimable", "Seq Scan on executor_task", "SCAN t "):
        assert walk not in plan


def explained(statement: str) -> str:
    """How the database would go about a statement."""
    how = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{how} {statement}".replace("%", "%%"))
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def test_a_place_that_nobody_gave_back_is_found_and_handed_on(workspace, flow, caplog) -> None:
    for n in range(3):
        accept(workspace, flow, {"text": str(n)})
    WorkspaceLoad.objects.filter(pk=workspace.id).update(running=3)
    Performer("w").perform(ready_tasks()[0])
    assert states() == ["done", "ready", "held"]

    assert (correct_loads(), correct_loads()) == (1, 0)

    assert states() == ["done", "ready", "ready"]
    assert running_count(workspace) == 2
    assert "counted wrong" in caplog.text


def test_a_held_run_is_not_counted_as_lost(workspace, flow) -> None:
    for n in range(4):
        accept(workspace, flow, {"text": str(n)})

    assert correct_loads() == 0
    assert perform_all() == 4
    assert correct_loads() == 0


def test_x61_the_workspace_with_fewest_running_goes_first(workspace, flow) -> None:
    override_limits(
        actor=SYSTEM_ACTOR, workspace_id=workspace.id, limits={**AMPLE_LIMITS, "runningAtOnce": 50}
    )
    forget_limits()
    for n in range(20):
        accept(workspace, flow, {"text": str(n)})
    crowded = [claimed_run() for _ in range(2)]
    other = make_workspace(name="Other")
    lone = accept(other, publish(other, SHOUT), {"text": "x"}).execution_id

    following = claimed_run()

    assert lone not in crowded
    assert following == lone


def test_among_equals_the_playground_goes_first_then_the_oldest(workspace, flow) -> None:
    other = make_workspace(name="Other")
    batch = accept_as(workspace, flow, Trigger.BATCH)
    watched = accept_as(other, publish(other, SHOUT), Trigger.PLAYGROUND)

    assert [claimed_run(), claimed_run()] == [watched, batch]


def test_nothing_to_claim_is_none(db) -> None:
    assert claim_next(queue="runs", owner="w") is None


@pytest.mark.django_db(transaction=True)
def test_claims_side_by_side_never_share_a_task_nor_overrun_the_plan(workspace, flow) -> None:
    override_limits(
        actor=SYSTEM_ACTOR, workspace_id=workspace.id, limits={**AMPLE_LIMITS, "runningAtOnce": 3}
    )
    forget_limits()
    most, faults = [], []

    def accept_and_work(number: int) -> None:
        try:
            performer = Performer(f"w{number}")
            for n in range(10):
                accept(workspace, flow, {"text": f"{number}-{n}"})
                performer.perform_next("runs")
                most.append(
                    Task.objects.filter(state__in=("ready", "running")).count(),
                )
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            faults.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=accept_and_work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    perform_all()

    assert faults == []
    assert max(most) <= 3
    assert running_count(workspace) == 0
    assert set(states()) == {"done"}
    assert connection.in_atomic_block is False
