"""What the text of a URL alone shows: whether it is allowed, and how it stands in a log.

One parser decides, the client's own (`httpx.URL`): what is checked is what is connected to.
"""

import re
import unicodedata
from ipaddress import AddressValueError, IPv4Address, IPv6Address

import httpx

from common.fetch.addresses import PUBLIC_ONLY, PUBLIC_PORTS, FetchPolicy, may_connect
from common.fetch.errors import UrlNotAllowed

MAX_URL_BYTES = 8 * 1024
_MAX_REDACTED_CHARS = 512
_UNREADABLE = "[unreadable URL]"

_DEFAULT_PORTS = {"http": 80, "https": 443}

_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
# A last label such as these makes resolvers read the whole name as an IPv4 address (127.1, 0x7f.1).
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

# Names which never lead to the public internet. Whether they resolve is nobody's business.
_INTERNAL_SUFFIXES = (
    ".localhost",
    ".localdomain",
    ".local",
    ".internal",
    ".intranet",
    ".private",
    ".corp",
    ".home",
    ".lan",
    ".home.arpa",
)


def check_url(url: str, *, allow: FetchPolicy = PUBLIC_ONLY) -> None:
    """Check the literal form of `url`, without DNS.

    Raises:
        UrlNotAllowed: It is plainly not allowed; the detail says why in general words.
    """
    parse_url(url, allow=allow)


def parse_url(url: str, *, allow: FetchPolicy = PUBLIC_ONLY) -> httpx.URL:
    """Check `url` as `check_url` does and return it parsed: http or https, with a host.

    Raises:
        UrlNotAllowed: As `check_url`.
    """
    _check_text(url)
    parsed = _parse(url)
    if parsed.scheme not in _DEFAULT_PORTS:
        raise UrlNotAllowed("Only http and https URLs are allowed.")
    if parsed.userinfo or "@" in parsed.fragment:
        raise UrlNotAllowed("A URL with a user name or password is not allowed.")
    _check_host(_host_of(parsed), port_of(parsed), allow)
    return parsed


def port_of(url: httpx.URL) -> int:
    """Return the port that an http or https URL leads to."""
    return url.port if url.port is not None else _DEFAULT_PORTS[url.scheme]


def redact_url(url: str) -> str:
    """Return `url` for logs: no query, fragment or userinfo, at most 512 characters; never raises.

    Of what is not http or https nothing but the scheme is shown (a data: URI is all content).
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return _UNREADABLE
    if parsed.scheme not in _DEFAULT_PORTS or not parsed.raw_host:
        return f"{parsed.scheme}:…" if parsed.scheme else _UNREADABLE
    path = parsed.raw_path.partition(b"?")[0]
    text = f"{parsed.scheme}://{(parsed.netloc + path).decode('ascii', 'replace')}"
    return text[:_MAX_REDACTED_CHARS]


def _check_text(url: str) -> None:
    """Refuse what parsers disagree about, before any of them reads it."""
    if len(url) > MAX_URL_BYTES:
        raise UrlNotAllowed(f"A URL may be at most {MAX_URL_BYTES} bytes long.")
    if "\\" in url or any(unicodedata.category(char)[0] in "CZ" for char in url):
        raise UrlNotAllowed("A URL may not hold spaces, backslashes or control characters.")
    # After the line above: a lone surrogate cannot be encoded.
    if len(url.encode()) > MAX_URL_BYTES:
        raise UrlNotAllowed(f"A URL may be at most {MAX_URL_BYTES} bytes long.")


def _parse(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        # Its message quotes parts of the URL, which may be secret: it is not chained.
        raise UrlNotAllowed("The URL cannot be read.") from None


def _host_of(url: httpx.URL) -> str:
    """Return the host as it goes to the resolver; `URL.host` would decode punycode, and may raise."""
    return url.raw_host.decode("ascii").lower()


def origin_of(url: str) -> tuple[str, int]:
    """Return the host and the port that a URL leads to, as `FetchPolicy.known` has them.

    Raises:
        UrlNotAllowed: it cannot be read.
    """
    _check_text(url)
    parsed = _parse(url)
    if parsed.scheme not in _DEFAULT_PORTS:
        raise UrlNotAllowed("Only http and https URLs are allowed.")
    return _host_of(parsed), port_of(parsed)


def _check_host(host: str, port: int, allow: FetchPolicy) -> None:
    if (host, port) in allow.known:
        return
    if port not in PUBLIC_PORTS and port not in allow.loopback_ports:
        raise UrlNotAllowed("Only the ports 80, 443, 8080 and 8443 are allowed.")
    if ":" in host:
        _check_ipv6(host, port, allow)
        return
    name = host.removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise UrlNotAllowed("The URL has no usable host name.")
    if _NUMBER.fullmatch(labels[-1]):
        _check_ipv4(host, port, allow)
    elif port not in allow.loopback_ports:
        _check_name(name)


def _check_name(name: str) -> None:
    # A name without a dot is looked up in the machine's own search domains.
    if "." not in name or name.endswith(_INTERNAL_SUFFIXES):
        raise UrlNotAllowed("Only hosts on the public internet are allowed.")


def _check_ipv4(host: str, port: int, allow: FetchPolicy) -> None:
    """Take the one plain form, four decimal numbers; all others are refused unread."""
    try:
        address = IPv4Address(host)
    except AddressValueError:
        raise UrlNotAllowed("An IPv4 address must be four decimal numbers.") from None
    if not may_connect(address, port, allow):
        raise UrlNotAllowed("Only hosts on the public internet are allowed.")


def _check_ipv6(host: str, port: int, allow: FetchPolicy) -> None:
    try:
        address = IPv6Address(host)
    except AddressValueError:
        raise UrlNotAllowed("The URL has no usable host name.") from None
    if not may_connect(address, port, allow):
        raise UrlNotAllowed("Only hosts on the public internet are allowed.")
