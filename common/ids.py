"""Prefixed, time-ordered, opaque ids (`exec_01J…`): a ULID in lower-case Crockford base32.

Time order keeps inserts at the right edge of every index and lets a keyset page by id alone.
"""

import secrets
import threading
import time
from datetime import datetime

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
RANDOM_BITS = 80
BODY_LENGTH = 26
MAX_ID_LENGTH = 40  # column width: longest prefix, underscore, body, and room

_lock = threading.Lock()
_last = 0


def new_id(prefix: str) -> str:
    """Return `<prefix>_<26 characters>`, greater than every id this process made before."""
    return f"{prefix}_{_encode(_next_value())}"


def is_id(text: str, prefix: str) -> bool:
    """Say whether `text` has the shape of an id with this prefix (no look-up)."""
    head, _, body = text.partition("_")
    return head == prefix and len(body) == BODY_LENGTH and all(c in ALPHABET for c in body)


def lowest_id(prefix: str, at: datetime) -> str:
    """Return an id that none made at `at` or later is below, for bounds of time-ordered keys.

    An id tells the clock of its process, which may have been set since: leave some room.
    """
    milliseconds = max(0, int(at.timestamp() * 1_000))
    return f"{prefix}_{_encode(milliseconds << RANDOM_BITS)}"


def _next_value() -> int:
    """Return a 128-bit value: milliseconds above, randomness below, never lower than the last."""
    global _last  # noqa: PLW0603 - one counter per process keeps ids of one millisecond in order
    value = (time.time_ns() // 1_000_000 << RANDOM_BITS) | secrets.randbits(RANDOM_BITS)
    with _lock:
        if value <= _last:
            value = _last + 1 + secrets.randbits(16)
        _last = value
    return value


def _encode(value: int) -> str:
    digits = []
    for _ in range(BODY_LENGTH):
        value, index = divmod(value, 32)
        digits.append(ALPHABET[index])
    return "".join(reversed(digits))
