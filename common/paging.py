"""Keyset paging: signed cursors that are bound to one list, its filters and its workspace."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common import strict_json
from common.canonical import canonical_json, digest
from common.errors import MalformedRequest

DEFAULT_LIMIT = 25
MAX_LIMIT = 100
_SIGNATURE_LENGTH = 16  # bytes of the HMAC that a cursor carries


@dataclass(frozen=True, slots=True)
class ListScope:
    """What a cursor belongs to: it is refused anywhere else."""

    name: str
    workspace_id: str
    filters: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """Short digest of list, workspace and filters."""
        return digest([self.name, self.workspace_id, dict(self.filters)])[:16]


def make_cursor(scope: ListScope, position: list[str], *, secret: bytes) -> str:
    """Return an opaque cursor for the row after which the next page starts."""
    payload = canonical_json([scope.digest, position])
    return base64.urlsafe_b64encode(_sign(payload, secret) + payload).decode("ascii").rstrip("=")


def read_cursor(cursor: str, scope: ListScope, *, secret: bytes) -> list[str]:
    """Return the position that a cursor names.

    Raises:
        MalformedRequest: garbage, forged, or of another list, filter or workspace.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (binascii.Error, UnicodeEncodeError, ValueError) as error:
        raise _bad_cursor() from error
    signature, payload = raw[:_SIGNATURE_LENGTH], raw[_SIGNATURE_LENGTH:]
    if not hmac.compare_digest(signature, _sign(payload, secret)):
        raise _bad_cursor()
    value = strict_json.parse(payload)
    if not isinstance(value, list) or value[0] != scope.digest or not isinstance(value[1], list):
        raise _bad_cursor()
    return [str(part) for part in value[1]]


def read_limit(text: str | None) -> int:
    """Return a page size from a query value, 25 if it was left out.

    Raises:
        MalformedRequest: no whole number from 1 to 100.
    """
    if text is None:
        return DEFAULT_LIMIT
    if not (
        text.isascii() and text.isdigit() and 0 < len(text) <= 3 and 1 <= int(text) <= MAX_LIMIT
    ):
        raise MalformedRequest(f"limit must be a whole number from 1 to {MAX_LIMIT}.")
    return int(text)


def _sign(payload: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, payload, "sha256")[:_SIGNATURE_LENGTH]


def _bad_cursor() -> MalformedRequest:
    return MalformedRequest("cursor is not one that this list gave out.")
