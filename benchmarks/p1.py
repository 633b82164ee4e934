"""P1: a run of three nodes on an idle system, from submitting it to seeing its end by poll."""

import contextlib
import time
from collections.abc import Callable, Iterator

from benchmarks.backends import Backend, each_backend
from benchmarks.client import Connection, execute_requests, get, post, run_to_final
from benchmarks.harness import Line, Sample, at_most, begin, print_table, sample, timed
from benchmarks.processes import Child, asgi_server, embedded_server, worker

IDLE_S = 0.6  # longer than it takes a worker to fall asleep
LIMIT_MS = {"SQLite": 10, "PostgreSQL + Redis": 20}


def main() -> None:
    """Measure both deployments."""
    rounds, lines, notes = begin(12), list[Line](), []
    for backend in each_backend():
        with _deployment(backend) as server:
            lines += _measure(backend, server, rounds)
        notes.append(backend.note)
    print_table(
        "P1  3-node run on an idle system, submit to final seen by poll?wait",
        lines,
        "baseline of the runs: POST that does one INSERT, then GET that does one SELECT, in the "
        "same server",
        *notes,
    )


@contextlib.contextmanager
def _deployment(backend: Backend) -> Iterator[Child]:
    """Start one embedded process, or a web process and a worker process."""
    if backend.is_embedded:
        with embedded_server(backend.env) as server:
            yield server
    else:
        with asgi_server(backend.env) as server, worker(backend.env):
            yield server


def _measure(backend: Backend, server: Child, rounds: int) -> list[Line]:
    with Connection(server.port) as connection:
        works = _works(backend, connection)
        for work in works.values():
            work()
        found: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(rounds):
            for name, work in works.items():
                time.sleep(IDLE_S)
                found[name].append(timed(work) * 1_000)
    samples = {name: sample(figures, "ms") for name, figures in found.items()}
    return _lines(backend, samples)


def _works(backend: Backend, connection: Connection) -> dict[str, Callable[[], object]]:
    access = backend.access
    key = access["key"]
    runs = {
        "text": execute_requests(access["text"], lambda word: {"text": word}, key),
        # The same photo each time, so the cache may only be written.
        "picture": execute_requests(
            access["picture"],
            lambda _: {"photo": {"fileId": access["photo"]}},
            key,
            cache="refresh",
        ),
    }

    def run(name: str) -> None:
        run_to_final(connection, runs[name](), key)

    def pair(first: bytes, second: bytes, expected: int) -> None:
        connection.send(first, expected=expected)
        connection.send(second)

    plain, select = get("/healthz"), get(f"/bare/{access['bareRow']}")
    insert = post("/bare", {"text": "word"})
    return {
        "text": lambda: run("text"),
        "bare": lambda: pair(insert, select, 201),
        "picture": lambda: run("picture"),
        "healthz": lambda: pair(plain, plain, 200),
    }


def _lines(backend: Backend, samples: dict[str, Sample]) -> list[Line]:
    where = "embedded" if backend.is_embedded else backend.name
    limit, bare = LIMIT_MS[backend.name], samples["bare"]
    return [
        at_most(f"{where}: text", samples["text"], limit, bare),
        at_most(f"{where}: picture 64×64", samples["picture"], limit, bare),
        Line(f"{where}: bare pair / healthz pair", bare, samples["healthz"]),
    ]


if __name__ == "__main__":
    main()
