"""Kill points: named places at which a test can make a process die, fail or dawdle.

Nothing in production: the setting `FAULTS` that arms them is refused unless `DEBUG` is on, and
without it `point` does nothing. Its value is a comma-separated list of `name=action[@n]`: the n-th
time (1 if left out, `*` for every time) that the process passes the point, `kill` ends it as a
power cut would, `stop` freezes it until somebody lets it go on (SIGCONT), `raise` raises
`FaultInjected`, and `sleep:S` waits S seconds.

    FAULTS="remote.after_submit=kill@3,accept.before_commit=raise"
"""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


class FaultInjected(Exception):
    """A kill point was told to fail here."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at a point. `at` is the hit at which it does, 0: at each."""

    action: str
    at: int = 1
    seconds: float = 0.0

    def strike(self, name: str) -> None:
        """Do it.

        Raises:
            FaultInjected: the action is `raise`.
        """
        if self.action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.action == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif self.action == "sleep":
            time.sleep(self.seconds)
        else:
            raise FaultInjected(name)


def parse_faults(text: str) -> dict[str, Fault]:
    """Read the form that the setting has.

    Raises:
        ValueError: it does not have that form.
    """
    faults = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, rest = part.partition("=")
        action, _, count = rest.partition("@")
        action, _, seconds = action.partition(":")
        if action not in ("kill", "stop", "raise", "sleep"):
            raise ValueError(f"{part}: the action must be kill, stop, raise or sleep:S")
        at = 0 if count == "*" else int(count or 1)
        faults[name] = Fault(action, at, float(seconds or 0))
    return faults


class FaultPlan:
    """The armed points of a process, and how often each was passed."""

    def __init__(self, faults: Mapping[str, Fault]) -> None:
        self._faults = dict(faults)
        self._hits: Counter[str] = Counter()
        self._lock = threading.Lock()

    def has(self, name: str) -> bool:
        """Say whether a point is among those armed."""
        return name in self._faults

    def pass_point(self, name: str) -> None:
        """Count a hit and strike where it is time."""
        fault = self._faults.get(name)
        if fault is None:
            return
        with self._lock:
            self._hits[name] += 1
            hit = self._hits[name]
        if fault.at in (0, hit):
            fault.strike(name)


_plan: FaultPlan | None = None


def point(name: str) -> None:
    """Pass a kill point; does nothing unless some are armed."""
    if _plan is not None:
        _plan.pass_point(name)


def is_armed(name: str) -> bool:
    """Say whether a point is armed, where passing it costs something by itself."""
    return _plan is not None and _plan.has(name)


def arm(text: str) -> None:
    """Arm points in this process, in place of those armed before; an empty text disarms all."""
    global _plan  # noqa: PLW0603 - there is one process to kill
    _plan = FaultPlan(parse_faults(text)) if text else None
