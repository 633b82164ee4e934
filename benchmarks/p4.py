"""P4: a fan-out of a thousand light elements on one worker, from submitting it to its end."""

import contextlib

from benchmarks.backends import Backend, each_backend
from benchmarks.client import Connection, execute_requests, run_to_final
from benchmarks.graphs import ELEMENTS
from benchmarks.harness import Line, at_most, begin, print_table, sample, timed
from benchmarks.processes import Child, asgi_server, embedded_server, run_job, worker

LIMIT_MS = 500


def main() -> None:
    """Measure both deployments."""
    rounds, lines, notes = begin(5), list[Line](), []
    for backend in each_backend():
        with contextlib.ExitStack() as stack:
            if backend.is_embedded:
                server = stack.enter_context(embedded_server(backend.env))
            else:
                server = stack.enter_context(asgi_server(backend.env))
                stack.enter_context(worker(backend.env))
            lines += _lines(backend, server, rounds)
        notes.append(backend.note)
    print_table(
        f"P4  fan-out of {ELEMENTS:,} elements: input.list → text.case → text.join → output",
        lines,
        "baseline: the function of text.case called for each element with a record made for it, "
        "nothing stored",
        *notes,
    )


def _lines(backend: Backend, server: Child, rounds: int) -> list[Line]:
    key = backend.access["key"]
    make = execute_requests(backend.access["fan"], _inputs, key)
    whole, cpu, bare = [], [], []
    with Connection(server.port) as connection:
        run_to_final(connection, make(), key)
        for _ in range(rounds):
            cpu_s = server.cpu_s()
            whole.append(timed(lambda: run_to_final(connection, make(), key)) * 1_000)
            cpu.append((server.cpu_s() - cpu_s) * 1_000)
            bare += run_job("elements", backend.env, 1)
    where = "embedded" if backend.is_embedded else backend.name
    baseline = sample(bare, "ms")
    lines = [at_most(f"{where}: submit to final", sample(whole, "ms"), LIMIT_MS, baseline)]
    if backend.is_embedded:
        lines.append(Line(f"{where}: CPU of it", sample(cpu, "ms"), baseline))
    return lines


def _inputs(word: str) -> dict[str, list[str]]:
    return {"texts": [f"{word} {index}" for index in range(ELEMENTS)]}


if __name__ == "__main__":
    main()
