"""What the client says of a call that went wrong: surely not sent, or nobody knows."""

import asyncio
import gzip
import socket
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from executor.providers.errors import NotSent, ProviderError, RateLimited, Unanswered
from executor.providers.transport import FormField, Transport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Turn = Callable[[Writer], Awaitable[None]]


class Server:
    """Takes one turn for each request, the last one again and again; keeps what it was asked."""

    def __init__(self, *turns: Turn) -> None:
        self.turns = list(turns)
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0

    async def serve(self, reader: Reader, writer: Writer) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                self.bodies.append(await reader.readexactly(_length(head)))
                turn = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
                await turn(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()


def _length(head: bytes) -> int:
    fields = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    return next((int(value) for name, _, value in fields if name == b"content-length"), 0)


def says(answer: bytes) -> Turn:
    async def turn(writer: Writer) -> None:
        writer.write(answer)
        await writer.drain()

    return turn


async def hang_up(writer: Writer) -> None:
    raise ConnectionError


async def say_nothing(writer: Writer) -> None:
    await asyncio.sleep(60)


def answer(body: bytes, *fields: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def running(server: Server):
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with Transport() as transport:
        yield transport, f"http://127.0.0.1:{port}/jobs"
    listener.close()


async def test_json_goes_out_as_it_is_and_the_answer_comes_back() -> None:
    server = Server(says(answer(b'{"id": 1}', "X-Kind: tea")))

    async with running(server) as (transport, url):
        reply = await transport.call("POST", url, timeout_s=5, body={"p": "Tee ü"})

    assert server.bodies == ['{"p":"Tee ü"}'.encode()]
    assert b"content-type: application/json\r\n" in server.heads[0].lower()
    assert (reply.status, reply.json(), reply.headers["x-kind"]) == (200, {"id": 1}, "tea")


async def test_a_body_of_megabytes_goes_out_whole() -> None:
    server = Server(says(OK))

    async with running(server) as (transport, url):
        await transport.call("POST", url, timeout_s=20, body="x" * 3_000_000)

    assert len(server.bodies[0]) == 3_000_002


async def test_a_form_of_megabytes_goes_out_whole_and_in_pieces() -> None:
    server = Server(says(OK))
    form = [FormField("image", b"x" * 3_000_000, "a.png", "image/png")]

    async with running(server) as (transport, url):
        await transport.call("POST", url, timeout_s=20, form=form)

    assert b"x" * 3_000_000 in server.bodies[0]
    assert b'name="image"; filename="a.png"' in server.bodies[0]


@pytest.mark.parametrize("status", [502, 504, 520, 522, 524])
async def test_x34_a_gateway_that_gave_up_waiting_says_nothing_of_the_job(status: int) -> None:
    async with running(Server(says(answer(b"", status=f"{status} Odd")))) as (transport, url):
        with pytest.raises(Unanswered):
            await transport.call("POST", url, timeout_s=5, body={})


@pytest.mark.parametrize(
    "date",
    ["Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 01 Jan 2027 00:00:00 +99999999999999"],
)
async def test_x32_a_time_to_come_back_that_no_calendar_has_is_none(date: str) -> None:
    refusal = answer(b"", f"Retry-After: {date}", status="429 Too Many Requests")

    async with running(Server(says(refusal))) as (transport, url):
        with pytest.raises(RateLimited) as caught:
            await transport.call("POST", url, timeout_s=5, body={})

    assert caught.value.retry_after_s is None


async def test_who_refuses_the_connection_was_surely_sent_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"

        async with Transport() as transport:
            with pytest.raises(NotSent):
                await transport.call("POST", url, timeout_s=5, body={})


async def test_a_server_without_tls_was_surely_sent_nothing() -> None:
    async def shout(reader: Reader, writer: Writer) -> None:
        writer.write(b"what is TLS?\r\n")
        writer.close()

    listener = await asyncio.start_server(shout, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"

    async with listener, Transport() as transport:
        with pytest.raises(NotSent):
            await transport.call("POST", url, timeout_s=5, body={})


@pytest.mark.parametrize("url", ["ftp://provider.invalid/", "http://provider.invalid/"])
async def test_what_has_no_address_was_surely_sent_nothing(url: str) -> None:
    async with Transport() as transport:
        with pytest.raises(NotSent):
            await transport.call("POST", url, timeout_s=5, body={})


@pytest.mark.parametrize(
    "turn",
    [
        hang_up,
        says(b"this is no HTTP\r\n\r\n"),
        says(answer(b"no gzip", "Content-Encoding: gzip")),
        says(answer(b"{}", "Content-Encoding: br")),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
async def test_what_may_have_been_heard_is_unanswered_and_never_sent_again(
    method: str, turn: Turn
) -> None:
    server = Server(says(OK), turn)

    async with running(server) as (transport, url):
        await transport.call("POST", url, timeout_s=5)  # so that a connection is kept alive
        with pytest.raises(Unanswered):
            await transport.call(method, url, timeout_s=5)

    assert (len(server.heads), server.connections) == (2, 1)


async def test_half_an_answer_is_none() -> None:
    async def half(writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")
        await writer.drain()
        raise ConnectionError

    async with running(Server(half)) as (transport, url):
        with pytest.raises(Unanswered):
            await transport.call("GET", url, timeout_s=5)


async def test_the_time_is_that_of_the_whole_call() -> None:
    async def drip(writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        for _ in range(500):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    for turn in (drip, say_nothing):
        async with running(Server(turn)) as (transport, url):
            with pytest.raises(Unanswered):
                await transport.call("GET", url, timeout_s=0.2)


@pytest.mark.parametrize(
    "sent", [answer(b" " * 5_000), answer(gzip.compress(b" " * 5_000), "Content-Encoding: gzip")]
)
async def test_an_answer_that_is_too_large_is_not_taken_in(sent: bytes) -> None:
    async with running(Server(says(sent))) as (transport, url):
        with pytest.raises(Unanswered):
            await transport.call("GET", url, timeout_s=5, max_bytes=4_999)


async def test_gzip_is_not_asked_for_and_unpacked_all_the_same() -> None:
    server = Server(says(answer(gzip.compress(b'{"id": 1}'), "Content-Encoding: gzip")))

    async with running(server) as (transport, url):
        reply = await transport.call("GET", url, timeout_s=5)

    assert reply.json() == {"id": 1}
    assert b"accept-encoding: identity\r\n" in server.heads[0].lower()


async def test_a_redirect_is_a_refusal_and_is_not_followed() -> None:
    server = Server(says(answer(b"", "Location: /elsewhere", status="307 Elsewhere")))

    async with running(server) as (transport, url):
        with pytest.raises(ProviderError):
            await transport.call("POST", url, timeout_s=5, body={})

    assert len(server.heads) == 1


async def test_nothing_is_taken_from_the_environment_and_no_cookie_is_kept(monkeypatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server = Server(says(answer(b"{}", "Set-Cookie: who=me")))

    async with running(server) as (transport, url):
        await transport.call("GET", url, timeout_s=5)
        await transport.call("GET", url, timeout_s=5)

    assert not any(b"cookie" in head.lower() for head in server.heads)
