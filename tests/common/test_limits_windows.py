"""Sliding windows in memory: exact wherever a minute starts, and true about when there is room."""

import os
import random
import threading
from bisect import bisect_left

import pytest

from common.limits.memory import MemoryWindows
from common.limits.port import Policy, RateLimiter, tightest

SCHEDULES = int(os.environ.get("RATE_SCHEDULES", "2000"))
STEPS = 60
GAPS_S = (0.0, 0.0, 0.001, 0.2, 1.0, 5.9, 20.0, 59.999999, 60.0, 61.0)


class Nanoseconds:
    """A process's monotonic clock, moved by hand."""

    def __init__(self, seconds: float = 1_000.0) -> None:
        self.now = int(seconds * 1e9)

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += round(seconds * 1e6) * 1_000  # windows know microseconds


def take(windows: RateLimiter, limit: int, key: str = "k"):
    (decision,) = windows.take(key, [Policy("requests", limit)])
    return decision


def most_in_a_minute(times: list[int]) -> int:
    """The largest number of times, in order, within any half-open minute."""
    starts = enumerate(times)
    return max((bisect_left(times, at + 60_000_000_000) - n for n, at in starts), default=0)


def test_r1_no_sliding_minute_of_any_schedule_exceeds_its_limit() -> None:
    """Told after a refusal when to come back, a client that does so to the second is let in."""
    refused = 0
    for seed in range(SCHEDULES):
        pick, clock = random.Random(seed), Nanoseconds()
        windows, limit = MemoryWindows(monotonic_ns=clock), pick.randint(1, 12)
        let_in: list[int] = []
        for _ in range(STEPS):
            clock.advance(pick.choice(GAPS_S) * pick.choice((1, 1, pick.random())))
            decision = take(windows, limit)
            if not decision.is_allowed:
                refused += 1
                assert most_in_a_minute([*let_in, clock.now]) == limit + 1, f"seed {seed}: too few"
                if pick.random() < 0.5:
                    continue
                clock.advance(decision.retry_after_s)
                decision = take(windows, limit)
                assert decision.is_allowed, f"seed {seed}: retryAfter is not true"
            let_in.append(clock.now)
            in_window = len(let_in) - bisect_left(let_in, clock.now - 60_000_000_000 + 1_000)
            assert decision.remaining == limit - in_window, f"seed {seed}"
        assert most_in_a_minute(let_in) <= limit, f"seed {seed}: too many"

    assert refused > SCHEDULES


def test_r1_a_burst_before_the_end_of_a_minute_leaves_nothing_for_the_next_one() -> None:
    clock = Nanoseconds()
    windows = MemoryWindows(monotonic_ns=clock)
    clock.advance(59.5)
    assert all(take(windows, 10).is_allowed for _ in range(10))

    clock.advance(0.5)
    refusal = take(windows, 10)
    clock.advance(59.4)
    later = take(windows, 10)
    clock.advance(0.1)

    assert (refusal.is_allowed, refusal.remaining, refusal.retry_after_s) == (False, 0, 60)
    assert (later.is_allowed, later.retry_after_s) == (False, 1)
    assert take(windows, 10).is_allowed


def test_a_limit_that_was_lowered_counts_at_once_and_its_retry_is_true() -> None:
    clock = Nanoseconds()
    windows = MemoryWindows(monotonic_ns=clock)
    for _ in range(10):
        take(windows, 10)
        clock.advance(1)

    refusal = take(windows, 3)
    clock.advance(refusal.retry_after_s - 1)
    early = take(windows, 3)
    clock.advance(1)

    assert not refusal.is_allowed
    assert not early.is_allowed
    assert take(windows, 3).is_allowed


def test_what_one_policy_refuses_counts_under_none() -> None:
    windows = MemoryWindows(monotonic_ns=Nanoseconds())
    both = [Policy("requests", 5), Policy("executions", 1)]

    first = windows.take("k", both)
    second = windows.take("k", both)

    assert [(d.is_allowed, d.remaining) for d in first] == [(True, 4), (True, 0)]
    assert [(d.is_allowed, d.remaining) for d in second] == [(False, 4), (False, 0)]
    assert tightest(second).policy.name == "executions"


def test_keys_and_names_count_apart() -> None:
    windows = MemoryWindows(monotonic_ns=Nanoseconds())
    take(windows, 1)

    assert take(windows, 1, key="other").is_allowed
    assert windows.take("k", [Policy("executions", 1)])[0].is_allowed


def test_windows_that_nobody_asks_about_are_forgotten() -> None:
    clock = Nanoseconds()
    windows = MemoryWindows(monotonic_ns=clock, max_windows=50)
    for number in range(40):
        take(windows, 1, key=str(number))
    clock.advance(60)

    take(windows, 1)
    after_a_minute = len(windows)
    for number in range(100):
        take(windows, 1, key=str(number))

    assert after_a_minute == 1
    assert len(windows) == 50


@pytest.mark.parametrize("limit", [1, 10, 64])
def test_r5_of_64_threads_as_many_get_in_as_the_limit_says(limit: int) -> None:
    for number in range(5):
        windows, line = MemoryWindows(), threading.Barrier(64)
        got_in: list[bool] = []

        def go(windows=windows, line=line, got_in=got_in) -> None:
            line.wait()
            got_in.extend(take(windows, limit).is_allowed for _ in range(4))

        threads = [threading.Thread(target=go) for _ in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sum(got_in) == limit, number
