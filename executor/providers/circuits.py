"""Whom a process does not ask at the moment: accounts that are refused, providers in a storm.

An account that is refused (`AccountBlocked`) is left alone for a while; that everybody else knows of
it is `executor.services.provider_blocks`'. A provider that answers nobody, or takes nothing, many
times in a row is given pauses that grow, so that a storm there costs us and it few requests.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from common.clock import Clock

OPEN_FOR_S = 60.0
STORM_AFTER = 10  # failures in a row, over all tasks of the process
REST_S = 2.0  # doubles while the storm lasts
MAX_REST_S = 60.0

Place = tuple[str, str]  # provider and account


@dataclass(slots=True)
class _Storm:
    failures: int = 0
    until: datetime | None = None


class Circuits:
    """What one process has met with. Used from one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[Place, datetime] = {}
        self._storms: dict[str, _Storm] = {}

    def is_open(self, provider: str, account: str = "") -> bool:
        """Say whether asking by an account would be in vain."""
        until = self._until.get((provider, account))
        return until is not None and self._clock.now() < until

    def open(self, provider: str, account: str = "") -> None:
        """Leave an account alone."""
        self._until[provider, account] = self._clock.now() + timedelta(seconds=OPEN_FOR_S)

    def worked(self, provider: str, account: str = "") -> bool:
        """Take note that an account works; says whether it had been refused."""
        self._storms.pop(provider, None)
        return self._until.pop((provider, account), None) is not None

    def failed(self, provider: str) -> None:
        """Take note that a provider could not be reached, or takes nothing."""
        storm = self._storms.setdefault(provider, _Storm())
        now = self._clock.now()
        if storm.until is not None and now < storm.until:
            return  # asked before the pause began
        storm.failures += 1
        if storm.failures >= STORM_AFTER:
            rest_s = min(REST_S * 2.0 ** min(storm.failures - STORM_AFTER, 10), MAX_REST_S)
            storm.until = now + timedelta(seconds=rest_s)

    def rests_until(self, provider: str) -> datetime | None:
        """Return until when a provider is given a pause; None where there is none."""
        storm = self._storms.get(provider)
        if storm is None or storm.until is None or storm.until <= self._clock.now():
            return None
        return storm.until

    def refused(self) -> frozenset[Place]:
        """Return the accounts that are left alone."""
        return frozenset(place for place in self._until if self.is_open(*place))

    def resting(self) -> frozenset[str]:
        """Return the providers that are given a pause."""
        return frozenset(name for name in self._storms if self.rests_until(name) is not None)
