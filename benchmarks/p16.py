"""P16: a workspace's wait for a worker, beside one that has ten thousand runs queued."""

from typing import Any

from benchmarks.backends import Backend, each_backend
from benchmarks.harness import Line, begin, print_table, ratio_at_most, sample
from benchmarks.processes import run_job, worker
from benchmarks.sockets import p95_ms

LOADS = {
    "silent": "the other silent",
    "normal": "5 runs of the other each time",
    "limited": "10,000 queued, 20 at once",
    "queued": "10,000 queued, all ready",
}
CROWDED = ("limited", "queued")
LIMIT = 2


def main() -> None:
    """Measure on each database, the loads in turns."""
    rounds, lines, notes = begin(2), list[Line](), []
    for backend in each_backend():
        found: dict[str, list[Any]] = {load: [] for load in LOADS}
        for _ in range(rounds):
            for load, figures in found.items():
                figures.append(_measure(backend, load))
        lines += _lines(backend.name, found)
        notes += [backend.note, *_left(backend.name, found)]
    print_table(
        "P16  100 runs of a workspace, one each 100 ms, and another that crowds the queue",
        lines,
        "the wait is from a run's acceptance to its first claim, by the times in the rows",
        "baseline: the same beside a normal load of the other; of the other's rate: before the "
        "runs were sent",
        *notes,
    )


def _measure(backend: Backend, load: str) -> Any:
    if backend.is_embedded:
        return run_job("neighbours", backend.env, "here", load)
    queued = run_job("neighbours", backend.env, "queue", load)
    with worker(backend.env):
        return run_job("neighbours", backend.env, "send", load, queued["crowded"])


def _lines(name: str, found: dict[str, list[Any]]) -> list[Line]:
    waits = {
        load: sample([p95_ms(one["waitsS"]) for one in figures], "ms")
        for load, figures in found.items()
    }
    lines = [Line(f"{name}: wait p95, {LOADS[load]}", waits[load]) for load in ("silent", "normal")]
    lines += [
        ratio_at_most(f"{name}: wait p95, {LOADS[load]}", waits[load], waits["normal"], LIMIT)
        for load in CROWDED
    ]
    for load in CROWDED:
        beside = sample([one["besidePerS"] for one in found[load]], "/s")
        alone = sample([one["alonePerS"] for one in found[load]], "/s")
        lines.append(Line(f"{name}: the other's rate, {LOADS[load]}", beside, alone))
    return lines


def _left(name: str, found: dict[str, list[Any]]) -> list[str]:
    """Say how long the queue still was when the last run had been sent: never empty."""
    least = min(one["left"] for load in CROWDED for one in found[load])
    return [f"{name}: at least {least:,} runs of the other were still queued at the end"]


if __name__ == "__main__":
    main()
