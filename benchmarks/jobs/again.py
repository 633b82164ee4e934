"""The same graph with the same inputs again, beside accepting it alone (P5).

Argument: rounds. All in one process, by the wall clock and by CPU.
"""

import json
import time
from typing import Any

from benchmarks.graphs import ELEMENTS
from benchmarks.jobs.access import Access
from executor.models import Task
from executor.runtime.perform import Performer
from executor.selectors.runs import get_execution_json

GRAPHS: dict[str, dict[str, Any]] = {
    "text": {"text": "word"},
    "chain50": {"text": "word"},
    "fan": {"texts": [f"word {index}" for index in range(ELEMENTS)]},
}


def main(rounds: str) -> None:
    """Print by graph the ms of accepting, of all, and whether nodes were answered by the cache."""
    access, performer = Access(), Performer("bench")
    found: dict[str, Any] = {}
    for name, inputs in GRAPHS.items():
        _run(access, performer, name, inputs)  # the first time, which fills a cache
        accepted, whole, is_cached = [], [], False
        for _ in range(int(rounds)):
            accept_ms, whole_ms, is_cached = _run(access, performer, name, inputs)
            accepted.append(accept_ms)
            whole.append(whole_ms)
        found[name] = {"accepted": accepted, "whole": whole, "cached": is_cached}
    print(json.dumps(found), flush=True)


def _run(
    access: Access, performer: Performer, name: str, inputs: dict[str, Any]
) -> tuple[float, float, bool]:
    began = time.process_time()
    execution = access.accept_run(name, inputs)
    accepted = time.process_time()
    tasks = Task.objects.filter(execution_id=execution, state="ready").values_list("pk", flat=True)
    while found := list(tasks.all()):  # asked anew each time
        performer.perform(found[0])
    ended = time.process_time()
    nodes = get_execution_json(access.workspace_id, execution)["nodes"]
    is_cached = any(node["cached"] for node in nodes)
    return (accepted - began) * 1_000, (ended - began) * 1_000, is_cached
