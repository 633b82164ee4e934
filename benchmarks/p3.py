"""P3: runs a second with a thousand queued graphs of three nodes and one worker process."""

from typing import Any

from benchmarks.backends import Backend, each_backend
from benchmarks.harness import Line, at_least, begin, print_table, sample
from benchmarks.processes import run_job, worker

RUNS = 1_000
LIMIT_PER_S = {"SQLite": 300, "PostgreSQL + Redis": 200}


def main() -> None:
    """Measure on each database."""
    rounds, lines, notes = begin(3), list[Line](), []
    for backend in each_backend():
        lines += _lines(backend, rounds)
        notes.append(backend.note)
    print_table(
        f"P3  {RUNS:,} queued graphs of 3 nodes, one worker process",
        lines,
        "from the first claim to the last final status, by the times in the rows",
        "baseline: as many transactions of Django's ORM, one INSERT and one UPDATE each, in one "
        "thread",
        "on SQLite the runs are accepted and performed in one process, as the embedded server does",
        *notes,
    )


def _lines(backend: Backend, rounds: int) -> list[Line]:
    drained, bare = [], []
    drain = _drain_here if backend.is_embedded else _drain_beside
    for _ in range(rounds):
        drained.append(drain(backend))
        bare.append(run_job("transactions", backend.env, RUNS))
    return [
        at_least(
            f"{backend.name}: runs", _of(drained, "perS", "/s"), LIMIT_PER_S[backend.name],
            _of(bare, "perS", "/s"),
        ),
        Line(f"{backend.name}: CPU of a run", _of(drained, "cpuMs", "ms"), _of(bare, "cpuMs", "ms")),
        Line(f"{backend.name}: accepted, in process", _of(drained, "acceptedPerS", "/s"),
             _of(bare, "perS", "/s")),
    ]  # fmt: skip


def _drain_here(backend: Backend) -> dict[str, Any]:
    found: dict[str, Any] = run_job("drain", backend.env, "here", RUNS)
    return found


def _drain_beside(backend: Backend) -> dict[str, Any]:
    found: dict[str, Any] = run_job("drain", backend.env, "accept", RUNS)
    with worker(backend.env) as child:
        cpu_s = child.cpu_s()
        found |= run_job("drain", backend.env, "watch", RUNS, found["first"])
        found["cpuMs"] = (child.cpu_s() - cpu_s) / RUNS * 1_000
    return found


def _of(found: list[dict[str, Any]], name: str, unit: str) -> Any:
    return sample([figures[name] for figures in found], unit)


if __name__ == "__main__":
    main()
