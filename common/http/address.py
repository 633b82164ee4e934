"""Whose request it is, by address: what the socket says, or the proxies that we trust.

`X-Forwarded-For` is written by whoever sends it. It is read from the right, and only as far as
those who wrote it are trusted (`TRUSTED_PROXIES`); `Forwarded` and others like it are not read.
"""

import ipaddress
from functools import lru_cache

from django.http import HttpRequest

from common.conf import TrustedProxies, trusted_proxies

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NOWHERE = "unknown"  # a socket without an address, and no proxy that names one
MAX_HOPS = 32  # of a header that somebody made longer, no more is looked at

_HOUSEHOLD_V6 = 64  # one customer of a provider has at least so much to choose from


def client_address(request: HttpRequest) -> str:
    """Return the address of who asks; `unknown` where there is none."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    return address_behind(peer, forwarded, trusted_proxies())


def client_network(request: HttpRequest) -> str:
    """Return what stands for who asks when requests are counted: an IPv4 address, or an IPv6 /64."""
    return network_of(client_address(request))


def address_behind(peer: str, forwarded: str, trusted: TrustedProxies) -> str:
    """Return the client's address: the first one, seen from here, that is no trusted proxy's."""
    current = parse_address(peer)
    if not forwarded or not (trusted.hops or trusted.networks):
        return str(current) if current else NOWHERE
    hops = [hop.strip() for hop in forwarded.rsplit(",", MAX_HOPS)[-MAX_HOPS:]]
    for number, hop in enumerate(reversed(hops)):
        if number >= trusted.hops and not _is_in(current, trusted):
            break
        named = parse_address(hop)
        if named is None:
            break
        current = named
    return str(current) if current else NOWHERE


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Return an IPv4 address as it is, and an IPv6 address as its /64."""
    known = parse_address(address)
    if isinstance(known, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(known), _HOUSEHOLD_V6), strict=False))
    return str(known) if known else NOWHERE


def _is_in(address: Address | None, trusted: TrustedProxies) -> bool:
    return address is not None and any(address in network for network in trusted.networks)


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address | None:
    """Return an address, also of the forms `1.2.3.4:5678` and `[::1]:5678`; None for none.

    Without its zone, which one machine alone could read; IPv4 written as IPv6 becomes IPv4.
    """
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        known = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = known.ipv4_mapped if isinstance(known, ipaddress.IPv6Address) else None
    return mapped or known
