"""A circuit: who does not answer is not asked again for a while, and then by one alone.

The first pause is short, since one answer that came late means little; those that follow grow.
"""

import threading
import time
from collections.abc import Callable

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
GROWTH = 4


class Circuit:
    """Whether something outside may be asked. Safe to use from many threads."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._pause_s = FIRST_PAUSE_S
        self._ask_again_at: float | None = None
        self._is_finding_out = False

    @property
    def is_open(self) -> bool:
        """Whether the last one who asked got no answer."""
        return self._ask_again_at is not None

    def may_ask(self) -> bool:
        """Say whether to ask. Once the pause is over, one finds out for all, who go on without."""
        with self._lock:
            if self._ask_again_at is None:
                return True
            now = self._monotonic()
            if now < self._ask_again_at:
                return False
            self._ask_again_at = now + LONGEST_PAUSE_S  # should the one never come back
            self._is_finding_out = True
            return True

    def answered(self) -> bool:
        """Note an answer; True where there was none before."""
        with self._lock:
            was_open, self._ask_again_at = self._ask_again_at is not None, None
            self._pause_s, self._is_finding_out = FIRST_PAUSE_S, False
            return was_open

    def failed(self) -> bool:
        """Note that no answer came; True where there was one before.

        Those who had asked before it was known that nobody answers make the pause no longer.
        """
        with self._lock:
            is_first = self._ask_again_at is None
            if is_first or self._is_finding_out:
                self._ask_again_at = self._monotonic() + self._pause_s
                self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * GROWTH)
                self._is_finding_out = False
            return is_first
