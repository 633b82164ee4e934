"""Providers that refuse our account: left alone for a while, and told of once."""

import logging
from datetime import datetime, timedelta

from common.clock import Clock

logger = logging.getLogger(__name__)

OPEN_FOR_S = 60.0


class Circuits:
    """Which providers a process does not ask at the moment. Used from one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, datetime] = {}

    def is_open(self, provider: str) -> bool:
        """Say whether asking would be in vain."""
        until = self._until.get(provider)
        return until is not None and self._clock.now() < until

    def open(self, provider: str) -> None:
        """Leave a provider alone. The first time since it last worked is an alarm."""
        if provider not in self._until:
            logger.error(
                "%s refuses our account", provider, extra={"action": "provider_account_blocked"}
            )
        self._until[provider] = self._clock.now() + timedelta(seconds=OPEN_FOR_S)

    def close(self, provider: str) -> None:
        """Take note that it works."""
        self._until.pop(provider, None)
