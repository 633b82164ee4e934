"""The port: what may happen how often, and what became of one more."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Policy:
    """So many in any span of `window_s` seconds, wherever it starts. Each name counts apart."""

    name: str
    limit: int
    window_s: int = MINUTE_S


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy says to one more.

    `remaining` are those left after it; `reset_after_s` is the time until there is room for one
    more than that, so if it was refused the time until it would not be.
    """

    policy: Policy
    is_allowed: bool
    remaining: int
    reset_after_s: float

    @property
    def retry_after_s(self) -> int:
        """Whole seconds after which one more is let in, if nobody else comes before."""
        return max(1, math.ceil(self.reset_after_s))


class RateLimiter(Protocol):
    """Anything that counts."""

    def take(self, key: str, policies: Sequence[Policy]) -> list[Decision]:
        """Count one more under all policies, or under none if one of them refuses.

        Returns their decisions in order; `is_allowed` is the same in all of them.
        """
        ...


def tightest(decisions: Sequence[Decision]) -> Decision:
    """Return the decision with the least left, as a share of its limit."""
    return min(decisions, key=lambda decision: decision.remaining / max(1, decision.policy.limit))


def decide(
    policy: Policy, *, is_allowed: bool, count: int, limiting_us: int, now_us: int
) -> Decision:
    """Return a policy's decision over a window that holds `count`.

    `limiting_us` is when the one was counted that has to leave the window for there to be more room.
    """
    left_us = limiting_us + policy.window_s * 1_000_000 - now_us
    return Decision(policy, is_allowed, max(0, policy.limit - count), max(0, left_us) / 1e6)
