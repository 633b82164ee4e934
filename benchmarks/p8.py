"""P8: a thousand open sockets that follow runs: memory, event to socket, all of them back at once."""

import asyncio
import contextlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from benchmarks.backends import Backend, each_backend
from benchmarks.client import Connection, post
from benchmarks.harness import Line, at_most, begin, print_table, sample
from benchmarks.processes import Child, asgi_server, embedded_server, run_job
from benchmarks.sockets import Socket, open_all, p95_ms

SOCKETS = 1_000
EVENTS = 100  # runs that end while they are followed, one after the other
EVERY_S = 0.02
LIMIT_MB = 400
LIMIT_MS = 100
BARE_APP = "benchmarks.bare.sockets:application"
ROOM = {"MAX_STREAMS_OF_CALLER": "5000", "MAX_STREAMS_OF_WORKSPACE": "5000"}

_FINISHED = re.compile(rb'"finishedAt":"([^"]+)"')


@dataclass
class Figures:
    """What was measured of a server, a figure for each round; times are p95 in milliseconds."""

    idle_mb: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    opening_ms: list[float] = field(default_factory=list)
    single_ms: list[float] = field(default_factory=list)
    fan_out_ms: list[float] = field(default_factory=list)


def main() -> None:
    """Measure both deployments, in turns with sockets that only echo."""
    rounds, lines, notes = begin(3), list[Line](), []
    for backend in each_backend():
        runs = run_job("followed", backend.env, rounds * (SOCKETS + 1))
        with _product(backend) as ours, asgi_server(backend.env, app=BARE_APP) as bare:
            figures = asyncio.run(_measure(backend, ours, bare, runs))
        lines += _lines(backend.name, *figures)
        notes.append(backend.note)
    print_table(
        f"P8  {SOCKETS:,} open sockets, each on a run of its own, then all on one run",
        lines,
        "baseline: a bare ASGI application in the same uvicorn that echoes what is said in a socket, "
        "or says it in all of them",
        "event to socket: from the time that the commit gives the event to the frame's arrival; the "
        "runs are ended by calls of the API, the client shares the machine",
        *notes,
    )


def _product(backend: Backend) -> contextlib.AbstractContextManager[Child]:
    env = backend.env | ROOM
    return embedded_server(env) if backend.is_embedded else asgi_server(env)


async def _measure(
    backend: Backend, ours: Child, bare: Child, runs: Sequence[str]
) -> tuple[Figures, Figures]:
    product, echo = Figures(), Figures()
    key = backend.access["key"]
    for first in range(0, len(runs), SOCKETS + 1):
        await _round_of_product(ours, product, key, runs[first : first + SOCKETS + 1])
        await _round_of_echo(bare, echo)
    return product, echo


async def _round_of_product(server: Child, figures: Figures, key: str, runs: Sequence[str]) -> None:
    """Follow each run by a socket of its own and end some; then follow one by all, and end it."""
    alone, together = runs[:-1], runs[-1]
    figures.idle_mb.append(server.rss_mb())
    sockets = await _followers(server, alone, key)
    figures.opening_ms.append(p95_ms([socket.opened_s for socket in sockets]))
    figures.memory_mb.append(server.rss_mb())
    figures.single_ms.append(p95_ms(await _end_some(server, sockets, alone, key)))
    _close(sockets)
    sockets = await _followers(server, [together] * SOCKETS, key)
    finals = [socket.await_text(b'"type":"final"') for socket in sockets]
    with Connection(server.port) as api:
        await _cancel(api, together, key)
    arrived = await asyncio.gather(*finals)
    late = [at - _finished_at(socket) for at, socket in zip(arrived, sockets, strict=True)]
    figures.fan_out_ms.append(p95_ms(late))
    _close(sockets)
    await asyncio.sleep(0.5)


async def _followers(server: Child, runs: Sequence[str], key: str) -> list[Socket]:
    """Follow runs, each by a socket with a ticket; all are opened at the same moment."""
    paths = []
    with Connection(server.port) as api:
        for run in runs:
            request = post(f"/api/v1/workflows/executions/{run}/ticket", {}, key=key)
            answer = await asyncio.to_thread(api.send, request, expected=201)
            paths.append(f"/ws/executions/{run}?ticket={answer.json()['ticket']}")
    return await open_all(server.port, paths)


async def _end_some(
    server: Child, sockets: Sequence[Socket], runs: Sequence[str], key: str
) -> list[float]:
    late = []
    with Connection(server.port) as api:
        for socket, run in list(zip(sockets, runs, strict=True))[:EVENTS]:
            final = socket.await_text(b'"type":"final"')
            await _cancel(api, run, key)
            late.append(await final - _finished_at(socket))
            await asyncio.sleep(EVERY_S)
    return late


async def _cancel(api: Connection, run: str, key: str) -> None:
    request = post(f"/api/v1/workflows/executions/{run}/cancel", {}, key=key)
    await asyncio.to_thread(api.send, request)


async def _round_of_echo(server: Child, figures: Figures) -> None:
    figures.idle_mb.append(server.rss_mb())
    sockets = await open_all(server.port, ["/"] * SOCKETS)
    figures.opening_ms.append(p95_ms([socket.opened_s for socket in sockets]))
    figures.memory_mb.append(server.rss_mb())
    late = []
    for socket in sockets[:EVENTS]:
        said_at, echo = time.time(), socket.await_text(b"one")
        socket.say("one")
        late.append(await echo - said_at)
        await asyncio.sleep(EVERY_S)
    figures.single_ms.append(p95_ms(late))
    echoes, said_at = [socket.await_text(b"all") for socket in sockets], time.time()
    sockets[0].say("all")
    figures.fan_out_ms.append(p95_ms([at - said_at for at in await asyncio.gather(*echoes)]))
    _close(sockets)
    await asyncio.sleep(0.5)


def _finished_at(socket: Socket) -> float:
    """Return when the run of a socket ended, by its final event (to the millisecond)."""
    return datetime.fromisoformat(_FINISHED.findall(socket.data)[-1].decode("ascii")).timestamp()


def _close(sockets: Sequence[Socket]) -> None:
    for socket in sockets:
        socket.close()


def _lines(name: str, ours: Figures, bare: Figures) -> list[Line]:
    return [
        at_most(
            f"{name}: memory with {SOCKETS:,} sockets",
            sample(ours.memory_mb, "MB"),
            LIMIT_MB,
            sample(bare.memory_mb, "MB"),
        ),
        Line(f"{name}: memory before", sample(ours.idle_mb, "MB"), sample(bare.idle_mb, "MB")),
        at_most(
            f"{name}: event to its one socket, p95",
            sample(ours.single_ms, "ms"),
            LIMIT_MS,
            sample(bare.single_ms, "ms"),
        ),
        Line(
            f"{name}: one event to all sockets, p95",
            sample(ours.fan_out_ms, "ms"),
            sample(bare.fan_out_ms, "ms"),
        ),
        Line(
            f"{name}: all open at once, until the snapshot, p95",
            sample(ours.opening_ms, "ms"),
            sample(bare.opening_ms, "ms"),
        ),
    ]


if __name__ == "__main__":
    main()
