"""P14: pages of the list of runs at 1,000,000 rows, against a bare SELECT of one row by its key."""

from typing import Any

from benchmarks.backends import each_backend
from benchmarks.harness import Line, at_most, begin, print_table, sample
from benchmarks.processes import run_job

LIMIT_MS = 20


def main() -> None:
    """Measure on each database; a page is a whole request, without a server's socket."""
    rounds, lines, notes = begin(5), list[Line](), []
    for backend in each_backend():
        found = run_job("history", backend.env, rounds)
        lines += _lines(backend.name, found["ms"])
        notes.append(f"{backend.name}: seeded in {found['seededS']:.0f} s")
    print_table(
        "P14  a page of 100 runs, of 1,000,000 in a workspace",
        lines,
        "baseline: SELECT of one whole row by its key, on the same connection in turns",
        *notes,
    )


def _lines(backend: str, figures: dict[str, Any]) -> list[Line]:
    bare = sample(figures.pop("bare"), "ms")
    return [
        at_most(f"{backend}: {name}", sample(ms, "ms"), LIMIT_MS, bare)
        for name, ms in figures.items()
    ]


if __name__ == "__main__":
    main()
