"""Networks instead of addresses."""

import pytest

from common.http.origin import current_network, kept_network, note_address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::1", "::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_an_address_is_cut_to_its_network(address, network):
    assert kept_network(address) == network


def test_the_current_network_is_that_of_the_address_noted():
    note_address("203.0.113.77")
    noted = current_network()
    note_address("")

    assert (noted, current_network()) == ("203.0.113.0/24", "")
