"""The address table, row by row: no special address passes, no real public one is refused."""

from ipaddress import ip_address

import pytest

from common.fetch.addresses import PUBLIC_ONLY, PUBLIC_PORTS, FetchPolicy, is_public, may_connect


def rows(text: str) -> list[str]:
    """Return the words of `text`, one row each."""
    return text.split()


# Forms that `ipaddress.is_global` or known packages have let through, or that embed an IPv4 one.
TRICKY = rows("""
0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254
168.63.129.16 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.9
192.0.0.10 192.0.0.170 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255
198.51.100.1 203.0.113.1 224.0.0.1 233.252.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0.0.0.0
::ffff:0:127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 100::1
2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:1::1 2001:2::1 2001:3::1 2001:4:112::1
2001:10::1 2001:20::1 2001:30::1 2001:1ff:ffff::1 2001:db8::1 2002:a9fe:a9fe:: 2002:7f00:1::
2002:808:808::1 2620:4f:8000::1 3ffe::1 3fff::1 3fff:fff::1 5f00::1 fc00::1 fd00:ec2::254
fd12:3456:789a::1 fe80::1 fe80::1%eth0 2606:4700::1111%eth0 fec0::1 feff::1 ff02::1 ff05::1:3
ff0e::1 4000::1 1fff::1 e000::1 ::2 ::ffff:224.0.0.1 ::ffff:100.64.0.1 ::ffff:192.168.1.1
::ffff:168.63.129.16 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
""")

# First and last address of every special block of IPv4.
EDGES_INSIDE = rows("""
0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.0
127.255.255.255 169.254.0.0 169.254.255.255 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.255
192.0.2.0 192.0.2.255 192.31.196.0 192.31.196.255 192.52.193.0 192.52.193.255 192.88.99.0
192.88.99.255 192.168.0.0 192.168.255.255 192.175.48.0 192.175.48.255 198.18.0.0 198.19.255.255
198.51.100.0 198.51.100.255 203.0.113.0 203.0.113.255 224.0.0.0 239.255.255.255 240.0.0.0
255.255.255.254
""")

# The address just before and just after those blocks, where it is a public one.
EDGES_OUTSIDE = rows("""
1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255
192.0.1.0 192.0.1.255 192.0.3.0 192.31.195.255 192.31.197.0 192.52.192.255 192.52.194.0
192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 192.175.47.255 192.175.49.0 198.17.255.255
198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255
""")

# Resolvers, content networks, clouds and registries, as they answer in real life.
REAL_PUBLIC = rows("""
1.1.1.1 1.0.0.1 8.8.8.8 8.8.4.4 9.9.9.9 208.67.222.222 4.2.2.2 64.6.64.6 76.76.2.0 94.140.14.14
13.107.42.14 20.205.243.166 23.185.0.3 31.13.71.36 34.117.59.81 35.186.224.25 52.95.110.1
52.216.8.3 54.239.28.85 93.184.216.34 99.86.0.1 104.16.132.229 104.18.32.7 108.177.122.94
130.89.148.77 140.82.121.3 142.250.74.46 151.101.1.69 157.240.20.35 162.159.36.1 172.64.0.1
172.217.16.142 178.79.0.1 185.199.108.133 192.30.255.113 193.0.6.139 194.0.0.53 195.82.154.1
198.41.0.4 199.232.0.133 202.12.27.33 203.119.1.1 204.79.197.200 212.58.244.70 216.58.206.14
2001:200:dff:fff1:216:3eff:feb1:44d7 2001:41d0:302:2200::180 2001:4860:4860::8888
2001:4860:4860::8844 2001:500:88:200::8 2001:500:2::c 2001:67c:2e8:22::c100:68b 2001:7fd::1
2001:8d8:100f:f000::200 2003::1 2400:cb00:2048:1::6814:155 2404:6800:4003:c00::64
2406:da00:ff00::22c2:5ef4 2600:1406:bc00:53::b81e:94ce 2600:9000:2000::1 2603:1030:20e:3::23c
2604:a880:400:d0::1 2606:2800:220:1:248:1893:25c8:1946 2606:4700:4700::1111 2606:4700:4700::1001
2607:f8b0:4005:802::200e 2620:fe::fe 2620:119:35::35 2620:0:ccc::2 2800:3f0:4001:80a::200e
2a00:1450:4001:81b::200e 2a01:4f8:0:a0a1::add:1010 2a02:26f0:3100::1 2a03:2880:f12f:83:face:b00c:0:25de
2a04:4e42::81 2a06:98c1:3121::3 2c0f:fb50:4002:80a::200e ::ffff:8.8.8.8 ::ffff:1.1.1.1
""")


def test_the_table_is_tried_with_about_two_hundred_rows_at_least():
    assert len({*TRICKY, *EDGES_INSIDE, *EDGES_OUTSIDE, *REAL_PUBLIC}) >= 200
    assert len(set(TRICKY)) >= 42


@pytest.mark.parametrize("address", [*TRICKY, *EDGES_INSIDE])
def test_a_special_address_is_not_public(address: str):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", [*EDGES_OUTSIDE, *REAL_PUBLIC])
def test_a_real_public_address_is_public(address: str):
    assert is_public(ip_address(address))


@pytest.mark.parametrize("port", sorted(PUBLIC_PORTS))
def test_a_public_address_is_connected_on_the_four_ports(port: int):
    assert may_connect(ip_address("8.8.8.8"), port, PUBLIC_ONLY)


@pytest.mark.parametrize("port", [0, 22, 25, 6379, 8081, 65535])
def test_a_public_address_is_connected_on_no_other_port(port: int):
    assert not may_connect(ip_address("8.8.8.8"), port, FetchPolicy(frozenset({port})))


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_loopback_is_connected_on_listed_ports_alone(address: str):
    allow = FetchPolicy(loopback_ports=frozenset({4000}))

    assert may_connect(ip_address(address), 4000, allow)
    assert not may_connect(ip_address(address), 4001, allow)
    assert not may_connect(ip_address(address), 80, allow)
    assert not may_connect(ip_address(address), 80, PUBLIC_ONLY)


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "fe80::1", "0.0.0.0"])
def test_a_listed_port_opens_no_other_private_address(address: str):
    assert not may_connect(ip_address(address), 4000, FetchPolicy(frozenset({4000})))
