"""P7: `poll` of a final and of a queued run, against a bare DRF endpoint that does one SELECT."""

from benchmarks.backends import Backend, each_backend
from benchmarks.client import get
from benchmarks.harness import Line, at_most, begin, print_table, sample
from benchmarks.processes import run_job
from benchmarks.under_load import Candidate, lines_of, measure, servers

LIMIT = 0.8
STATEMENTS = 2


def main() -> None:
    """Measure on each database."""
    rounds, lines, notes = begin(5), list[Line](), []
    for backend in each_backend():
        with servers(backend) as found:
            loads = measure(found, _ours(backend), _bare(backend), rounds)
        for name in ("final", "queued"):
            lines += lines_of(f"{backend.name}: poll, {name}", name, loads, LIMIT)
        counted = run_job("statements", backend.env)
        for title, name in (("final", "pollFinal"), ("queued", "poll")):
            statements = sample([len(counted[name]["statements"])], "statements")
            lines.append(at_most(f"{backend.name}: poll, {title}", statements, STATEMENTS))
        notes.append(backend.note)
    print_table(
        "P7  poll under gunicorn, against a bare DRF endpoint with one SELECT", lines, *notes
    )


def _ours(backend: Backend) -> dict[str, Candidate]:
    runs = run_job("polled", backend.env)
    key = backend.access["key"]
    return {
        name: _candidate(get(f"/api/v1/workflows/executions/{runs[name]}/poll", key=key))
        for name in ("final", "queued")
    }


def _bare(backend: Backend) -> Candidate:
    return _candidate(get(f"/bare/{backend.access['bareRow']}"))


def _candidate(request: bytes) -> Candidate:
    return Candidate(lambda: request, 200)


if __name__ == "__main__":
    main()
