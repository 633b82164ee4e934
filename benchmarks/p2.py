"""P2: CPU of a worker for each node of chains of light nodes, stored durably; does it grow?"""

from typing import Any

from benchmarks.backends import each_backend
from benchmarks.graphs import CHAIN_LENGTHS
from benchmarks.harness import Line, Sample, at_most, begin, print_table, sample
from benchmarks.processes import run_job

NODES_A_ROUND = 2_000
LIMIT_MS = 0.25
GROWTH_LIMIT = 1.2
JUDGED = 50


def main() -> None:
    """Measure on each database."""
    rounds, lines, notes = begin(5), list[Line](), []
    for backend in each_backend():
        found = run_job("chains", backend.env, rounds, NODES_A_ROUND)
        lines += _lines(backend.name, found)
        notes.append(backend.note)
    print_table(
        "P2  CPU of a worker for each node, chains of text.case",
        lines,
        "claim, run, store and finish, in process CPU time; accepting is not in it",
        "baseline: the same nodes' functions called in a loop, with records made before, nothing "
        "checked and nothing stored",
        "growth: the cost of a node in the chain of 498 to that in the chain of 50; the figure of "
        "10 has the fixed cost of a run on few nodes",
        *notes,
    )


def _lines(name: str, found: dict[str, Any]) -> list[Line]:
    cpu = {length: sample(found["cpu"][str(length)], "ms") for length in CHAIN_LENGTHS}
    bare = {length: sample(found["bare"][str(length)], "ms") for length in CHAIN_LENGTHS}
    lines = [_line(name, length, cpu[length], bare[length]) for length in CHAIN_LENGTHS]
    growth = [
        long / short
        for long, short in zip(cpu[CHAIN_LENGTHS[-1]].figures, cpu[JUDGED].figures, strict=True)
    ]
    wall = sample(found["wall"][str(JUDGED)], "ms")
    commits = sample(found["commits"], "commits/s")
    return [
        *lines,
        at_most(f"{name}: growth, 498 to {JUDGED}", sample(growth, "×"), GROWTH_LIMIT),
        Line(f"{name}: chain of {JUDGED} by the wall clock", wall, cpu[JUDGED]),
        Line("beside it: bare SQLite, one INSERT a commit", commits),
    ]


def _line(name: str, length: int, cpu: Sample, bare: Sample) -> Line:
    title = f"{name}: chain of {length}"
    return at_most(title, cpu, LIMIT_MS, bare) if length == JUDGED else Line(title, cpu, bare)


if __name__ == "__main__":
    main()
