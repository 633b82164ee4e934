"""Secrets that we hand out: how they are made, checked without a query, and stored as digests."""

import hmac
import secrets
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECKSUM_LENGTH = 6  # 62^6 > 2^32


@dataclass(frozen=True, slots=True)
class Pepper:
    """A server-side secret that keys a digest, with the id that is stored beside the digest."""

    id: str
    secret: bytes


def random_base62(length: int) -> str:
    """Return `length` random base62 characters (5.95 bits each)."""
    return "".join(secrets.choice(BASE62) for _ in range(length))


def checksum(text: str) -> str:
    """Return the six base62 characters of the CRC32 of `text`."""
    value = zlib.crc32(text.encode("ascii"))
    digits = []
    for _ in range(CHECKSUM_LENGTH):
        value, index = divmod(value, 62)
        digits.append(BASE62[index])
    return "".join(reversed(digits))


def keyed_digest(secret: str, pepper: Pepper) -> str:
    """Return the hex HMAC-SHA256 of a secret under a pepper."""
    return hmac.new(pepper.secret, secret.encode("utf-8"), "sha256").hexdigest()


def matches(secret: str, digest: str, pepper_id: str, peppers: Sequence[Pepper]) -> bool:
    """Compare a secret with a stored digest in constant time; False for an unknown pepper."""
    by_id: Mapping[str, Pepper] = {pepper.id: pepper for pepper in peppers}
    pepper = by_id.get(pepper_id)
    return pepper is not None and hmac.compare_digest(keyed_digest(secret, pepper), digest)
