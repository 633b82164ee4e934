"""P5: the same graph with the same inputs again, against the cost of accepting it."""

from typing import Any

from benchmarks.backends import each_backend
from benchmarks.harness import Line, begin, print_table, ratio_at_most, sample
from benchmarks.processes import run_job

LIMIT = 1.3


def main() -> None:
    """Measure on each database."""
    rounds, lines, notes = begin(10), list[Line](), []
    for backend in each_backend():
        found = run_job("again", backend.env, rounds)
        lines += [_line(f"{backend.name}: {name}", figures) for name, figures in found.items()]
        if not all(figures["cached"] for figures in found.values()):
            notes.append(
                f"{backend.name}: no node was answered from a cache: it is not built yet, and the "
                "figures are those of running everything again"
            )
        notes.append(backend.note)
    print_table("P5  the same graph again, CPU of accepting and running it", lines,
                "baseline: accepting it alone, in the same runs", *notes)  # fmt: skip


def _line(name: str, figures: dict[str, Any]) -> Line:
    whole, accepted = sample(figures["whole"], "ms"), sample(figures["accepted"], "ms")
    return ratio_at_most(name, whole, accepted, LIMIT)


if __name__ == "__main__":
    main()
