"""The shape of API key tokens: `sk-live-` or `sk-test-`, then 46 base62 characters.

Of these 8 are public and find the row, 32 are random (190 bits), and 6 are the CRC32 of all that
stands before them. A typing error, a cut paste or another vendor's `sk-…` is told from a key of
ours without a query and without hashing.
"""

import re

from accounts.types import KeyMode
from common.errors import Unauthenticated
from common.tokens import CHECKSUM_LENGTH, checksum, random_base62

PUBLIC_LENGTH = 8
RANDOM_LENGTH = 32
PREFIX_LENGTH = len("sk-live-")
TOKEN_LENGTH = PREFIX_LENGTH + PUBLIC_LENGTH + RANDOM_LENGTH + CHECKSUM_LENGTH

_SHAPE = re.compile(
    rf"sk-(?:live|test)-([0-9A-Za-z]{{{PUBLIC_LENGTH}}})"
    rf"[0-9A-Za-z]{{{RANDOM_LENGTH + CHECKSUM_LENGTH}}}"
)


def make_token(mode: KeyMode) -> str:
    """Return a new token; its public id is the part that `read_public_id` finds."""
    body = f"sk-{mode}-{random_base62(PUBLIC_LENGTH + RANDOM_LENGTH)}"
    return body + checksum(body)


def read_public_id(token: str) -> str:
    """Return the public id of a well-formed token. No I/O; the token is never logged.

    Raises:
        Unauthenticated: the length, the alphabet or the checksum is wrong.
    """
    if len(token) != TOKEN_LENGTH:
        raise Unauthenticated
    match = _SHAPE.fullmatch(token)
    if match is None:
        raise Unauthenticated
    if checksum(token[:-CHECKSUM_LENGTH]) != token[-CHECKSUM_LENGTH:]:
        raise Unauthenticated
    return match.group(1)
