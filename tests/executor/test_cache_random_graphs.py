"""Random graphs through the services: again out of the cache, and what is left of it, all is equal."""

import random
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from executor.models import CacheEntry, Task
from executor.services.retry import RetryRequest, retry_execution
from tests.executor import engine_nodes
from tests.executor.random_graphs import grow
from tests.executor.runs import accept, answer_of, perform_all, publish
from workflows.catalogue.node import Node
from workflows.selectors import get_catalogue

FEW, MANY = 12, 250


@pytest.fixture(autouse=True)
def _nodes(settings, monkeypatch) -> Iterator[None]:
    """The node types of the engine's tests."""
    plugin = ModuleType("random_graph_nodes")
    plugin.NODES = tuple(  # type: ignore[attr-defined]
        found
        for found in vars(engine_nodes).values()
        if isinstance(found, type)
        and issubclass(found, Node)
        and found.__module__ == engine_nodes.__name__
    )
    monkeypatch.setitem(sys.modules, plugin.__name__, plugin)
    settings.EXTRA_NODES = [plugin.__name__]
    get_catalogue.cache_clear()
    yield
    get_catalogue.cache_clear()


def outcome(answer: dict[str, Any]) -> Any:
    """What two runs of a graph must have in common."""
    error = answer["error"] and (answer["error"]["code"], answer["error"]["nodeId"])
    nodes = [(node["nodeId"], node["status"], node["outputs"]) for node in answer["nodes"]]
    return answer["status"], answer["outputs"], nodes, error


def performed(workspace, execution_id: str) -> dict[str, Any]:
    """The answer of a run, once it is over."""
    perform_all()
    return answer_of(workspace, execution_id)


def forget_some(workspace, seed: int) -> None:
    """Lose about half of the cache."""
    keys = sorted(CacheEntry.objects.of(workspace.id).values_list("pk", flat=True))
    lost = random.Random(seed).sample(keys, len(keys) // 2)
    CacheEntry.objects.of(workspace.id).filter(pk__in=lost).delete()


@pytest.mark.parametrize("seed", range(1, FEW + 1))
def test_known_results_change_nothing_but_the_work(workspace, seed) -> None:
    check(workspace, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FEW + 1, MANY + 1))
def test_known_results_of_many_graphs_change_nothing_but_the_work(workspace, seed) -> None:
    check(workspace, seed)


def check(workspace, seed: int) -> None:
    """Run a graph, then again out of the cache, out of half of it, and out of the first run."""
    made = grow(seed)
    workflow = publish(workspace, made.document)
    first = accept(workspace, workflow, made.inputs).execution_id
    expected = outcome(performed(workspace, first))

    second = accept(workspace, workflow, made.inputs).execution_id
    answers = [performed(workspace, second)]
    forget_some(workspace, seed)
    answers.append(performed(workspace, accept(workspace, workflow, made.inputs).execution_id))
    request = RetryRequest(workspace.id, first, "live")
    CacheEntry.objects.of(workspace.id).delete()
    answers.append(performed(workspace, retry_execution(request).execution_id))

    if expected[0] == "COMPLETED":
        assert [outcome(answer) for answer in answers] == [expected] * 3
        tasks = Task.objects.filter(execution_id__in=(second, answers[2]["executionId"]))
        assert not tasks.exists()
    else:  # which of several failures is the first depends on the order of the tasks
        assert [answer["status"] for answer in answers] == ["FAILED"] * 3
