"""From an `Authorization` header to a `Principal`, for views and for whoever has only headers."""

from accounts.services.key_tokens import TOKEN_LENGTH
from accounts.services.keys import authenticate_key
from accounts.types import Principal
from common.errors import Unauthenticated

SCHEME = "Bearer"
MAX_HEADER_LENGTH = len(SCHEME) + 1 + TOKEN_LENGTH


def authenticate_header(header: str | None) -> Principal:
    """Return the principal behind an `Authorization` header; None stands for no header.

    Synchronous, and may query: async code calls it by `sync_to_async`.

    Raises:
        Unauthenticated: anything but one `Bearer` and one good key. Two headers, which servers
            join with a comma, are no such thing.
    """
    if header is None or len(header) > MAX_HEADER_LENGTH:
        raise Unauthenticated
    scheme, _, token = header.partition(" ")
    if scheme.lower() != SCHEME.lower():
        raise Unauthenticated
    return authenticate_key(token)
