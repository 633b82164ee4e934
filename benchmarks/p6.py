"""P6: `execute` with everything in, against a bare DRF endpoint that does one INSERT."""

from typing import Any

from benchmarks.backends import Backend, each_backend
from benchmarks.client import execute_requests, post
from benchmarks.harness import Line, at_most, begin, print_table, sample
from benchmarks.processes import run_job
from benchmarks.under_load import Candidate, lines_of, measure, servers

LIMIT = 0.5
STATEMENTS = 9
COMMITS = 1


def main() -> None:
    """Measure on each database; no worker runs meanwhile."""
    rounds, lines, notes = begin(5), list[Line](), []
    for backend in each_backend():
        with servers(backend) as found:
            loads = measure(found, {"execute": _ours(backend)}, _bare(), rounds)
        lines += lines_of(f"{backend.name}: execute", "execute", loads, LIMIT)
        counted = run_job("statements", backend.env)["execute"]
        lines += _count_lines(backend.name, counted)
        notes += [backend.note, f"{backend.name}: {_verbs(counted)}"]
    print_table("P6  execute under gunicorn, against a bare DRF endpoint with one INSERT", lines,
                "each request has a key, three nodes of which one costs credits that are held for it, and an "
                "idempotency key of its own",
                *notes)  # fmt: skip


def _ours(backend: Backend) -> Candidate:
    access = backend.access
    requests = execute_requests(access["paid"], lambda word: {"text": word}, access["key"])
    return Candidate(requests, 202)


def _bare() -> Candidate:
    request = post("/bare", {"text": "word"})
    return Candidate(lambda: request, 201)


def _count_lines(name: str, counted: dict[str, Any]) -> list[Line]:
    statements = sample([len(counted["statements"])], "statements")
    return [
        at_most(f"{name}: execute, warm", statements, STATEMENTS),
        at_most(f"{name}: execute, warm", sample([counted["commits"]], "commits"), COMMITS),
    ]


def _verbs(counted: dict[str, Any]) -> str:
    return "; ".join(" ".join(text.split()[:3]) for text in counted["statements"])


if __name__ == "__main__":
    main()
