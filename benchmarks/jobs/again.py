"""The same graph with the same inputs again, beside accepting one that nobody ran (P5).

Argument: rounds. All in one process, by CPU. A run that the cache answers is over when it is
accepted; the other one has its look into the cache as well, and its tasks are left to nobody.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from benchmarks.graphs import ELEMENTS
from benchmarks.jobs.access import Access
from executor.models import Task
from executor.runtime.perform import Performer
from executor.selectors.runs import get_execution_json

GRAPHS: dict[str, Callable[[str], dict[str, Any]]] = {
    "text": lambda word: {"text": word},
    "chain50": lambda word: {"text": word},
    "fan": lambda word: {"texts": [f"{word} {index}" for index in range(ELEMENTS)]},
}


def main(rounds: str) -> None:
    """Print by graph the ms of accepting a new run, of an old one to its end, and its nodes."""
    access, performer = Access(), Performer("bench")
    found: dict[str, Any] = {}
    for name, inputs in GRAPHS.items():
        _complete(access, performer, name, inputs("again"))
        _accept(access, name, inputs("warm"))
        accepted, whole, is_cached = [], [], True
        for number in range(int(rounds)):
            accepted.append(_accept(access, name, inputs(f"new {number}"))[1])
            execution, spent_ms = _accept(access, name, inputs("again"))
            whole.append(spent_ms)
            is_cached = is_cached and _is_cached(access, execution)
        found[name] = {"accepted": accepted, "whole": whole, "cached": is_cached}
    print(json.dumps(found), flush=True)


def _complete(access: Access, performer: Performer, name: str, inputs: dict[str, Any]) -> None:
    """Run a graph to its end, which fills the cache."""
    execution = access.accept_run(name, inputs)
    tasks = Task.objects.filter(execution_id=execution, state="ready").values_list("pk", flat=True)
    while found := list(tasks.all()):  # asked anew each time
        performer.perform(found[0])


def _accept(access: Access, name: str, inputs: dict[str, Any]) -> tuple[str, float]:
    began = time.process_time()
    execution = access.accept_run(name, inputs)
    return execution, (time.process_time() - began) * 1_000


def _is_cached(access: Access, execution: str) -> bool:
    """Say whether a run is over without a task, all of its nodes out of the cache."""
    answer = get_execution_json(access.workspace_id, execution)
    plain = [node for node in answer["nodes"] if not node["type"].startswith(("input.", "output"))]
    return answer["status"] == "COMPLETED" and all(node["cached"] for node in plain)
