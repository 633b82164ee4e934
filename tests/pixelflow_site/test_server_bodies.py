"""Bodies on their way to the threads."""

from typing import Any

import pytest

from pixelflow_site.server.bodies import MAX_HELD_BYTES, received


def client_that_sends(*messages: dict[str, Any]) -> Any:
    """Return a `receive` that gives these messages, and fails when asked for more."""
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    return receive


def piece(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def scope_with(name: str, value: str) -> dict[str, Any]:
    return {"headers": [(b"host", b"x"), (name.encode(), value.encode())]}


@pytest.mark.parametrize("header", [("content-length", "4"), ("transfer-encoding", "chunked")])
async def test_B22_a_body_is_at_hand_whole_before_a_thread_is_taken(header):
    receive = client_that_sends(piece(b"ab", more=True), piece(b"cd"))

    request = await received(scope_with(*header), receive)

    assert request is not None
    assert request[0]["headers"] == [(b"host", b"x"), (b"content-length", b"4")]
    assert await request[1]() == piece(b"abcd")


@pytest.mark.parametrize("header", [("content-length", "4"), ("transfer-encoding", "chunked")])
async def test_B22_a_client_that_goes_away_takes_no_thread(header):
    receive = client_that_sends(piece(b"ab", more=True), {"type": "http.disconnect"})

    assert await received(scope_with(*header), receive) is None


async def test_B9_an_endless_body_is_read_to_the_limit_and_called_too_large():
    half = bytes(MAX_HELD_BYTES // 2 + 1)
    receive = client_that_sends(piece(half, more=True), piece(half, more=True))

    request = await received(scope_with("transfer-encoding", "chunked"), receive)

    assert request is not None
    assert int(dict(request[0]["headers"])[b"content-length"]) > MAX_HELD_BYTES


async def test_a_long_body_goes_on_unread():
    scope, receive = scope_with("content-length", str(MAX_HELD_BYTES + 1)), client_that_sends()

    assert await received(scope, receive) == (scope, receive)


async def test_a_request_without_a_body_goes_on_as_it_is():
    scope, receive = {"headers": [(b"host", b"x")]}, client_that_sends()

    assert await received(scope, receive) == (scope, receive)
