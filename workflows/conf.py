"""Typed access to the settings that `workflows` reads."""

import hashlib
from functools import lru_cache
from importlib import import_module
from typing import Any

from django.conf import settings

from common.fetch import FetchPolicy


def cursor_secret() -> bytes:
    """Return the key that signs list cursors, derived from `SECRET_KEY` for them alone."""
    return _derive("cursors", settings.SECRET_KEY)


def fetch_policy() -> FetchPolicy:
    """Return which addresses a callback URL may name beyond the public internet."""
    return FetchPolicy(loopback_ports=settings.FETCH_LOOPBACK_PORTS)


def extra_nodes() -> list[type[Any]]:
    """Return the node classes of the installation's own modules, each of which has `NODES`."""
    return [node for name in settings.EXTRA_NODES for node in import_module(name).NODES]


def catalogue_check_s() -> float:
    """Return the seconds between two looks for what staff changed; 0: nobody looks."""
    return float(settings.CATALOGUE_CHECK_S)


@lru_cache(maxsize=4)
def _derive(purpose: str, secret_key: str) -> bytes:
    return hashlib.sha256(f"pixelflow:{purpose}:{secret_key}".encode()).digest()
