"""Keeping workers and a loader alive only to kill them, as one seed decides."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos import zygote

LEASE_S = float(zygote.SETTINGS["LEASE_S"])

# Where an armed process dies, if the moment that chance chose does not come first.
POINTS = (
    "accept.before_commit",
    "accept.after_commit",
    "enqueue.before",
    "enqueue.after",
    "claim.before_commit",
    "claim.after_commit",
    "run.after_node",
    "files.half_put",
    "files.after_put",
    "progress.before_commit",
    "progress.after_commit",
    "finish.before_commit",
    "finish.after_commit",
    "cancel.before_commit",
    "cancel.after_commit",
)


# Where one freezes for longer than its lease: with a task in hand, but no lock.
POINTS_TO_STOP = ("claim.after_commit", "run.after_node", "progress.after_commit")


@dataclass
class Plan:
    """How much is killed, and how. `per_s` is what is aimed at; the machine may be slower."""

    kills: int
    seed: int
    per_s: float = 12.0
    workers: int = 3
    armed: float = 0.5
    frozen: float = 0.15
    stop: float = 0.03
    term: float = 0.03


@dataclass
class Tally:
    """What was done to the processes."""

    kills: int = 0
    at_points: Counter[str] = field(default_factory=Counter)
    stops: int = 0
    terms: int = 0
    slow_terms: int = 0
    crashes: int = 0


@dataclass
class Victim:
    """A process under way. `point` is the kill point that it is armed with."""

    pid: int
    kind: str
    point: str = ""
    wake_at: float = 0.0
    term_at: float = 0.0


class Killer:
    """Forks, stops, ends and kills processes; one thread, no database."""

    def __init__(
        self,
        plan: Plan,
        *,
        work: Callable[[str], None],
        load: Callable[[str, int], None],
        serve: Callable[[], None],
        log: Path,
    ) -> None:
        self.plan, self.log = plan, log
        self.random = random.Random(plan.seed)
        self.tally = Tally()
        self.victims: list[Victim] = []
        self.leaving: list[Victim] = []  # told to end, or asleep: others have taken their places
        self._mains = {
            "worker": lambda armed, _: work(armed),
            "loader": load,
            "web": lambda _, __: serve(),
        }

    def run(self) -> Tally:
        """Kill as many as planned; returns what was done. Nobody is left alive."""
        while self.tally.kills < self.plan.kills:
            self._fill()
            time.sleep(min(self.random.expovariate(self.plan.per_s), 1.0))
            self._reap()
            self._wake()
            if self.victims:
                self._strike(self.random.choice(self.victims))
        self.end_all()
        return self.tally

    def end_all(self) -> None:
        """Kill whoever is left."""
        for victim in [*self.victims, *self.leaving]:
            self._signal(victim, signal.SIGKILL)
            os.waitpid(victim.pid, 0)
        self.victims, self.leaving = [], []

    def _fill(self) -> None:
        kinds = Counter(victim.kind for victim in self.victims)
        for kind, wanted in (("worker", self.plan.workers), ("loader", 1), ("web", 1)):
            for _ in range(wanted - kinds[kind]):
                self.victims.append(self._spawn(kind))

    def _spawn(self, kind: str) -> Victim:
        point, armed, seed = "", "", self.random.randrange(2**31)
        roll = self.random.random()
        if roll < self.plan.armed:
            point = self.random.choice(POINTS)
            armed = f"{point}=kill@{self.random.randint(1, 3)}"
        elif roll < self.plan.armed + self.plan.frozen and kind == "worker":
            armed = f"{self.random.choice(POINTS_TO_STOP)}=stop@{self.random.randint(1, 3)}"
        main = self._mains[kind]
        pid = zygote.fork(lambda: main(armed, seed), log=self.log)
        return Victim(pid, kind, point)

    def _strike(self, victim: Victim) -> None:
        roll = self.random.random()
        now = time.monotonic()
        if victim.kind == "worker" and roll < self.plan.stop:
            self._signal(victim, signal.SIGSTOP)
            self._set_alarm(victim)
        elif victim.kind == "worker" and roll < self.plan.stop + self.plan.term:
            self._signal(victim, signal.SIGTERM)
            victim.term_at = now
            self.tally.terms += 1
        else:
            self._kill(victim)
            return
        self.victims.remove(victim)
        self.leaving.append(victim)

    def _kill(self, victim: Victim) -> None:
        self._signal(victim, signal.SIGKILL)
        self._note(victim, os.waitpid(victim.pid, 0)[1])
        self.victims.remove(victim)

    def _wake(self) -> None:
        """Let those go on that slept longer than their leases; they die some time later."""
        now = time.monotonic()
        for victim in [v for v in self.leaving if v.wake_at and v.wake_at <= now]:
            self._signal(victim, signal.SIGCONT)
            victim.wake_at = 0.0
            self.leaving.remove(victim)
            self.victims.append(victim)

    def _reap(self) -> None:
        for group in (self.victims, self.leaving):
            for victim in list(group):
                pid, status = os.waitpid(victim.pid, os.WNOHANG | os.WUNTRACED)
                if pid and os.WIFSTOPPED(status):
                    self._let_sleep(victim)
                elif pid:
                    self._note(victim, status, by_itself=True)
                    group.remove(victim)

    def _let_sleep(self, victim: Victim) -> None:
        """Take note of one that froze by itself; others take its place."""
        if not victim.wake_at:
            self._set_alarm(victim)
        if victim in self.victims:
            self.victims.remove(victim)
            self.leaving.append(victim)

    def _set_alarm(self, victim: Victim) -> None:
        victim.wake_at = time.monotonic() + LEASE_S * self.random.uniform(1.2, 2.5)
        self.tally.stops += 1

    def _note(self, victim: Victim, status: int, *, by_itself: bool = False) -> None:
        """Enter how a process ended; `by_itself` if we were not the ones who killed it."""
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            self.tally.kills += 1
            if victim.point and by_itself:
                self.tally.at_points[victim.point] += 1
        elif victim.term_at and os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            self.tally.slow_terms += time.monotonic() - victim.term_at > 10
        elif victim.term_at:
            self.tally.crashes += os.WIFEXITED(status)  # TERM before the handler was there is fine
        else:
            self.tally.crashes += 1

    def _signal(self, victim: Victim, number: int) -> None:
        os.kill(victim.pid, number)


def undisturbed(count: int, work: Callable[[str], None], *, log: Path) -> list[int]:
    """Start workers that nobody kills; returns their ids."""
    return [zygote.fork(lambda: work(""), log=log) for _ in range(count)]


def drain(pids: list[int], count_open: Callable[[], Any], *, timeout_s: float) -> float:
    """Wait until no run is open, then end the workers; returns how long it took.

    Raises:
        TimeoutError: some are still open.
    """
    began = time.monotonic()
    try:
        while count_open():
            if time.monotonic() - began > timeout_s:
                raise TimeoutError("runs are still open")
            time.sleep(0.2)
        return time.monotonic() - began
    finally:
        end(pids)


def end(pids: list[int]) -> None:
    """End processes gracefully."""
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    for pid in pids:
        os.waitpid(pid, 0)
