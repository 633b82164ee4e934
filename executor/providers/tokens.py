"""Signed tokens, which some providers take in place of a key."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any


def signed(claims: Mapping[str, Any], secret: str) -> str:
    """Return a JSON Web Token of these claims, signed by HMAC with SHA-256 (RFC 7515)."""
    head = _token_part({"alg": "HS256", "typ": "JWT"})
    text = f"{head}.{_token_part(claims)}"
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{_url_safe(digest)}"


def _token_part(value: Mapping[str, Any]) -> str:
    return _url_safe(json.dumps(value, separators=(",", ":")).encode())


def _url_safe(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
