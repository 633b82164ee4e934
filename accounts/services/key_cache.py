"""Keys found good a moment ago, in this process: they cost no query.

An entry lives 5 seconds, which is the longest that a key revoked in another process goes on here.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.types import Principal

TTL_S = 5.0
MAX_ENTRIES = 10_000
USE_INTERVAL = timedelta(minutes=1)  # last_used_at is written once in this time at most


@dataclass(slots=True)
class KnownKey:
    """A key that passed every check: its principal, and what is looked at on each call."""

    principal: Principal
    expires_at: datetime | None
    last_used_at: datetime | None

    def is_expired(self, now: datetime) -> bool:
        """Say whether the key has reached its expiry, however fresh the entry is."""
        return self.expires_at is not None and self.expires_at <= now

    def note_use(self, now: datetime) -> bool:
        """Take note of a use; True when it is time to write it down."""
        if self.last_used_at is not None and now - self.last_used_at < USE_INTERVAL:
            return False
        self.last_used_at = now
        return True


class KeyCache:
    """Good keys by the digest of their token, bounded in time and in number."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        ttl_s: float = TTL_S,
        max_entries: int = MAX_ENTRIES,
    ) -> None:
        self._monotonic = monotonic
        self._ttl_s = ttl_s
        self._max_entries = max_entries
        self._lock = threading.Lock()
        self._entries: dict[str, tuple[float, KnownKey]] = {}
        self._generation = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def generation(self) -> int:
        """A number that grows with every drop; read it before the row, hand it to `put`."""
        return self._generation

    def get(self, digest: str) -> KnownKey | None:
        """Return a key that was found good less than `ttl_s` ago."""
        entry = self._entries.get(digest)
        if entry is None or entry[0] <= self._monotonic():
            return None
        return entry[1]

    def put(self, digest: str, known: KnownKey, *, generation: int) -> None:
        """Keep a key, unless something was dropped since: the row may be older than that."""
        with self._lock:
            if generation != self._generation:
                return
            self._entries.pop(digest, None)
            while len(self._entries) >= self._max_entries:
                # Entries live equally long, so the first one in is the first to end.
                del self._entries[next(iter(self._entries))]
            self._entries[digest] = (self._monotonic() + self._ttl_s, known)

    def drop_key(self, key_id: str) -> None:
        """Forget one key."""
        self._drop(lambda principal: principal.key_id == key_id)

    def drop_workspace(self, workspace_id: str) -> None:
        """Forget all keys of a workspace."""
        self._drop(lambda principal: principal.workspace_id == workspace_id)

    def clear(self) -> None:
        """Forget everything."""
        self._drop(lambda _: True)

    def _drop(self, is_meant: Callable[[Principal], bool]) -> None:
        with self._lock:
            self._generation += 1
            gone = [d for d, (_, known) in self._entries.items() if is_meant(known.principal)]
            for digest in gone:
                del self._entries[digest]


KEY_CACHE = KeyCache()
