"""Typed access to the settings that the gallery reads."""

import hashlib
from functools import lru_cache

from django.conf import settings


def public_url() -> str:
    """Where the site is reached from outside, without a slash at the end."""
    return str(settings.PUBLIC_URL)


def gallery_check_s() -> float:
    """Return the seconds between two looks for what is listed by now; 0: at every call."""
    return float(settings.GALLERY_CHECK_S)


def cursor_secret() -> bytes:
    """Return the key that signs list cursors."""
    return _derive("gallery-cursors", settings.SECRET_KEY)


def asset_secret() -> bytes:
    """Return the key that signs links to files of users' templates."""
    return _derive("gallery-assets", settings.SECRET_KEY)


@lru_cache(maxsize=8)
def _derive(purpose: str, secret_key: str) -> bytes:
    return hashlib.sha256(f"pixelflow:{purpose}:{secret_key}".encode()).digest()
