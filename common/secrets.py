"""Secrets at rest: sealed with AES-256-GCM, each bound to the place where it lies (TRUST.md 3.14).

A sealed text is `v1:<key id>:<nonce>:<ciphertext>`. It opens only where it was sealed for: moved to
another row, another column or another workspace, it is refused. A text that does not open raises;
it is never given back as it is.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = "v1"
NONCE_BYTES = 12  # what AES-GCM is defined for
MIN_SECRET_LENGTH = 32


class SecretUnreadable(Exception):
    """A sealed text that cannot be opened: damaged, moved, or sealed by a key that is gone."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed text lies; the text is bound to all four."""

    table: str
    column: str
    workspace_id: str
    row_id: str

    @property
    def bound(self) -> bytes:
        """The place as bytes that no other place has."""
        parts = (self.table, self.column, self.workspace_id, self.row_id)
        return "\0".join(parts).encode("utf-8")


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys by id. New texts are sealed with the first one, old ones open with theirs."""

    keys: Mapping[str, bytes] = field(repr=False)

    @property
    def current(self) -> str:
        """The id of the key that seals."""
        return next(iter(self.keys))

    def seal(self, text: str, place: Place) -> str:
        """Return a text sealed for a place."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(self.keys[self.current]).encrypt(nonce, text.encode("utf-8"), place.bound)
        return ":".join((VERSION, self.current, _text(nonce), _text(sealed)))

    def open(self, sealed: str, place: Place) -> str:
        """Return the text that was sealed for this place.

        Raises:
            SecretUnreadable: it was not, was changed, or its key is gone.
        """
        try:
            version, key_id, nonce, content = sealed.split(":")
            if version != VERSION:
                raise SecretUnreadable("of another version")
            opened = AESGCM(self.keys[key_id]).decrypt(_bytes(nonce), _bytes(content), place.bound)
        except KeyError:
            raise SecretUnreadable("its key is gone") from None
        except (ValueError, InvalidTag, binascii.Error):
            raise SecretUnreadable("damaged, or not from here") from None
        return opened.decode("utf-8")

    def is_current(self, sealed: str) -> bool:
        """Say whether a text is sealed with the key that seals now."""
        return sealed.startswith(f"{VERSION}:{self.current}:")


def read_key_ring(text: str) -> KeyRing:
    """Return the key ring that a setting describes: `id:secret,id:secret`, the first one seals.

    Raises:
        ValueError: it describes none.
    """
    keys: dict[str, bytes] = {}
    for item in (part.strip() for part in text.split(",")):
        key_id, _, secret = item.partition(":")
        if not key_id.isalnum() or len(secret) < MIN_SECRET_LENGTH or key_id in keys:
            raise ValueError(
                f"each item is id:secret, ids differ, secrets have {MIN_SECRET_LENGTH} characters"
            )
        keys[key_id] = hashlib.sha256(f"pixelflow:seal:{secret}".encode()).digest()
    return KeyRing(keys)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, altchars=b"-_", validate=True)
