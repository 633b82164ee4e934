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
            notes.append(f"{backend.name}: a node was NOT answered from the cache")
        notes.append(backend.note)
    print_table("P5  the same graph again, CPU of it to its end, in one process", lines,
                "baseline: accepting it with other inputs, which the cache does not know",
                "fan: 1,000 elements; chain50: 50 nodes; all entries of the cache are read",
                *notes)  # fmt: skip


def _line(name: str, figures: dict[str, Any]) -> Line:
    whole, accepted = sample(figures["whole"], "ms"), sample(figures["accepted"], "ms")
    return ratio_at_most(name, whole, accepted, LIMIT)


if __name__ == "__main__":
    main()
