"""Whose request it is: the socket's word, and that of proxies that are trusted."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory

from common.http.address import client_address, client_network, network_of


@pytest.fixture
def ask(settings):
    """The address of a request, under a setting of trusted proxies."""

    def address(peer: str, forwarded: str | None = None, trusted: str = "", **headers: str) -> str:
        settings.TRUSTED_PROXIES = [item for item in trusted.split(",") if item]
        if forwarded is not None:
            headers["X-Forwarded-For"] = forwarded
        request = RequestFactory().get("/", headers=headers)
        request.META["REMOTE_ADDR"] = peer
        return client_address(request)

    return address


def test_r2_without_trusted_proxies_headers_say_nothing(ask) -> None:
    told = {
        "X-Real-IP": "6.6.6.6",
        "Forwarded": "for=6.6.6.6",
        "True-Client-IP": "6.6.6.6",
        "CF-Connecting-IP": "6.6.6.6",
    }

    assert ask("203.0.113.9", "6.6.6.6", **told) == "203.0.113.9"
    assert ask("127.0.0.1", "6.6.6.6") == "127.0.0.1"


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "expected"),
    [
        ("10.0.0.1", "198.51.100.7", "10.0.0.0/8", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7", "10.0.0.0/8", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.9.9.9", "10.0.0.0/8", "198.51.100.7"),
        ("203.0.113.9", "198.51.100.7", "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.7", "1", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.9.9.9", "2", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7", "1", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7", "3", "198.51.100.7"),
        ("", "198.51.100.7", "1", "198.51.100.7"),
        ("fd00::1", "2001:db8::5", "fd00::/8", "2001:db8::5"),
        ("10.0.0.1", "198.51.100.7:51022", "1", "198.51.100.7"),
        ("10.0.0.1", "[2001:db8::5]:443", "1", "2001:db8::5"),
        ("10.0.0.1", "1.1.1.1, 10.2.0.1", "1,10.0.0.0/8", "1.1.1.1"),
        ("::ffff:10.0.0.1", "198.51.100.7", "10.0.0.0/8", "198.51.100.7"),
    ],
)
def test_proxies_are_believed_from_the_right_as_far_as_they_are_trusted(
    ask, peer, forwarded, trusted, expected
) -> None:
    assert ask(peer, forwarded, trusted) == expected


@pytest.mark.parametrize("forwarded", ["", " ", "unknown", "1.2.3", "a" * 9_000, ",", "\x00", "[x"])
def test_what_is_no_address_leaves_it_at_the_proxy(ask, forwarded) -> None:
    assert ask("10.0.0.1", forwarded, "10.0.0.0/8") == "10.0.0.1"


def test_a_header_without_end_is_cut_short(ask) -> None:
    assert ask("10.0.0.1", "6.6.6.6, " * 5_000 + "10.0.0.2", "10.0.0.0/8") == "6.6.6.6"
    assert ask("10.0.0.1", "6.6.6.6" + ", 10.0.0.2" * 5_000, "10.0.0.0/8") == "10.0.0.2"


def test_a_socket_without_an_address_is_nobody_in_particular(ask) -> None:
    assert ask("") == "unknown"
    assert network_of("unknown") == "unknown"


def test_r2_ipv6_counts_by_64_and_ipv4_by_address() -> None:
    assert network_of("2001:db8:1:2:aaaa::1") == network_of("2001:db8:1:2::ffff")
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")
    assert network_of("198.51.100.7") != network_of("198.51.100.8")
    assert network_of("::ffff:198.51.100.7") == network_of("198.51.100.7")


def test_a_request_has_a_network() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="2001:db8::1%eth0")

    assert client_network(request) == "2001:db8::/64"


def test_a_proxy_that_is_no_network_is_told_at_once(ask) -> None:
    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXIES"):
        ask("10.0.0.1", "1.1.1.1", "proxy.example")
