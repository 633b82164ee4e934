"""P13: first byte of the gallery and of a template's page with 1,000 templates, and their statements."""

from typing import Any

from benchmarks.backends import each_backend
from benchmarks.harness import Line, at_most, begin, print_table, sample
from benchmarks.processes import run_job

LIMIT_MS = 50
MOST_STATEMENTS = 12


def main() -> None:
    """Measure on each database; a page is a whole request, without a server's socket."""
    rounds, lines, notes = begin(5), list[Line](), []
    for backend in each_backend():
        found = run_job("gallery", backend.env, rounds)
        lines += _lines(backend.name, found)
        notes.append(f"{backend.name}: 1,000 templates loaded in {found['loadedS']:.0f} s")
    print_table(
        "P13  the gallery and a template's page, 1,000 templates",
        lines,
        "baseline: the page of error codes, which asks the database nothing but who looks",
        *notes,
    )


def _lines(backend: str, found: dict[str, Any]) -> list[Line]:
    figures = found["ms"]
    bare = sample(figures.pop("bare"), "ms")
    times = [
        at_most(f"{backend}: {name}", sample(ms, "ms"), LIMIT_MS, bare)
        for name, ms in figures.items()
    ]
    counts = [
        at_most(f"{backend}: statements, {name}", sample([count], ""), MOST_STATEMENTS)
        for name, count in found["statements"].items()
    ]
    return times + counts


if __name__ == "__main__":
    main()
