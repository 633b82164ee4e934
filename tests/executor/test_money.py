"""What runs cost: held when they are accepted, captured as nodes complete, the rest given back."""

import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.api import InsufficientCredits, OverMaxCredits, get_balance, list_run_sums
from billing.models import LedgerEntry
from common.clock import SYSTEM_CLOCK
from executor.models import CacheEntry, Execution
from executor.runtime.perform import Performer
from executor.selectors.invariants import check_invariants
from executor.services.ageing import end_stray
from executor.services.cancel import cancel_execution
from executor.services.ending import end_open_run
from executor.services.estimates import preview_run
from executor.services.retry import RetryRequest, retry_execution
from executor.services.transitions import lock_execution
from executor.types import ExecutionStatus
from tests.executor import paid_nodes
from tests.executor.runs import accept, answer_of, perform_all, publish, ready_tasks
from tests.factories import make_execution, make_workspace
from tests.graphs import graph
from workflows import selectors
from workflows.api import find_runnable, get_workflow

START = 100_000


@pytest.fixture(autouse=True)
def _paid_nodes(settings):
    settings.EXTRA_NODES = [paid_nodes.__name__]
    selectors.get_catalogue.cache_clear()
    yield
    settings.EXTRA_NODES = []
    selectors.get_catalogue.cache_clear()


@pytest.fixture(autouse=True)
def _all_invariants_hold(db):
    yield
    assert [finding for finding in check_invariants() if finding.broken] == []


def line(*types: Any) -> dict[str, Any]:
    """Nodes in a row, each by its type or by type and parameters: a text in, a text out."""
    nodes: dict[str, Any] = {"in": ("input.text", {"name": "text"})}
    nodes |= {f"n{index}": type_ for index, type_ in enumerate(types)}
    nodes["out"] = ("output", {"name": "text"})
    edges = ["in.value -> n0.text"]
    edges += [f"n{index}.text -> n{index + 1}.text" for index in range(len(types) - 1)]
    return graph(nodes, [*edges, f"n{len(types) - 1}.text -> out.value"])


def mapped(type_: str) -> dict[str, Any]:
    """A node for each text of a list."""
    return graph(
        {
            "in": ("input.list", {"name": "texts", "items": "text"}),
            "n": type_,
            "out": ("output", {"name": "texts"}),
        },
        ["in.value -> n.text", "n.text -> out.value"],
    )


def calling(workflow_id: str, *, after: str | None = None) -> dict[str, Any]:
    """A workflow that runs another one, and perhaps a node after it."""
    nodes: dict[str, Any] = {
        "in": ("input.text", {"name": "text"}),
        "call": ("workflow.run", {"workflowId": workflow_id}),
        "out": ("output", {"name": "text"}),
    }
    edges = ["in.value -> call.text"]
    if after is None:
        return graph(nodes, [*edges, "call.text -> out.value"])
    nodes["n"] = after
    return graph(nodes, [*edges, "call.text -> n.text", "n.text -> out.value"])


def credits_of(workspace, execution_id: str) -> tuple[int, int]:
    found = answer_of(workspace, execution_id)["credits"]
    return found["estimated"], found["charged"]


def node_credits(workspace, execution_id: str) -> dict[str, int]:
    nodes = answer_of(workspace, execution_id)["nodes"]
    return {node["nodeId"]: node["credits"] for node in nodes if node["credits"]}


def money(workspace) -> tuple[int, int]:
    balance = get_balance(workspace.id)
    return START - balance.available, balance.held


def sums_of(execution_id: str) -> tuple[int, int]:
    (found,) = [sums for sums in list_run_sums() if sums.execution_id == execution_id]
    return found.held, found.captured


def test_a_fixed_price_is_held_and_then_charged(workspace):
    workflow = publish(workspace, line(("paid.inline", {"copies": 3}), "paid.task"))

    run = accept(workspace, workflow, {"text": "a"})
    held = money(workspace)
    perform_all()

    assert run.estimated_credits == 11
    assert held == (11, 11)
    assert credits_of(workspace, run.execution_id) == (11, 11)
    assert node_credits(workspace, run.execution_id) == {"n0": 6, "n1": 5}
    assert money(workspace) == (11, 0)
    assert sums_of(run.execution_id) == (0, 11)
    row = Execution.objects.of(workspace.id).get(pk=run.execution_id)
    assert row.spent == {"paid.inline": [1, 6], "paid.task": [1, 5]}


def test_each_element_of_a_list_costs(workspace):
    workflow = publish(workspace, mapped("paid.task"))

    run = accept(workspace, workflow, {"texts": ["a", "b", "c"]})
    perform_all()

    assert credits_of(workspace, run.execution_id) == (15, 15)
    assert money(workspace) == (15, 0)


def test_s17_a_failed_run_costs_what_completed(workspace):
    workflow = publish(workspace, line("paid.task", "paid.failing", "paid.task"))

    run = accept(workspace, workflow, {"text": "x"})
    perform_all()

    answer = answer_of(workspace, run.execution_id)
    assert (answer["status"], answer["credits"]) == ("FAILED", {"estimated": 17, "charged": 5})
    assert node_credits(workspace, run.execution_id) == {"n0": 5}
    assert money(workspace) == (5, 0)


def test_s17_a_cancelled_run_costs_what_completed(workspace):
    workflow = publish(workspace, line("paid.task", "paid.task"))
    run = accept(workspace, workflow, {"text": "a"})
    performer = Performer("test")
    performer.is_stopping = True  # so that it leaves off after the first
    performer.perform(ready_tasks()[0])

    cancel_execution(workspace_id=workspace.id, execution_id=run.execution_id)

    assert credits_of(workspace, run.execution_id) == (10, 5)
    assert money(workspace) == (5, 0)


def test_s17_what_the_cache_knows_costs_nothing(workspace):
    workflow = publish(workspace, line("paid.inline", "paid.task"))
    accept(workspace, workflow, {"text": "a"})
    perform_all()
    version = find_runnable(workspace.id, workflow, None)

    preview = preview_run(version, {"text": "a"}, mode="live")
    again = accept(workspace, workflow, {"text": "a"})

    assert (preview.lower, preview.upper) == (0, 7)
    assert again.estimated_credits == 0
    assert credits_of(workspace, again.execution_id) == (0, 0)
    assert money(workspace) == (7, 0)


def test_a_retry_pays_for_the_rest_alone(workspace):
    workflow = publish(workspace, line("paid.task", "paid.failing"))
    first = accept(workspace, workflow, {"text": "ax"}, cache="off")
    perform_all()

    again = retry_execution(RetryRequest(workspace.id, first.execution_id, "live"))
    perform_all()

    assert again.estimated_credits == 7
    assert credits_of(workspace, again.execution_id) == (7, 0)  # it fails again
    assert money(workspace) == (5, 0)


def test_a_test_run_holds_and_costs_nothing(workspace):
    workflow = publish(workspace, line("paid.task"))
    version = find_runnable(workspace.id, workflow, None)

    preview = preview_run(version, {"text": "a"}, mode="test")
    run = make_execution(get_workflow(workspace.id, workflow), inputs={"text": "a"}, mode="test")
    perform_all()

    assert (preview.lower, preview.upper, run.estimated_credits) == (0, 0, 0)
    assert answer_of(workspace, run.execution_id)["status"] == "COMPLETED"
    assert node_credits(workspace, run.execution_id) == {}
    assert money(workspace) == (0, 0)


def test_without_the_credits_a_run_is_refused_with_what_each_node_costs(owner):
    poor = make_workspace(owner=owner, credits=10)
    workflow = publish(poor, line(("paid.inline", {"copies": 3}), "paid.task"))

    with pytest.raises(InsufficientCredits) as refusal:
        accept(poor, workflow, {"text": "a"})

    fields = refusal.value.fields
    assert (fields["required"], fields["balance"], fields["shortfall"]) == (11, 10, 1)
    assert [
        (node["nodeId"], node["type"], node["credits"], node["quantity"])
        for node in fields["nodes"]
    ] == [("n0", "paid.inline", 6, 1), ("n1", "paid.task", 5, 1)]
    assert not Execution.objects.of(poor.id).exists()
    assert not LedgerEntry.objects.of(poor.id).filter(type="hold").exists()


def test_a_cap_below_the_estimate_refuses(workspace):
    workflow = publish(workspace, line("paid.task"))

    with pytest.raises(OverMaxCredits) as refusal:
        accept(workspace, workflow, {"text": "a"}, max_credits=4)
    run = accept(workspace, workflow, {"text": "a"}, max_credits=5)

    assert refusal.value.fields["required"] == 5
    assert run.estimated_credits == 5


def test_g8_a_list_is_held_for_all_its_elements(owner):
    poor = make_workspace(owner=owner, credits=400)
    workflow = publish(poor, mapped("paid.task"))

    with pytest.raises(InsufficientCredits) as refusal:
        accept(poor, workflow, {"texts": [f"{n}" for n in range(100)]})

    assert refusal.value.fields["required"] == 500


def test_what_a_called_workflow_costs_is_held_and_charged_at_the_top(workspace):
    inner = publish(workspace, line("paid.task", ("paid.inline", {"copies": 2})))
    middle = publish(workspace, calling(inner))
    workflow = publish(workspace, calling(middle, after="paid.task"))

    run = accept(workspace, workflow, {"text": "a"})
    held = money(workspace)
    perform_all()

    assert held == (14, 14)
    assert credits_of(workspace, run.execution_id) == (14, 14)
    assert node_credits(workspace, run.execution_id) == {"call": 9, "n": 5}
    assert sums_of(run.execution_id) == (0, 14)
    assert money(workspace) == (14, 0)


def test_a_called_workflow_that_fails_costs_what_completed_in_it(workspace):
    inner = publish(workspace, line("paid.task", "paid.failing"))
    workflow = publish(workspace, calling(inner, after="paid.task"))

    run = accept(workspace, workflow, {"text": "x"})
    perform_all()

    assert answer_of(workspace, run.execution_id)["status"] == "FAILED"
    assert credits_of(workspace, run.execution_id) == (17, 5)
    assert node_credits(workspace, run.execution_id) == {"call": 5}
    assert money(workspace) == (5, 0)


def test_a_cancelled_run_shows_what_a_call_had_cost_by_then(workspace):
    inner = publish(workspace, line("paid.task", "paid.failing"))
    workflow = publish(workspace, calling(inner))
    run = accept(workspace, workflow, {"text": "a"})
    performer = Performer("test")
    performer.perform(ready_tasks()[0])  # starts the call
    performer.is_stopping = True
    performer.perform(ready_tasks()[0])  # the first node inside

    cancel_execution(workspace_id=workspace.id, execution_id=run.execution_id)
    perform_all()

    assert credits_of(workspace, run.execution_id) == (12, 5)
    assert node_credits(workspace, run.execution_id) == {"call": 5}
    assert money(workspace) == (5, 0)
    final = Execution.objects.of(workspace.id).get(pk=run.execution_id).final_payload
    assert json.loads(final or "")["credits"]["charged"] == 5


def test_what_ends_in_a_run_below_after_the_cancel_is_not_had_for_nothing(workspace):
    inner = publish(workspace, line("paid.task", ("paid.inline", {"copies": 2})))
    workflow = publish(workspace, calling(inner))
    run = accept(workspace, workflow, {"text": "a"})
    Performer("test").perform(ready_tasks()[0])  # starts the call
    with transaction.atomic():  # cancelled, and the runs below are not yet
        row = lock_execution(run.execution_id)
        assert row is not None
        end_open_run(row, ExecutionStatus.CANCELLED, None, clock=SYSTEM_CLOCK)

    perform_all()
    end_stray()
    again = accept(workspace, workflow, {"text": "a"})
    perform_all()

    assert credits_of(workspace, run.execution_id) == (9, 0)
    assert Execution.objects.of(workspace.id).get(parent_id=run.execution_id).status == "CANCELLED"
    assert credits_of(workspace, again.execution_id) == (9, 9)
    assert money(workspace) == (9, 0)


@pytest.mark.parametrize("is_below", [False, True], ids=["at the top", "below"])
def test_the_cache_is_stored_into_before_the_account_is_locked(workspace, is_below):
    workflow = publish(workspace, line("paid.task"))
    if is_below:
        workflow = publish(workspace, calling(workflow))
    accept(workspace, workflow, {"text": "a"})
    performer = Performer("test")
    if is_below:
        performer.perform(ready_tasks()[0])
    performer.is_stopping = True

    with CaptureQueriesContext(connection) as queries:
        performer.perform(ready_tasks()[0])

    texts = [query["sql"] for query in queries]
    (stored,) = [at for at, sql in enumerate(texts) if 'INTO "executor_cacheentry"' in sql]
    (settled,) = [at for at, sql in enumerate(texts) if sql.startswith("UPDATE billing_account")]
    assert stored < settled


def test_what_the_cache_may_lose_until_it_is_needed_is_held(workspace):
    document = graph(
        {
            "in": ("input.text", {"name": "text"}),
            "end": ("input.text", {"name": "end"}),
            "n": ("paid.inline", {"copies": 3}),
            "join": "text.join",
            "out": ("output", {"name": "text"}),
        },
        [
            "in.value -> n.text",
            "n.text -> join.texts",
            "end.value -> join.texts",
            "join.text -> out.value",
        ],
    )
    workflow = publish(workspace, document)
    accept(workspace, workflow, {"text": "a", "end": "1"})
    perform_all()

    run = accept(workspace, workflow, {"text": "a", "end": "2"})
    CacheEntry.objects.of(workspace.id).delete()
    perform_all()
    other = accept(workspace, workflow, {"text": "a", "end": "3"})
    perform_all()

    assert credits_of(workspace, run.execution_id) == (6, 6)
    assert credits_of(workspace, other.execution_id) == (6, 0)
    assert money(workspace) == (12, 0)


def test_what_a_call_may_find_known_makes_its_price_a_range(workspace):
    inner = publish(workspace, line("paid.task"))
    workflow = publish(workspace, calling(inner, after="paid.task"))
    version = find_runnable(workspace.id, workflow, None)
    accept(workspace, workflow, {"text": "a"})
    perform_all()

    told = preview_run(version, {"text": "a"}, mode="live")
    again = accept(workspace, workflow, {"text": "a"})
    perform_all()

    charged = credits_of(workspace, again.execution_id)[1]
    assert (told.lower, told.upper) == (0, 10)
    assert charged == 0
