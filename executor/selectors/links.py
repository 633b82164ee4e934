"""Signed links to media: they need no key and are good for as long as the file is kept."""

import base64
import hmac

from executor import conf

_SIGNATURE_BYTES = 16


def media_url(file_id: str) -> str:
    """Return the absolute link of a file."""
    return f"{conf.public_url()}/media/{file_id}/{_signature(file_id)}"


def is_signed(file_id: str, signature: str) -> bool:
    """Say whether a link's signature is ours, in constant time."""
    return signature.isascii() and hmac.compare_digest(_signature(file_id), signature)


def _signature(file_id: str) -> str:
    raw = hmac.digest(conf.media_secret(), file_id.encode(), "sha256")[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")
