"""Random workflows of fixed prices: what was told before is what was charged after.

`PRICED_RUNS=10000 pytest tests/executor/test_money_random.py` for many.
"""

import os
import random
from itertools import count
from typing import Any

import pytest

from billing.api import get_balance
from executor.selectors.invariants import check_invariants
from executor.services.estimates import preview_run
from tests.executor import paid_nodes
from tests.executor.runs import accept, answer_of, perform_all, publish
from tests.factories import make_workspace
from tests.graphs import graph
from workflows import selectors
from workflows.api import find_runnable

RUNS = int(os.environ.get("PRICED_RUNS", "40"))
RUNS_OF_ONE = 8
START = 10**12

_texts = count()


@pytest.fixture(autouse=True)
def _paid_nodes(settings):
    settings.EXTRA_NODES = [paid_nodes.__name__]
    selectors.get_catalogue.cache_clear()
    yield
    settings.EXTRA_NODES = []
    selectors.get_catalogue.cache_clear()


def grow(chance: random.Random, callable_: list[str]) -> dict[str, Any]:
    """A workflow of nodes that each take the text of an earlier one; some cost, some call."""
    is_mapped = chance.random() < 0.3
    entry = ("input.list", {"name": "given", "items": "text"})
    nodes: dict[str, Any] = {"in": entry if is_mapped else ("input.text", {"name": "given"})}
    edges, texts = [], ["in.value"]
    for index in range(chance.randint(1, 7)):
        id_, kind = f"n{index}", chance.choice(("inline", "inline", "task", "case", "call"))
        source = chance.choice(texts)
        if kind == "call" and callable_ and not is_mapped:
            nodes[id_] = ("workflow.run", {"workflowId": chance.choice(callable_)})
            edges.append(f"{source} -> {id_}.given")
        else:
            nodes[id_] = _node(kind, chance)
            edges.append(f"{source} -> {id_}.text")
        texts.append(f"{id_}.text")
    nodes["out"] = ("output", {"name": "text"})
    return graph(nodes, [*edges, f"{texts[-1]} -> out.value"])


def _node(kind: str, chance: random.Random) -> Any:
    if kind == "inline":
        return ("paid.inline", {"copies": chance.randint(1, 4)})
    return (
        "paid.task"
        if kind == "task"
        else ("text.case", {"case": chance.choice(["upper", "lower"])})
    )


def given(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Inputs that no other run has, so that nothing is known."""
    entry = next(node for node in document["nodes"] if node["id"] == "in")
    if entry["type"] == "input.list":
        return {"given": [f"t{next(_texts)}" for _ in range(chance.randint(0, 5))]}
    return {"given": f"t{next(_texts)}"}


def test_what_was_estimated_is_what_is_charged(db):
    chance = random.Random(1)
    workspace = make_workspace(credits=START)
    plain: list[str] = []
    charged_in_all = charged_runs = 0
    document: dict[str, Any] = {}
    workflow = ""

    for number in range(RUNS):
        if number % RUNS_OF_ONE == 0:
            document = grow(chance, plain[-5:])
            workflow = publish(workspace, document)
            if not any(
                node["type"] in ("input.list", "workflow.run") for node in document["nodes"]
            ):
                plain.append(workflow)
        inputs = given(document, chance)
        version = find_runnable(workspace.id, workflow, None)
        told = preview_run(version, inputs, mode="live")
        run = accept(workspace, workflow, inputs, cache="off")  # equal nodes of one run, too, cost
        perform_all()
        answer = answer_of(workspace, run.execution_id)

        assert answer["status"] == "COMPLETED", answer["error"]
        assert told.upper == run.estimated_credits
        if not any(node["type"] == "workflow.run" for node in document["nodes"]):
            assert told.lower == told.upper
        assert answer["credits"] == {"estimated": told.upper, "charged": told.upper}
        assert sum(node["credits"] for node in answer["nodes"]) == told.upper
        charged_in_all += told.upper
        charged_runs += bool(told.upper)

    balance = get_balance(workspace.id)
    assert charged_runs > RUNS / 2
    assert (START - balance.available, balance.held) == (charged_in_all, 0)
    assert [finding for finding in check_invariants() if finding.broken] == []


def test_what_list_nodes_make_costs_what_was_told_before(db):
    chance = random.Random(2)
    workspace = make_workspace(credits=START)
    exact = 0

    for number in range(RUNS // 2):
        document, inputs = _with_lists(chance, number)
        workflow = publish(workspace, document)
        version = find_runnable(workspace.id, workflow, None)
        told, blind = (preview_run(version, given_, mode="live") for given_ in (inputs, {}))
        run = accept(workspace, workflow, inputs, cache="off")
        perform_all()
        answer = answer_of(workspace, run.execution_id)
        charged = answer["credits"]["charged"]

        assert answer["status"] == "COMPLETED", answer["error"]
        assert told.lower <= charged <= told.upper == run.estimated_credits
        assert blind.lower <= charged <= blind.upper
        exact += told.lower == told.upper
    assert exact > RUNS / 4


def _with_lists(chance: random.Random, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A workflow whose paid nodes run for each element of lists that other nodes make."""
    text = "\n".join(f"t{number}-{line}" for line in range(chance.randint(1, 6)))
    nodes: dict[str, Any] = {
        "text": ("input.text", {"name": "text"}),
        "size": ("input.integer", {"name": "size", "minimum": 1, "maximum": 3}),
        "split": ("text.split", {"limit": chance.choice((None, 2, 9))}),
        "make": "list.make",
        "slice": ("list.slice", {"start": chance.choice((0, 1, -2))}),
        "chunk": "list.chunk",
        "cross": "list.cross",
        "one": "paid.task",
        "two": ("paid.inline", {"copies": chance.randint(1, 3)}),
        "three": chance.choice(("paid.inline", "paid.task")),
        "out": ("output", {"name": "out"}),
    }
    edges = [
        "text.value -> split.text",
        "split.texts -> make.values",
        "text.value -> make.values",
        "make.list -> slice.list",
        "size.value -> slice.count",
        "slice.list -> one.text",
        "one.text -> chunk.list",
        "size.value -> chunk.size",
        "chunk.lists -> two.text",
        "make.list -> cross.a",
        "slice.list -> cross.b",
        "cross.a -> three.text",
        "two.text -> out.value",
    ]
    return graph(nodes, edges), {"text": text, "size": chance.randint(1, 3)}
