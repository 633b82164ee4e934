"""Whether an event is from Stripe."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from stripe import SignatureVerificationError, WebhookSignature

from billing.errors import BadSignature

TOLERANCE_S = 300  # between Stripe's clock and ours, either way


def read_signed(
    payload: bytes, header: str, *, secrets: Sequence[str], now: datetime
) -> dict[str, Any]:
    """Return a signed event; of several secrets (one is being replaced) any will do.

    Raises:
        BadSignature: not signed by any of them, too long ago, in the future, or no JSON object.
    """
    if not any(_is_signed(payload, header, secret) for secret in secrets):
        raise BadSignature
    if _signed_at(header) > now.timestamp() + TOLERANCE_S:
        raise BadSignature
    try:
        event = json.loads(payload)
    except ValueError as error:
        raise BadSignature from error
    if not isinstance(event, dict):
        raise BadSignature
    return event


def _is_signed(payload: bytes, header: str, secret: str) -> bool:
    try:
        WebhookSignature.verify_header(payload, header, secret, TOLERANCE_S)
    except (SignatureVerificationError, UnicodeDecodeError):
        return False
    return True


def _signed_at(header: str) -> int:
    """Return the time in a header that was found good, which makes it a number."""
    return next(int(item[2:]) for item in header.split(",") if item.startswith("t="))
