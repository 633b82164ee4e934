"""P15: five thousand executes in a moment: answered, run to their end, and polls quick meanwhile."""

import asyncio
import contextlib
import json
import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.backends import Backend, each_backend
from benchmarks.client import execute_requests, get
from benchmarks.crowd import BROKEN, Burst, polling, send_all
from benchmarks.harness import Line, at_most, begin, print_table, sample
from benchmarks.processes import (
    asgi_server,
    embedded_server,
    gunicorn_server,
    run_job,
    worker,
)
from benchmarks.sockets import p95_ms

REQUESTS = 5_000
CROWDS = (64, REQUESTS)  # connections
IDLE_S = 3.0
FILES = REQUESTS + 1_000  # open ones, here and in the server
POLL_LIMIT_MS = 250


@dataclass(frozen=True, slots=True)
class Servers:
    """The ports that take what starts runs, and everything else."""

    starting: int
    plain: int


Deployment = Callable[[Backend], contextlib.AbstractContextManager[Servers]]


@dataclass
class Figures:
    """What was measured of one server and one crowd, a figure for each round."""

    counts: list[dict[str, int]] = field(default_factory=list)
    answered_s: list[float] = field(default_factory=list)
    accepts_per_s: list[float] = field(default_factory=list)
    idle_ms: list[float] = field(default_factory=list)
    burst_ms: list[float] = field(default_factory=list)
    longest_ms: list[float] = field(default_factory=list)
    drain_s: list[float] = field(default_factory=list)


def main() -> None:
    """Measure each deployment with each crowd."""
    rounds, lines, notes = begin(1), list[Line](), list[str]()
    _allow_files()
    for backend in each_backend():
        polls = _polls(backend)  # before any worker could take the run
        for name, deployment in _deployments(backend).items():
            with deployment(backend) as servers:
                for connections in CROWDS:
                    figures = Figures()
                    for _ in range(rounds):
                        _measure(backend, servers, polls, connections, figures)
                    title = f"{name}, {connections:,} connections"
                    lines += _lines(title, figures)
                    notes += [f"{title}: {_told(counts)}" for counts in figures.counts]
        notes.append(backend.note)
    print_table(
        f"P15  {REQUESTS:,} executes as fast as they go",
        lines,
        "polls: a final run and /me in turn, each 50 ms after the last or after its answer, from a "
        "process of its own; the baseline is the same server idle",
        "as deployed: what starts runs goes to one process of the ASGI role, the rest to gunicorn with "
        "2 workers (deploy/README.md), and a worker runs beside them",
        "who is refused comes back once, after the seconds of Retry-After",
        *notes,
    )


def _allow_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, most))


@contextlib.contextmanager
def _embedded(backend: Backend) -> Iterator[Servers]:
    with embedded_server(backend.env) as child:
        yield Servers(child.port, child.port)


@contextlib.contextmanager
def _routed(backend: Backend) -> Iterator[Servers]:
    with (
        asgi_server(backend.env) as asgi,
        gunicorn_server(backend.env, workers=2) as wsgi,
        worker(backend.env),
    ):
        yield Servers(asgi.port, wsgi.port)


@contextlib.contextmanager
def _unrouted(backend: Backend) -> Iterator[Servers]:
    with gunicorn_server(backend.env, workers=2) as wsgi, worker(backend.env):
        yield Servers(wsgi.port, wsgi.port)


def _deployments(backend: Backend) -> dict[str, Deployment]:
    """Return the servers by name; gunicorn's one line for everything only informs."""
    if backend.is_embedded:
        return {"SQLite, embedded": _embedded}
    return {"PostgreSQL, as deployed": _routed, "PostgreSQL, gunicorn alone": _unrouted}


def _polls(backend: Backend) -> list[bytes]:
    """Return the polls of a run that is final, and of who one is."""
    final, key = run_job("polled", backend.env)["final"], backend.access["key"]
    return [get(f"/api/v1/workflows/executions/{final}/poll", key=key), get("/api/v1/me", key=key)]


def _measure(
    backend: Backend, servers: Servers, polls: Sequence[bytes], connections: int, figures: Figures
) -> None:
    access = backend.access
    make = execute_requests(access["text"], lambda word: {"text": word}, access["key"])
    requests = [make() for _ in range(REQUESTS)]
    with polling(servers.plain, polls) as taken:
        idle_from = time.monotonic()
        time.sleep(IDLE_S)
        burst = asyncio.run(send_all(servers.starting, requests, connections=connections))
    idle = taken.between(idle_from, burst.began)
    during = taken.between(burst.began, burst.began + burst.answered_s)
    figures.idle_ms.append(p95_ms(idle))
    figures.burst_ms.append(p95_ms(during))
    figures.longest_ms.append(max(during) * 1_000)
    figures.answered_s.append(burst.answered_s)
    figures.accepts_per_s.append(burst.count(202) / burst.answered_s)
    found = _ended(backend, burst)
    figures.drain_s.append(found.pop("drainS"))
    figures.counts.append(_counts(burst) | found)


def _ended(backend: Backend, burst: Burst) -> Any:
    file = Path(backend.env["DATA_DIR"]) / "accepted.json"
    file.write_text(json.dumps(burst.accepted), "ascii")
    return run_job("accepted", backend.env, file)


def _counts(burst: Burst) -> dict[str, int]:
    waits = [reply.retry_after_s for reply in burst.first if reply.status in {429, 503}]
    return {
        "202": burst.count(202),
        "429": burst.count(429),
        "503": burst.count(503),
        "unanswered": burst.count(BROKEN),
        "other": REQUESTS - burst.count(202, 429, 503, BROKEN),
        "waits": sum(waits) // max(len(waits), 1),
        "longestWait": max(waits, default=0),
        "cameBack": len(burst.second),
        "letIn": sum(reply.status == 202 for reply in burst.second),
    }


def _lines(title: str, figures: Figures) -> list[Line]:
    return [
        Line(f"{title}: all answered", sample(figures.answered_s, "s")),
        Line(f"{title}: accepted", sample(figures.accepts_per_s, "/s")),
        at_most(f"{title}: poll p95", sample(figures.burst_ms, "ms"), POLL_LIMIT_MS,
                sample(figures.idle_ms, "ms")),
        Line(f"{title}: longest poll", sample(figures.longest_ms, "ms")),
        Line(f"{title}: last accept to last final", sample(figures.drain_s, "s")),
    ]  # fmt: skip


def _told(counts: dict[str, int]) -> str:
    answers = (
        f"{counts['202']:,} × 202, {counts['429']:,} × 429, {counts['503']:,} × 503, "
        f"{counts['other']} other, {counts['unanswered']} unanswered"
    )
    back = (
        f"{counts['cameBack']:,} came back after {counts['waits']} s (at most "
        f"{counts['longestWait']} s), {counts['letIn']:,} of them let in"
    )
    runs = (
        f"{counts['told']:,} accepted, {counts['there']:,} there, {counts['completed']:,} COMPLETED, "
        f"{counts['lost']} lost, {counts['untold']} untold, {counts['twice']} twice"
    )
    load = os.getloadavg()[0]
    return f"{answers}; {back}; {runs}; load {load:.1f}"


if __name__ == "__main__":
    main()
