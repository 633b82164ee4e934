"""Counting that goes on when Redis does not: each process allows its share of every limit.

Nothing is let through uncounted, and nobody is told that something broke: a caller sees a lower
limit in the headers. In the minute of such a change the windows begin empty, here or there.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace

from redis.exceptions import RedisError

from common import conf
from common.limits.circuit import Circuit
from common.limits.memory import MemoryWindows
from common.limits.port import Decision, Policy, RateLimiter
from common.limits.redis_windows import RedisWindows

logger = logging.getLogger(__name__)


class SteadyWindows:
    """Windows shared by all processes, or a share of them while nobody answers."""

    def __init__(
        self,
        shared: RateLimiter,
        *,
        processes: int = 1,
        local: MemoryWindows | None = None,
        circuit: Circuit | None = None,
    ) -> None:
        self._shared = shared
        self._processes = processes
        self._local = local or MemoryWindows()
        self._circuit = circuit or Circuit()

    def take(self, key: str, policies: Sequence[Policy]) -> list[Decision]:
        """Count one more under all policies, or under none (see the port)."""
        if not self._circuit.may_ask():
            return self._take_here(key, policies)
        try:
            decisions = self._shared.take(key, policies)
        except (RedisError, OSError) as error:
            if self._circuit.failed():
                logger.warning("limits count here: %s", error, extra={"action": "limits_local"})
            return self._take_here(key, policies)
        if self._circuit.answered():
            logger.warning("limits are shared again", extra={"action": "limits_shared"})
        return decisions

    def _take_here(self, key: str, policies: Sequence[Policy]) -> list[Decision]:
        shares = [replace(p, limit=max(1, p.limit // self._processes)) for p in policies]
        return self._local.take(key, shares)


_building = threading.Lock()
_limiters: dict[tuple[str, int], RateLimiter] = {}


def rate_limiter() -> RateLimiter:
    """Return the limiter of this process: over Redis where there is one, else in memory."""
    wanted = (conf.redis_url(), conf.web_processes())
    known = _limiters.get(wanted)
    if known is None:
        with _building:  # two limiters would each allow the whole
            known = _limiters.setdefault(wanted, _limiters.get(wanted) or _build(*wanted))
    return known


def forget_limiters() -> None:
    """Begin anew with empty windows; for tests."""
    with _building:
        _limiters.clear()


def _build(url: str, processes: int) -> RateLimiter:
    if not url:
        return MemoryWindows()
    return SteadyWindows(RedisWindows(url), processes=processes)
