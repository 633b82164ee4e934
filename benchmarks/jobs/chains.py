"""CPU of a worker for each node of chains, in one process, beside the bare functions (P2).

Arguments: rounds, and about how many nodes to run in each round of each length.
"""

import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.graphs import CHAIN_LENGTHS
from benchmarks.jobs.access import Access
from executor.runtime.perform import Performer
from executor.selectors.planning import plan_of
from workflows.api import find_runnable
from workflows.catalogue.node import Node
from workflows.graphs.resolved import ResolvedNode

COMMITS = 300
WORD = {"text": "word"}  # of the bare functions; each run has one of its own, or the cache answers
_numbers = count()


def main(rounds: str, nodes: str) -> None:
    """Print by length: ms of CPU for each node, and by the wall clock; and the baselines."""
    access = Access()
    found: dict[str, dict[str, list[float]]] = {
        name: {str(length): [] for length in CHAIN_LENGTHS} for name in ("cpu", "wall", "bare")
    }
    commits = []
    performer = Performer("bench")
    for length in CHAIN_LENGTHS:  # once unmeasured: plans, statements and files are then warm
        _perform(access, performer, length, 1)
    for _ in range(int(rounds)):
        for length in CHAIN_LENGTHS:
            runs = max(1, int(nodes) // length)
            cpu_s, wall_s = _perform(access, performer, length, runs)
            found["cpu"][str(length)].append(cpu_s / runs / length * 1_000)
            found["wall"][str(length)].append(wall_s / runs / length * 1_000)
            bare_s = _cpu_of(lambda length=length, runs=runs: _call_bare(access, length, runs))  # type: ignore[misc]
            found["bare"][str(length)].append(bare_s / runs / length * 1_000)
        commits.append(_bare_commits_per_s())
    print(json.dumps({**found, "commits": commits}), flush=True)


def _perform(access: Access, performer: Performer, length: int, runs: int) -> tuple[float, float]:
    """Accept runs, unmeasured, then perform them; return CPU and wall seconds of the performing."""
    tasks = [
        access.accept(f"chain{length}", {"text": f"word {next(_numbers)}"}) for _ in range(runs)
    ]
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    for task in tasks:
        performer.perform(task)
    used = time.process_time() - cpu_s, time.perf_counter() - wall_s
    access.check_completed(tasks)
    return used


def _call_bare(access: Access, length: int, runs: int) -> None:
    """Call what the nodes call, with records made before: no checks, no storing, no engine."""
    version = find_runnable(access.workspace_id, access.ids[f"chain{length}"], None)
    nodes = [node for node in plan_of(version.id).graph.nodes if node.spec.meta.role == "plain"]
    bound = [_bound(node) for node in nodes]
    for _ in range(runs):
        for node, record in bound:
            try:
                node.run(None, record).send(None)  # type: ignore[arg-type]
            except StopIteration:
                continue


def _bound(node: ResolvedNode) -> tuple[Node[Any, Any], Any]:
    return node.spec.node(), node.spec.input_record.model_validate({**node.params, **WORD})


def _cpu_of(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _bare_commits_per_s() -> float:
    """Insert single rows into SQLite under our pragmas, a commit for each."""
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "bare.sqlite3", isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, body TEXT)")
        began = time.perf_counter()
        for _ in range(COMMITS):
            database.execute("INSERT INTO row (body) VALUES ('word')")
        seconds = time.perf_counter() - began
        database.close()
    return COMMITS / seconds
