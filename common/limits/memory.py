"""Windows in this process: the times of all that was let in, under one lock.

`limits.storage.MemoryStorage` is not used: under many threads it raises, and may let in too many
(docs/decisions/0017).
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from common.limits.port import Decision, Policy, decide

MAX_WINDOWS = 200_000  # beyond it, those that were not asked about for longest are forgotten

_Window = deque[int]


class MemoryWindows:
    """Exact windows in memory, on a clock that nobody sets. Safe to use from many threads."""

    def __init__(
        self,
        *,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        max_windows: int = MAX_WINDOWS,
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._max_windows = max_windows
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[_Window, int]] = {}  # by name; the last one used at the end

    def __len__(self) -> int:
        return len(self._windows)

    def take(self, key: str, policies: Sequence[Policy]) -> list[Decision]:
        """Count one more under all policies, or under none (see the port)."""
        with self._lock:
            now_us = self._monotonic_ns() // 1_000
            windows = [self._current(f"{p.name}:{key}", p.window_s, now_us) for p in policies]
            is_allowed = all(len(w) < p.limit for w, p in zip(windows, policies, strict=True))
            if is_allowed:
                for window in windows:
                    window.append(now_us)
            self._forget_idle(now_us)
            return [
                _decision(policy, window, is_allowed=is_allowed, now_us=now_us)
                for window, policy in zip(windows, policies, strict=True)
            ]

    def _current(self, name: str, window_s: int, now_us: int) -> _Window:
        """Return a window without what has left it, and put it behind all others."""
        span_us = window_s * 1_000_000
        window, _ = self._windows.pop(name, (deque(), span_us))
        while window and now_us - window[0] >= span_us:
            window.popleft()
        self._windows[name] = (window, span_us)
        return window

    def _forget_idle(self, now_us: int) -> None:
        """Drop the windows at the front that are empty by now, and those above the bound."""
        while self._windows:
            name = next(iter(self._windows))
            window, span_us = self._windows[name]
            is_idle = not window or now_us - window[-1] >= span_us
            if not is_idle and len(self._windows) <= self._max_windows:
                return
            del self._windows[name]


def _decision(policy: Policy, window: _Window, *, is_allowed: bool, now_us: int) -> Decision:
    count = len(window)
    limiting_us = window[-min(count, max(1, policy.limit))] if window else now_us
    return decide(
        policy, is_allowed=is_allowed, count=count, limiting_us=limiting_us, now_us=now_us
    )
