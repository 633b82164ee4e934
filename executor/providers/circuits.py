"""Whom a process does not ask at the moment: accounts that are refused, providers in a storm.

An account that is refused (`AccountBlocked`) is left alone for a while; that everybody else knows of
it is `executor.services.provider_blocks`'. A provider that answers nobody, or takes nothing, many
times in a row is given pauses that grow, so that a storm there costs us and it few requests.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from common.clock import Clock
from executor.providers.account import ProviderAccount

OPEN_FOR_S = 60.0
STORM_AFTER = 10  # failures in a row, over all tasks of the process
REST_S = 2.0  # doubles while the storm lasts
MAX_REST_S = 60.0

Place = tuple[str, str]  # a provider, and an account's id or address


@dataclass(frozen=True, slots=True)
class Avoided:
    """Accounts that are refused, by provider and id; until when addresses are given a pause."""

    refused: frozenset[Place] = frozenset()
    resting: Mapping[Place, datetime] = field(default_factory=dict)

    def is_refused(self, account: ProviderAccount) -> bool:
        """Say whether asking by an account would be in vain."""
        return (account.provider, account.id) in self.refused

    def rests_until(self, account: ProviderAccount) -> datetime | None:
        """Return until when an account's address is given a pause; None where there is none."""
        return self.resting.get(_address(account))


@dataclass(slots=True)
class _Storm:
    failures: int = 0
    until: datetime | None = None


class Circuits:
    """What one process has met with. Used from one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[Place, datetime] = {}
        self._storms: dict[Place, _Storm] = {}

    def avoided(self) -> Avoided:
        """Return whom not to ask now."""
        now = self._clock.now()
        refused = frozenset(place for place, until in self._until.items() if now < until)
        pauses = ((place, storm.until) for place, storm in self._storms.items())
        return Avoided(refused, {place: until for place, until in pauses if until and now < until})

    def is_open(self, account: ProviderAccount) -> bool:
        """Say whether asking by an account would be in vain."""
        until = self._until.get((account.provider, account.id))
        return until is not None and self._clock.now() < until

    def open(self, account: ProviderAccount) -> None:
        """Leave an account alone."""
        until = self._clock.now() + timedelta(seconds=OPEN_FOR_S)
        self._until[account.provider, account.id] = until

    def worked(self, account: ProviderAccount) -> bool:
        """Take note that an account works; says whether it had been refused."""
        self._storms.pop(_address(account), None)
        return self._until.pop((account.provider, account.id), None) is not None

    def failed(self, account: ProviderAccount) -> None:
        """Take note that nobody could be reached, or nothing is taken."""
        storm = self._storms.setdefault(_address(account), _Storm())
        now = self._clock.now()
        if storm.until is not None and now < storm.until:
            return  # it was asked before the pause began
        storm.failures += 1
        if storm.failures >= STORM_AFTER:
            rest_s = min(REST_S * 2.0 ** min(storm.failures - STORM_AFTER, 10), MAX_REST_S)
            storm.until = now + timedelta(seconds=rest_s)


def _address(account: ProviderAccount) -> Place:
    """Return who is asked: of servers that people host themselves each is another one."""
    return account.provider, account.base_url
