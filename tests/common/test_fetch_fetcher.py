"""Fetching from real servers on loopback: addresses and redirects (rows F4, F5, F6)."""

import hashlib
import io
from collections.abc import Iterator, Sequence

import httpcore
import pytest

from common.fetch import FetchBlocked
from common.fetch.addresses import PUBLIC_ONLY
from common.fetch.backend import Deadline, PinnedBackend
from tests.common.fetch_server import Handler, Names, Route, Server, get, running_server

BLOCKED = "This URL may not be fetched."


class Network(httpcore.NetworkBackend):
    """Notes where connections go; they answer from memory, or are refused."""

    def __init__(self, *, refused: Sequence[str] = ()) -> None:
        self._refused = refused
        self.tried: list[str] = []

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.tried.append(f"{host}:{port}")
        if host in self._refused:
            raise httpcore.ConnectError
        return httpcore.MockStream([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


def redirect_to(location: str, status: int = 302) -> Route:
    return lambda handler: handler.answer(status=status, Location=location)


def pinned(names: Names, network: Network) -> PinnedBackend:
    return PinnedBackend(allow=PUBLIC_ONLY, deadline=Deadline(5), resolve=names, network=network)


def test_a_body_is_streamed_to_the_sink(server: Server):
    body = bytes(range(256)) * 300
    server.routes["/a.png"] = lambda handler: handler.answer(body, Content_Type="Image/PNG; q=1")
    sink = io.BytesIO()

    result = get(server, server.url("/a.png"), sink=sink)

    assert sink.getvalue() == body
    assert result.bytes == len(body)
    assert result.sha256 == hashlib.sha256(body).hexdigest()
    assert result.content_type == "image/png"


def test_the_request_says_nothing_but_what_is_needed(server: Server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server.routes["/"] = lambda handler: handler.answer()

    get(server, server.url("/"))

    headers = server.seen[0][1]
    assert headers.pop("Host") == f"files.test:{server.server_port}"
    assert headers.pop("Accept-Encoding") == "identity"
    assert set(headers) == {"User-Agent", "Accept", "Connection"}


def test_F4_the_address_used_is_the_address_checked(server: Server):
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    server.routes["/"] = lambda handler: handler.answer(b"ok")

    assert get(server, server.url("/"), names=names).bytes == 2
    assert names.asked == ["files.test"]


def test_F4_a_public_first_answer_is_connected_to_without_a_second_question():
    names, network = Names(["93.184.216.34"], ["127.0.0.1"]), Network()

    pinned(names, network).connect_tcp("files.test", 80)

    assert network.tried == ["93.184.216.34:80"]
    assert names.asked == ["files.test"]


def test_F4_a_name_that_flips_between_hops_is_blocked(server: Server):
    server.routes["/"] = redirect_to("/secret")

    with pytest.raises(FetchBlocked):
        get(server, server.url("/"), names=Names(["127.0.0.1"], ["10.0.0.1"]))

    assert [path for path, _ in server.seen] == ["/"]


@pytest.mark.parametrize("private", ["10.0.0.1", "127.0.0.1", "::1", "fe80::1%eth0", "0.0.0.0"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_F5_one_private_record_among_public_ones_blocks_all(private: str, place: int):
    records = ["93.184.216.34", "2606:4700::1111"]
    records.insert(place, private)
    network = Network()

    with pytest.raises(FetchBlocked):
        pinned(Names(records), network).connect_tcp("files.test", 443)

    assert network.tried == []


def test_a_dead_address_falls_back_to_the_next_checked_one():
    names, network = Names(["2606:4700::1111", "8.8.8.8"]), Network(refused=["2606:4700::1111"])

    pinned(names, network).connect_tcp("files.test", 443)

    assert network.tried == ["2606:4700::1111:443", "8.8.8.8:443"]


def test_only_the_four_ports_and_no_socket_file_are_connected_to():
    network = Network()
    backend = pinned(Names(["8.8.8.8"]), network)

    with pytest.raises(FetchBlocked):
        backend.connect_tcp("files.test", 6379)
    with pytest.raises(FetchBlocked):
        backend.connect_unix_socket("/run/docker.sock")

    assert network.tried == []


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/",
        "http://127.0.0.1:6379/",
        "http://files.test:6379/",
        "http://127.1/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_INFO",
        "ftp://files.test/",
        "data:text/plain,x",
        "//localhost/",
        "//user:pass@files.test/",
        "/\\evil.example/",
        "https:///x",
        "http://[",
        "http://" + "a" * 10_000 + ".com/",
    ],
)
def test_F6_a_redirect_to_what_is_not_allowed_is_blocked(server: Server, location: str):
    server.routes["/"] = redirect_to(location)
    names = Names(["127.0.0.1"])

    with pytest.raises(FetchBlocked) as caught:
        get(server, server.url("/"), names=names)

    assert str(caught.value) == BLOCKED
    assert names.asked == ["files.test"]


def test_F6_a_redirect_to_a_name_on_loopback_is_blocked(server: Server):
    server.routes["/"] = redirect_to("http://rebound.test:8080/")

    with pytest.raises(FetchBlocked):
        get(server, server.url("/"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_F6_three_hops_are_followed_and_no_cookie_with_them(server: Server, status: int):
    def first(handler: Handler) -> None:
        handler.answer(status=status, Location="b?x#y", Set_Cookie="a=b")

    server.routes["/dir/a"] = first
    server.routes["/dir/b"] = redirect_to(server.url("/c", host="other.test"), status)
    server.routes["/c"] = redirect_to("/d?secret", status)
    server.routes["/d"] = lambda handler: handler.answer(b"end")
    names = Names(["127.0.0.1"])

    result = get(server, server.url("/dir/a"), names=names)

    assert result.bytes == 3
    assert result.final_url_redacted == server.url("/d", host="other.test")
    assert names.asked == ["files.test", "files.test", "other.test", "other.test"]
    assert not any({"Cookie", "Authorization", "Referer"} & set(sent) for _, sent in server.seen)


@pytest.mark.parametrize("hops", [4, 30])
def test_F6_more_hops_are_blocked(server: Server, hops: int):
    for hop in range(hops):
        server.routes[f"/{hop}"] = redirect_to(f"/{hop + 1}")
    server.routes[f"/{hops}"] = lambda handler: handler.answer(b"end")

    with pytest.raises(FetchBlocked):
        get(server, server.url("/0"))

    assert len(server.seen) == 4


def test_F6_a_loop_is_blocked(server: Server):
    server.routes["/"] = redirect_to("/")

    with pytest.raises(FetchBlocked):
        get(server, server.url("/"))

    assert len(server.seen) == 4
