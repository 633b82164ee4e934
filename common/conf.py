"""Typed access to the settings of `common`."""

import ipaddress
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@cache
def post_gate() -> Any:
    """Return what every POST of the public API goes through; see `common.http.drf.Gate`."""
    return import_string(settings.POST_GATE)


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Whose word about a client's address is taken: so many hops in front of us, or by network."""

    hops: int
    networks: tuple[Network, ...]


def trusted_proxies() -> TrustedProxies:
    """Return whose `X-Forwarded-For` is believed; nobody's if nothing is set.

    Raises:
        ImproperlyConfigured: `TRUSTED_PROXIES` has what is neither a number nor a network.
    """
    return _parse_proxies(tuple(settings.TRUSTED_PROXIES))


def redis_url() -> str:
    """Return where Redis is; empty if there is none."""
    return str(settings.REDIS_URL)


def web_processes() -> int:
    """How many web processes share the rate limits of everybody."""
    return max(1, int(settings.WEB_PROCESSES))


def permissions_policy() -> str:
    """Return which powers of the browser pages may use, as the header has it."""
    return str(settings.PERMISSIONS_POLICY)


@lru_cache(maxsize=4)
def _parse_proxies(items: tuple[str, ...]) -> TrustedProxies:
    counts = [int(item) for item in items if item.isdecimal()]
    try:
        networks = tuple(
            ipaddress.ip_network(item, strict=False) for item in items if not item.isdecimal()
        )
    except ValueError as error:
        raise ImproperlyConfigured(f"TRUSTED_PROXIES: {error}") from None
    return TrustedProxies(max(counts, default=0), networks)
