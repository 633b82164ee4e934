"""A small installation under load through its API, for faults of what it stands on."""

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.chaos import zygote
from tests.chaos.killer import end
from tests.chaos.servers import wait_for

CASE = "drawn"
ANSWERS = ("202", "503", "broken")  # I16: what a client may see, and nothing else


@dataclass
class Seen:
    """What clients saw: answers, the longest that one took, and the runs that were accepted."""

    answers: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    accepted: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "answers": dict(self.answers),
            "slowest_s": round(self.slowest_s, 3),
            "p50_s": round(percentile(self.times, 0.5), 4),
            "accepted": len(self.accepted),
        }


class Stage:
    """Web and workers as processes, and clients that call them."""

    def __init__(self, folder: Path, *, workers: int = 2) -> None:
        self.log, self.journal = folder / "log", folder / "journal"
        self.workers = workers
        self.pids: list[int] = []

    def prepare(self) -> None:
        """Make the database, one workspace, and its workflow."""
        from tests.chaos import loader

        zygote.ask(loader.migrate, log=self.log)
        self.place = zygote.ask(loader.one_place, log=self.log)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Start everything, and end it gracefully."""
        from tests.chaos import worker

        self.pids = [zygote.fork(lambda: worker.serve(zygote.port()), log=self.log)]
        self.pids += [zygote.fork(worker.work, log=self.log) for _ in range(self.workers)]
        wait_for(lambda: self._up() == 200)
        try:
            yield
        finally:
            end(self.pids)

    def call(self, seen: Seen, *, case: str = CASE) -> None:
        """Start one run, as a client would."""
        body = {
            "inputs": {"text": "a few words"},
            "metadata": {"case": case},
            "cache": "off",
        }
        path = f"/workflows/{self.place['workflows'][case]}/execute"
        began = time.monotonic()
        try:
            answer = self._client().post(path, json=body)
        except httpx.TransportError:
            seen.answers["broken"] += 1
            return
        took = time.monotonic() - began
        seen.slowest_s = max(seen.slowest_s, took)
        seen.times.append(took)
        word = str(answer.status_code)
        if word == "503" and ("retry-after" not in answer.headers or not _is_problem(answer)):
            word = f"503 without what belongs to it: {answer.text[:200]}"
        seen.answers[word] += 1
        if answer.status_code == 202:
            execution_id = json.loads(answer.content)["executionId"]
            seen.accepted.append(execution_id)
            with self.journal.open("a") as file:
                file.write(f"{execution_id}\n")

    def load(self, seconds: float, *, every_s: float = 0.1, case: str = CASE) -> Seen:
        """Start runs at a steady pace from several clients, however long answers take."""
        seen, end_at, threads = Seen(), time.monotonic() + seconds, []
        while time.monotonic() < end_at:
            thread = threading.Thread(target=self.call, args=(seen,), kwargs={"case": case})
            thread.start()
            threads.append(thread)
            time.sleep(every_s)
        for thread in threads:
            thread.join()
        return seen

    def during(self, fault: Callable[[], object], *, seconds: float, **how: Any) -> Seen:
        """Load from a process of its own while a fault happens here, a moment later."""
        answer = zygote.begin(
            lambda: vars(self.load(seconds, **how)),
            log=self.log,
        )
        time.sleep(min(0.5, seconds / 4))
        fault()
        found = answer()
        return Seen(**(found | {"answers": Counter(found["answers"])}))

    def settle(self, *, timeout_s: float = 60) -> float:
        """Wait until no run is open; returns how long it took."""
        from tests.chaos import loader

        began = time.monotonic()
        wait_for(lambda: self._open(loader) == 0, timeout_s=timeout_s, every_s=0.2)
        return round(time.monotonic() - began, 1)

    def delays(self, seen: Seen) -> dict[str, float]:
        """How long runs took from accepting to their ends."""
        from tests.chaos import report

        found = zygote.ask(lambda: report.durations(seen.accepted), log=self.log)
        return {
            "p50_s": round(percentile(found, 0.5), 3),
            "p95_s": round(percentile(found, 0.95), 3),
            "max_s": round(max(found, default=0.0), 3),
        }

    def kill_worker(self) -> None:
        """Kill a worker, and start another."""
        from tests.chaos import worker

        victim = self.pids.pop()
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        self.pids.append(zygote.fork(worker.work, log=self.log))

    def report(self) -> dict[str, Any]:
        """The final report: what was lost, and the invariants."""
        from tests.chaos import report

        prepared = {"expected": self.place["expected"]}
        return dict(
            zygote.ask(lambda: report.final_report(prepared, self.journal, {}), log=self.log)
        )

    def _open(self, loader: Any) -> int:
        try:
            return int(zygote.ask(loader.open_runs, log=self.log))
        except RuntimeError:  # the database is not back yet
            return -1

    def _up(self) -> int:
        try:
            url = f"http://127.0.0.1:{zygote.port()}/readyz"
            return httpx.get(url, timeout=5, trust_env=False).status_code
        except httpx.TransportError:
            return 0

    def _client(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"http://127.0.0.1:{zygote.port()}/api/v1",
            headers={"Authorization": f"Bearer {self.place['key']}"},
            timeout=60,
            trust_env=False,
        )


def _is_problem(answer: httpx.Response) -> bool:
    return bool(json.loads(answer.content).get("code") == "unavailable")


def percentile(values: list[float], share: float) -> float:
    """The value below which a share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def gremlin(url: str, seconds: float, seed: int) -> int:
    """Spoil the broker's queue for a while: drop, double, shuffle, hold back what lies in it.

    Returns how many messages it got hold of.
    """
    import redis

    from executor import dispatch

    chance = random.Random(seed)
    held: list[bytes] = []
    spoilt = 0
    with redis.Redis.from_url(url) as client:
        end_at = time.monotonic() + seconds
        while time.monotonic() < end_at:
            message = client.lpop("dramatiq:runs")
            if isinstance(message, bytes):
                spoilt += 1
                roll = chance.random()
                if roll < 0.33:
                    held.append(message)  # late by seconds
                elif roll < 0.66:
                    client.hdel("dramatiq:runs.msgs", message)  # gone
                else:
                    client.rpush("dramatiq:runs", message)  # behind the others
            for _ in range(chance.choice([0, 0, 1, 5])):
                dispatch.ring("any", "runs")
            time.sleep(0.005)
        for message in held:
            client.rpush("dramatiq:runs", message)
    return spoilt
