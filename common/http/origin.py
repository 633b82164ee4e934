"""Where the request being answered comes from, for records that outlive it: a network, no address."""

import ipaddress
from contextvars import ContextVar

from common.http.address import parse_address

_KEPT_V4, _KEPT_V6 = 24, 48  # bits of an address that are kept

_address: ContextVar[str] = ContextVar("client_address", default="")


def note_address(address: str) -> None:
    """Remember whose request is being answered, in this context."""
    _address.set(address)


def current_network() -> str:
    """Return the caller's network: /24, or /48 of IPv6. Empty outside of a request."""
    return kept_network(_address.get())


def kept_network(address: str) -> str:
    """Return as much of an address as is kept; empty for what is no address."""
    known = parse_address(address)
    if known is None:
        return ""
    kept = _KEPT_V4 if known.version == 4 else _KEPT_V6
    return str(ipaddress.ip_network((known.packed, kept), strict=False))
