"""What P6 and P7 share: the product's endpoint and the bare ones under the same load, in turns."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.backends import Backend
from benchmarks.client import Load, load
from benchmarks.harness import Line, Sample, ratio_at_least, sample
from benchmarks.processes import Child, gunicorn_server

BARE_APP = "benchmarks.bare.wsgi:application"
SECONDS = 1.5
CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A request under load and the status that it must be answered with."""

    make: Callable[[], bytes]
    expected: int


@dataclass(frozen=True, slots=True)
class Servers:
    """gunicorn with the product and the bare endpoints in it, and a bare Django beside it."""

    product: Child
    bare: Child


@contextlib.contextmanager
def servers(backend: Backend) -> Iterator[Servers]:
    """Start both; SQLite has one writing process in production too, so it gets one worker."""
    workers = 1 if backend.is_embedded else 2
    with (
        gunicorn_server(backend.env, workers=workers) as product,
        gunicorn_server(backend.bare_env, workers=workers, app=BARE_APP) as bare,
    ):
        yield Servers(product, bare)


def measure(
    found: Servers, ours: dict[str, Candidate], bare: Candidate, rounds: int
) -> dict[str, list[Load]]:
    """Put every candidate under load in turns; `beside` and `bare` are the baselines."""
    plan = [(name, found.product, candidate) for name, candidate in ours.items()]
    plan += [("beside", found.product, bare), ("bare", found.bare, bare)]
    loads: dict[str, list[Load]] = {name: [] for name, _, _ in plan}
    for _, child, candidate in plan:
        _put_under_load(child, candidate, SECONDS / 3)  # warms every worker
    for _ in range(rounds):
        for name, child, candidate in plan:
            loads[name].append(_put_under_load(child, candidate, SECONDS))
    return loads


def lines_of(title: str, name: str, loads: dict[str, list[Load]], limit: float) -> list[Line]:
    """Return the lines of one of our endpoints against both baselines."""
    ours, beside, bare = _rate(loads[name]), _rate(loads["beside"]), _rate(loads["bare"])
    return [
        ratio_at_least(f"{title} / bare endpoint in the same server", ours, beside, limit),
        ratio_at_least(f"{title} / bare Django", ours, bare, limit),
        Line(f"{title}, CPU / same server", _cpu(loads[name]), _cpu(loads["beside"])),
        Line(f"{title}, CPU / bare Django", _cpu(loads[name]), _cpu(loads["bare"])),
    ]


def _put_under_load(child: Child, candidate: Candidate, seconds: float) -> Load:
    return load(
        child, candidate.make, expected=candidate.expected, seconds=seconds,
        connections=CONNECTIONS,
    )  # fmt: skip


def _rate(loads: list[Load]) -> Sample:
    return sample([found.per_s for found in loads], "/s")


def _cpu(loads: list[Load]) -> Sample:
    return sample([found.cpu_ms for found in loads], "ms")
