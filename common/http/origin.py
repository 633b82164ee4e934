"""Where the request being answered comes from, for records that outlive it: a network, no address."""

import ipaddress
from contextvars import ContextVar

_KEPT_V4, _KEPT_V6 = 24, 48  # bits of an address that are kept

_address: ContextVar[str] = ContextVar("client_address", default="")


def note_address(address: str) -> None:
    """Remember whose request is being answered, in this context."""
    _address.set(address)


def current_network() -> str:
    """Return the caller's network: /24, or /48 of IPv6. Empty outside of a request."""
    return network_of(_address.get())


def network_of(address: str) -> str:
    """Return the network that stands for an address; empty for what is no address."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped is None:
            # The zone of a link-local address belongs to one machine.
            return str(ipaddress.IPv6Network((int(known), _KEPT_V6), strict=False))
        known = known.ipv4_mapped
    return str(ipaddress.IPv4Network((int(known), _KEPT_V4), strict=False))
