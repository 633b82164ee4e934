"""The cache in which django-ratelimit counts: Redis, and this process where Redis does not answer.

django-ratelimit raises when its cache does. Guards of passwords and triggers must neither answer
500 then, nor let everything through.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

from common.limits.circuit import Circuit
from common.limits.connection import CONNECTION

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_GONE = (RedisError, OSError)


class SteadyCache(BaseCache):
    """As much of a cache as counting needs. What is counted in one place is not known in the other."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        # Beyond so many, counts that still matter would go.
        self._local = LocMemCache(f"steady {server}", {"OPTIONS": {"MAX_ENTRIES": 100_000}})
        self._redis = RedisCache(server, {**params, "OPTIONS": CONNECTION})
        self._circuit = CIRCUITS.setdefault(server, Circuit())

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Set a key that is not there; False where it is."""
        return self._ask(lambda cache: cache.add(key, value, timeout, version))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """Return a value, or the default."""
        return self._ask(lambda cache: cache.get(key, default, version))

    def set(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        """Set a key."""
        self._ask(lambda cache: cache.set(key, value, timeout, version))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Add to a number, which begins at 0 where it was counted elsewhere so far."""
        return self._ask(lambda cache: _incr(cache, key, delta, version))

    def clear(self) -> None:
        """Forget what this process counted; what Redis has is not for us alone."""
        self._local.clear()

    def _ask(self, call: Callable[[BaseCache], Result]) -> Result:
        if not self._circuit.may_ask():
            return call(self._local)
        try:
            answer = call(self._redis)
        except _GONE as error:
            if self._circuit.failed():
                logger.warning("guards count here: %s", error, extra={"action": "guards_local"})
            return call(self._local)
        self._circuit.answered()
        return answer


def _incr(cache: BaseCache, key: str, delta: int, version: int | None) -> int:
    try:
        return cache.incr(key, delta, version)
    except ValueError:  # no such key: it was added while the other one counted
        cache.add(key, 0, version=version)
        return cache.incr(key, delta, version)


# Django makes a cache for each thread; what is out is out for all of them.
CIRCUITS: dict[str, Circuit] = {}
