"""Limits of a fetch: time, bytes, encodings, failures; and what is never shown (row F20)."""

import gzip
import io
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.fetch import FetchError, FetchFailed, FetchPolicy, FetchResult, fetch
from common.fetch.encoding import Gunzip
from common.fetch.fetcher import _ssl_context
from tests.common.fetch_server import Handler, Names, Server, get, running_server


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


def failure_of(server: Server, path: str, **more: Any) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        get(server, server.url(path), **more)
    return caught.value


def fetch_port(port: int, url: str, *, deadline_s: float = 2) -> FetchResult:
    """Fetch from a port where no `Server` listens."""
    return fetch(
        url,
        max_bytes=1,
        deadline_s=deadline_s,
        sink=io.BytesIO(),
        allow=FetchPolicy(frozenset({port})),
        resolve=Names(["127.0.0.1"]),
    )


def drip(handler: Handler) -> None:
    """Send a byte every 20 ms for 10 s, so that no single read ever waits long."""
    for _ in range(500):
        handler.wfile.write(b"x")
        time.sleep(0.02)


def drip_body(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    drip(handler)


def drip_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    drip(handler)


def drip_interim_answers(handler: Handler) -> None:
    for _ in range(500):
        handler.wfile.write(b"HTTP/1.1 102 Processing\r\n\r\n")
        time.sleep(0.02)


def drip_redirects(handler: Handler) -> None:
    time.sleep(0.2)
    handler.answer(status=302, Location="/slow")


def endless(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        handler.wfile.write(b"x" * 65_536)


def send(body: bytes, **headers: str):
    return lambda handler: handler.answer(body, **headers)


@pytest.mark.parametrize("route", [drip_body, drip_headers, drip_interim_answers, drip_redirects])
def test_dripping_bytes_end_at_the_total_deadline(server: Server, route):
    server.routes["/slow"] = route
    started = time.monotonic()

    failure = failure_of(server, "/slow", deadline_s=0.3)

    assert failure.retryable
    assert 0.3 <= time.monotonic() - started < 4


def test_a_silent_server_ends_at_the_total_deadline():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        started = time.monotonic()

        with pytest.raises(FetchFailed) as caught:
            fetch_port(port, f"http://127.0.0.1:{port}/", deadline_s=0.3)

    assert caught.value.retryable
    assert time.monotonic() - started < 4


def test_a_slow_resolver_ends_at_the_total_deadline(server: Server):
    released = threading.Event()

    def stuck(host: str) -> list:
        released.wait(10)
        return []

    failure = failure_of(server, "/", names=stuck, deadline_s=0.2)
    released.set()

    assert failure.retryable


def test_an_endless_body_stops_at_the_limit(server: Server):
    server.routes["/"] = endless
    sink = io.BytesIO()

    failure = failure_of(server, "/", sink=sink, max_bytes=1_000_000)

    assert not failure.retryable
    assert len(sink.getvalue()) <= 1_000_000


def test_a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(server: Server):
    server.routes["/"] = send(b"x" * 1000)

    assert get(server, server.url("/"), max_bytes=1000).bytes == 1000
    assert "larger than 999 bytes" in failure_of(server, "/", max_bytes=999).detail


def test_a_body_that_says_it_is_too_large_is_not_read(server: Server):
    server.routes["/"] = send(b"x" * 1001)
    sink = io.BytesIO()

    failure_of(server, "/", sink=sink, max_bytes=1000)

    assert sink.getvalue() == b""


def test_a_gzip_bomb_stops_at_the_limit_of_decoded_bytes(server: Server):
    bomb = gzip.compress(bytes(50_000_000), mtime=0)
    assert len(bomb) < 100_000
    assert max(map(len, Gunzip().feed(bomb))) <= 65_536
    server.routes["/"] = send(bomb, Content_Encoding="gzip")
    sink = io.BytesIO()

    failure = failure_of(server, "/", sink=sink, max_bytes=100_000)

    assert not failure.retryable
    assert len(sink.getvalue()) <= 100_000


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 300_000])
def test_an_unasked_gzip_body_is_unpacked(server: Server, size: int):
    body = bytes(index * 7 % 251 for index in range(size))
    server.routes["/"] = send(gzip.compress(body, mtime=0), Content_Encoding="GZIP")
    sink = io.BytesIO()

    result = get(server, server.url("/"), sink=sink, max_bytes=size)

    assert sink.getvalue() == body
    assert result.bytes == size


@pytest.mark.parametrize(
    ("encoding", "body", "retryable"),
    [
        ("gzip", b"no gzip at all", False),
        ("gzip", gzip.compress(b"x" * 5000, mtime=0)[:-9], True),
        ("gzip", b"", True),
        ("gzip", gzip.compress(b"x", mtime=0) + b"more", False),
        ("br", b"x", False),
        ("gzip, gzip", gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), False),
    ],
)
def test_a_broken_or_unknown_encoding_fails(server: Server, encoding, body, retryable):
    server.routes["/"] = send(body, Content_Encoding=encoding)

    assert failure_of(server, "/").retryable is retryable


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        *[(status, False) for status in (204, 206, 300, 304, 400, 401, 403, 404, 410)],
        *[(status, True) for status in (408, 429, 500, 502, 503, 504)],
    ],
)
def test_an_answer_without_a_whole_body_fails(server: Server, status: int, retryable: bool):
    server.routes["/"] = lambda handler: handler.answer(status=status)

    failure = failure_of(server, "/")

    assert failure.code == "input_fetch_failed"
    assert failure.retryable is retryable
    assert str(status) in failure.detail


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"HTTP/1.1 302 Found\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    ],
)
def test_what_is_not_a_whole_http_answer_fails(server: Server, raw: bytes):
    server.routes["/"] = lambda handler: handler.send(raw)

    assert failure_of(server, "/").code == "input_fetch_failed"


@pytest.mark.parametrize("content_type", ["", "nonsense", "a/b\u00e9", "image/" + "x" * 500])
def test_a_content_type_that_is_none_is_empty(server: Server, content_type: str):
    server.routes["/"] = send(b"x", Content_Type=content_type)

    assert get(server, server.url("/")).content_type == ""


def test_a_refused_connection_may_be_tried_again(server: Server):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(FetchFailed) as caught:
        fetch_port(port, f"http://127.0.0.1:{port}/")

    assert caught.value.retryable


@pytest.mark.parametrize(
    ("errno", "retryable"), [(socket.EAI_AGAIN, True), (socket.EAI_NONAME, False)]
)
def test_a_name_that_is_not_found_fails(server: Server, errno: int, retryable: bool):
    def unknown(host: str) -> list:
        raise socket.gaierror(errno, "no")

    assert failure_of(server, "/", names=unknown).retryable is retryable


def test_a_name_without_addresses_fails(server: Server):
    assert not failure_of(server, "/", names=Names([])).retryable


def test_sni_carries_the_name_without_its_last_dot(server: Server):
    hello: list[bytes] = []

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            with listener.accept()[0] as client:
                hello.append(client.recv(4096))

        thread = threading.Thread(target=listen)
        thread.start()
        port = listener.getsockname()[1]
        with pytest.raises(FetchFailed):
            fetch_port(port, f"https://files.test.:{port}/")
        thread.join()

    assert b"\x00\x0afiles.test\x00" in hello[0]


def test_certificates_are_checked_and_none_comes_from_the_environment(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    context = _ssl_context.__wrapped__()

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.cert_store_stats()["x509_ca"] > 50


@pytest.mark.parametrize("path", ["/ok", "/gone", "/inside", "/large"])
def test_F20_no_secret_is_logged_or_told(server: Server, path: str, caplog):
    caplog.set_level(logging.INFO)
    server.routes["/ok"] = send(b"ok")
    server.routes["/gone"] = lambda handler: handler.answer(status=404)
    server.routes["/inside"] = lambda handler: handler.answer(
        status=302, Location="http://10.0.0.1/?X-Amz-Signature=hunter2"
    )
    server.routes["/large"] = send(b"x" * 100)

    try:
        told = repr(get(server, server.url(f"{path}?X-Amz-Signature=hunter2"), max_bytes=50))
    except FetchError as error:
        told = f"{error!r} {error.fields} {error.__cause__!r}"

    assert server.seen[0][0] == f"{path}?X-Amz-Signature=hunter2"
    assert "hunter2" not in told
    assert "hunter2" not in caplog.text
