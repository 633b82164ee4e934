"""P10: the second start of `manage.py serve` to its first answer, and what memory it then has."""

import time

from benchmarks.backends import sqlite
from benchmarks.harness import at_most, begin, print_table, sample
from benchmarks.processes import embedded_server, gunicorn_server
from benchmarks.under_load import BARE_APP

LIMIT_S = 5
LIMIT_MB = 200


def main() -> None:
    """Start it once for the first time, then again and again."""
    rounds, ours, bare, memory, bare_memory = begin(5), [], [], [], []
    with sqlite() as backend:
        with embedded_server(backend.env):
            pass
        for _ in range(rounds):
            began = time.perf_counter()
            with embedded_server(backend.env) as server:
                ours.append(time.perf_counter() - began)
                memory.append(server.rss_mb())
            began = time.perf_counter()
            with gunicorn_server(backend.bare_env, workers=1, app=BARE_APP) as server:
                bare.append(time.perf_counter() - began)
                bare_memory.append(server.rss_mb())
    print_table(
        "P10  start of manage.py serve, the second time, to the first answer of /healthz",
        [
            at_most("start", sample(ours, "s"), LIMIT_S, sample(bare, "s")),
            at_most("resident memory", sample(memory, "MB"), LIMIT_MB, sample(bare_memory, "MB")),
        ],
        "baseline: gunicorn with one worker and a bare Django with DRF",
        "memory is that of the process and its children, pages that they share counted twice",
    )


if __name__ == "__main__":
    main()
