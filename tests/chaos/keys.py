"""Requests under a key, sent by many at once and again and again, while web processes are killed.

`python -m tests.chaos keys --database sqlite|postgres --keys 1000 --twins 20 --kills 200`: each key
is sent by all its twins at once, each of whom sends it until it has an answer of 2xx, as a client
does that retries. Well is what has as many runs (and new workflows) as there were keys, and whose
twins all hold the same bytes.
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

import httpx

from tests.chaos import zygote
from tests.chaos.points import OF_THE_WEB, can_connect
from tests.chaos.servers import free_port, wait_for

WEBS = 2
KEYS_AT_ONCE = 4
CREATING_EVERY = 5  # of so many keys one makes a workflow, the others start a run
AGAIN_AFTER_S = 0.05
GIVES_UP_AFTER_S = 120.0
AT_POINT_SHARE = 0.7
KILL_POINTS = (*OF_THE_WEB, "once.claimed", "once.before_commit", "once.after_commit")


@dataclass(frozen=True)
class Keys:
    """How much of it: so many keys, twins of each, and kills while they are sent."""

    keys: int
    twins: int
    kills: int
    seed: int


def keys(folder: Path, plan: Keys) -> dict[str, Any]:
    """Send all keys while web processes are killed; returns what came of it."""
    from tests.chaos import loader

    log, done = folder / "log", folder / "sent"
    done.touch()
    zygote.ask(loader.migrate, log=log)
    place = zygote.ask(_place, log=log)
    ports = [free_port() for _ in range(WEBS)]
    webs = Webs(ports, random.Random(plan.seed), log)
    began = time.monotonic()
    answer = zygote.begin(lambda: _send_all(place, ports, plan, done), log=log)
    webs.kill_until(done, plan)
    sent_s = time.monotonic() - began
    sent = answer()
    webs.end()
    found = zygote.ask(_count, log=log)
    creating = len(range(0, plan.keys, CREATING_EVERY))
    expected = {"runs": plan.keys - creating, "workflows": creating, "records": plan.keys}
    return {
        **sent,
        **found,
        "expected": expected,
        "kills": webs.kills,
        "at_points": dict(webs.at_points),
        "sent_s": round(sent_s, 1),
    }


def is_well_after_keys(report: dict[str, Any]) -> bool:
    """Say whether each key was carried out once, and every twin heard the same of it."""
    is_once = all(report[name] == number for name, number in report["expected"].items())
    return is_once and not any(report[name] for name in ("different", "unanswered", "broken"))


class Webs:
    """Web processes that are killed, at kill points or wherever they are, and started again."""

    def __init__(self, ports: list[int], chance: random.Random, log: Path) -> None:
        self.ports, self.random, self.log = ports, chance, log
        self.kills = 0
        self.at_points: Counter[str] = Counter()
        self._pids: dict[int, int] = {}
        self._armed: dict[int, str] = {}
        for port in ports:
            self._start(port, self._choose())

    def kill_until(self, done: Path, plan: Keys) -> None:
        """Kill as often as planned while keys are done, a byte of `done` for each; end when all are."""
        due = time.monotonic()
        while (keys_done := done.stat().st_size) < plan.keys:
            wants_more = self.kills * plan.keys <= plan.kills * keys_done
            self._revive(wants_more=wants_more)
            if wants_more and self.kills < plan.kills and time.monotonic() > due:
                due = time.monotonic() + self.random.uniform(0.1, 0.6)
                self._kill(self.random.choice(self.ports))
            time.sleep(0.02)

    def end(self) -> None:
        """End them all."""
        for pid in self._pids.values():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _revive(self, *, wants_more: bool) -> None:
        """Start again what has ended by itself, at its point."""
        for port, pid in self._pids.items():
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                if not os.WIFSIGNALED(status):
                    raise RuntimeError(self.log.read_text(errors="replace")[-4_000:])
                self.kills += 1
                self.at_points[self._armed[port]] += 1
                self._start(port, self._choose() if wants_more else "")

    def _kill(self, port: int) -> None:
        if self._armed[port] and can_connect(port) and self.random.random() < AT_POINT_SHARE:
            return  # let it come to its point
        os.kill(self._pids[port], signal.SIGKILL)
        os.waitpid(self._pids[port], 0)
        self.kills += 1
        self._start(port, self._choose())

    def _choose(self) -> str:
        return self.random.choice(KILL_POINTS)

    def _start(self, port: int, point: str) -> None:
        hit = self.random.randint(1, 30)

        def main() -> None:
            from common import faults
            from tests.chaos import worker

            faults.arm(f"{point}=kill@{hit}" if point else "")
            worker.serve(port)

        self._pids[port] = zygote.fork(main, log=self.log)
        self._armed[port] = point
        wait_for(lambda: can_connect(port))


@dataclass
class Sent:
    """What the twins of all keys saw."""

    answers: Counter[str] = field(default_factory=Counter)
    different: list[str] = field(default_factory=list)
    unanswered: int = 0
    replays: int = 0
    firsts: int = 0

    def as_json(self) -> dict[str, Any]:
        return vars(self) | {"answers": dict(self.answers)}


def _send_all(place: dict[str, Any], ports: list[int], plan: Keys, done: Path) -> dict[str, Any]:
    try:
        with done.open("ab", buffering=0) as file:
            return asyncio.run(_send(place, ports, plan, file)).as_json()
    finally:
        os.truncate(done, plan.keys)  # whatever came of it, there is nothing to kill for any more


async def _send(place: dict[str, Any], ports: list[int], plan: Keys, done: FileIO) -> Sent:
    sent, gate = Sent(), asyncio.Semaphore(KEYS_AT_ONCE)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(
        headers={"Authorization": f"Bearer {place['key']}"},
        timeout=30,
        trust_env=False,
        limits=limits,
    ) as client:

        async def one(number: int) -> None:
            async with gate:
                twins = (
                    _twin(client, place, ports[twin % len(ports)], number, sent)
                    for twin in range(plan.twins)
                )
                bodies = set(await asyncio.gather(*twins))
            if len(bodies) != 1 or None in bodies:
                sent.different.append(f"key {number}: {bodies}")
            done.write(b".")

        await asyncio.gather(*(one(number) for number in range(plan.keys)))
    return sent


async def _twin(
    client: httpx.AsyncClient, place: dict[str, Any], port: int, number: int, sent: Sent
) -> bytes | None:
    """Send until there is an answer of 2xx; returns all of it that must be the same for all twins."""
    path, body = _request(place, number)
    end = time.monotonic() + GIVES_UP_AFTER_S
    headers = {"Idempotency-Key": f"key-{number}"}
    while time.monotonic() < end:
        try:
            answer = await client.post(
                f"http://127.0.0.1:{port}/api/v1{path}", json=body, headers=headers
            )
        except httpx.TransportError:
            sent.answers["broken"] += 1
            await asyncio.sleep(AGAIN_AFTER_S)
            continue
        sent.answers[_word(answer)] += 1
        if answer.status_code < 300:
            is_replay = answer.headers.get("Idempotent-Replayed") == "true"
            sent.replays += is_replay
            sent.firsts += not is_replay
            return (
                f"{answer.status_code} {answer.headers.get('Location')} ".encode() + answer.content
            )
        await asyncio.sleep(AGAIN_AFTER_S)
    sent.unanswered += 1
    return None


def _word(answer: httpx.Response) -> str:
    if answer.status_code < 300:
        return str(answer.status_code)
    return f"{answer.status_code} {answer.json().get('code')}"


def _request(place: dict[str, Any], number: int) -> tuple[str, dict[str, Any]]:
    if number % CREATING_EVERY == 0:
        return "/workflows", {"name": f"Of key {number}"} | {"graph": place["graph"]}
    return f"/workflows/{place['workflow']}/execute", {"inputs": {"text": f"key {number}"}}


def _place() -> dict[str, Any]:
    """Make a workspace without limits, and a workflow whose runs are over when they are accepted."""
    from accounts.api import LIMIT_NAMES, SYSTEM_ACTOR, override_limits
    from billing.api import open_workspace
    from tests.executor.runs import publish
    from tests.factories import make_key
    from tests.graphs import graph

    workspace = open_workspace(
        actor=SYSTEM_ACTOR, name="Keys", owner_email="keys@example.com", plan="enterprise"
    )
    limits = dict.fromkeys(LIMIT_NAMES, 1_000_000)
    override_limits(actor=SYSTEM_ACTOR, workspace_id=workspace.id, limits=limits)
    document = graph(
        {"in": ("input.text", {"name": "text"}), "out": ("output", {"name": "text"})},
        ["in.value -> out.value"],
    )
    return {
        "key": make_key(workspace).secret,
        "workflow": publish(workspace, document),
        "graph": document,
    }


def _count() -> dict[str, Any]:
    from accounts.models import IdempotencyRecord
    from executor.models import Execution
    from executor.selectors.invariants import check_invariants
    from workflows.models import Workflow

    runs = Execution.objects.across_workspaces()
    return {
        "runs": runs.count(),
        "statuses": dict(Counter(runs.values_list("status", flat=True))),
        "workflows": Workflow.objects.across_workspaces().filter(name__startswith="Of key").count(),
        "records": IdempotencyRecord.objects.across_workspaces().count(),
        "broken": [finding.rule for finding in check_invariants() if finding.broken],
    }
