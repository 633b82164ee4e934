"""Headers that only the origin of a URL may see, and servers that the operator named."""

import io
from collections.abc import Iterator

import pytest

from common.fetch import FetchBlocked, FetchPolicy, fetch, origin_of
from tests.common.fetch_server import Handler, Names, Server, running_server

KEY = {"Authorization": "Bearer secret"}


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def other() -> Iterator[Server]:
    with running_server() as server:
        yield server


def get(url: str, *servers: Server, **options: object) -> bytes:
    sink = io.BytesIO()
    ports = frozenset(server.server_port for server in servers)
    given = {"allow": FetchPolicy(ports), "headers": KEY, **options}
    fetch(
        url,
        max_bytes=1_000,
        deadline_s=5,
        sink=sink,
        resolve=Names(["127.0.0.1"]),
        **given,  # type: ignore[arg-type]
    )
    return sink.getvalue()


def shown_keys(server: Server) -> list[str | None]:
    return [headers.get("Authorization") for _, headers in server.seen]


def redirect(location: str) -> object:
    def route(handler: Handler) -> None:
        handler.answer(status=302, Location=location)

    return route


def ok(handler: Handler) -> None:
    handler.answer(b"file")


def test_the_origin_of_a_url_is_shown_the_headers(server) -> None:
    server.routes = {"/a": redirect("/b"), "/b": ok}

    assert get(server.url("/a"), server) == b"file"

    assert shown_keys(server) == ["Bearer secret", "Bearer secret"]


@pytest.mark.parametrize("host", ["files.test", "elsewhere.test"])
def test_F6_a_redirect_to_another_origin_goes_without_the_headers(server, other, host) -> None:
    server.routes = {"/a": redirect(other.url("/b", host=host))}
    other.routes = {"/b": ok}

    assert get(server.url("/a"), server, other) == b"file"

    assert shown_keys(server) == ["Bearer secret"]
    assert shown_keys(other) == [None]


def test_F6_what_has_left_the_origin_is_not_shown_the_headers_on_its_way_back(
    server, other
) -> None:
    server.routes = {"/a": redirect(other.url("/b")), "/c": ok}
    other.routes = {"/b": redirect(server.url("/c"))}

    get(server.url("/a"), server, other)

    assert shown_keys(server) == ["Bearer secret", None]


@pytest.mark.parametrize("value", ["a\r\nHost: evil", "a\nb"])
def test_a_header_that_would_be_two_is_not_sent(server, value) -> None:
    server.routes = {"/a": ok}

    with pytest.raises(FetchBlocked):
        get(server.url("/a"), server, headers={"Authorization": value})

    assert server.seen == []


def test_a_server_that_the_operator_named_may_be_anywhere(server) -> None:
    server.routes = {"/a": ok}
    url = server.url("/a", host="127.0.0.1")

    body = get(url, server, allow=FetchPolicy(known=frozenset({origin_of(url)})))

    assert body == b"file"


def test_F6_a_server_that_the_operator_named_leads_to_no_other_one(server, other) -> None:
    server.routes = {"/a": redirect(other.url("/b", host="127.0.0.1"))}
    other.routes = {"/b": ok}
    url = server.url("/a", host="127.0.0.1")

    with pytest.raises(FetchBlocked):
        get(url, server, allow=FetchPolicy(known=frozenset({origin_of(url)})))

    assert other.seen == []
