"""`/ws/executions/{id}`: who is let in, and when a socket is closed."""

import asyncio
import re
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from accounts.api import SYSTEM_ACTOR, remove_member, revoke_api_key
from executor.consumers import MAX_FRAME_CHARS, MAX_FRAMES_PER_S
from executor.live.news import live_news as news_here
from executor.selectors.following import in_reader
from executor.services.cancel import cancel_execution
from tests.executor.followers import (
    HOST,
    OWN_ORIGIN,
    app_with,
    close_code_of,
    cookie_of,
    frame_of,
    frames_until_closed,
    site,
    ticket_for,
)
from tests.executor.live import Socket, on_each_reader, the_layer
from tests.factories import (
    make_key,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("live")]


@pytest.fixture
def cookie(owner):
    return cookie_of(owner)


# --- who is let in


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "https://127.0.0.1:8000",
        "http://127.0.0.1",
        "http://127.0.0.1:8443",
        "http://127.0.0.1:99999999",
        "http://127.0.0.1:8000.evil.example",
        "http://127.0.0.1:8000/",
        "file://",
        "\u00e9",
    ],
)
async def test_W1_any_other_origin_is_refused_before_accept(opened, execution_id, cookie, origin):
    assert await opened(execution_id, cookie=cookie, origin=origin) is None


async def test_W1_two_origins_are_refused(opened, execution_id, cookie):
    twice = [(b"origin", OWN_ORIGIN.encode())]

    assert await opened(execution_id, cookie=cookie, headers=twice) is None


async def test_W1_no_origin_needs_a_ticket(opened, workspace, execution_id, cookie):
    ticket = await ticket_for(workspace, execution_id)

    with_cookie = await opened(execution_id, cookie=cookie, origin=None)
    with_ticket = await opened(execution_id, ticket, origin=None)

    assert with_cookie is None
    assert (await frame_of(with_ticket))["type"] == "snapshot"


async def test_W1_the_host_that_was_asked_is_welcome_if_it_is_ours(opened, execution_id, cookie):
    socket = await opened(execution_id, cookie=cookie, origin=f"http://{HOST}")

    assert (await frame_of(socket))["type"] == "snapshot"


async def test_W1_a_host_that_is_not_ours_vouches_for_nobody(execution_id, cookie):
    headers = [
        (b"host", b"evil.example"),
        (b"origin", b"http://evil.example"),
        (b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()),
    ]
    socket = Socket(site, f"/ws/executions/{execution_id}", headers=headers)

    assert not await socket.connect()
    await socket.disconnect()


@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/executions/", "/ws/other/x", "/ws/a/b/c"])
async def test_other_paths_are_refused_before_accept(path):
    socket = Socket(site, path)

    assert not await socket.connect()
    await socket.disconnect()


@pytest.mark.parametrize("cookie", [None, "x" * 32, "", "a=b"])
async def test_W2_without_a_session_a_socket_closes_4401(opened, execution_id, cookie):
    socket = await opened(execution_id, cookie=cookie)

    assert await close_code_of(socket) == 4401


@pytest.mark.parametrize("name", ["key", "token", "api_key", "authorization"])
async def test_W2_K6_a_key_in_the_query_opens_nothing(opened, execution_id, key, name):
    socket = await opened(execution_id, f"{name}={key}")

    assert await close_code_of(socket) == 4401


async def test_W2_K6_a_key_is_no_ticket(opened, execution_id, key):
    socket = await opened(execution_id, f"ticket={key}")

    assert await close_code_of(socket) == 4401


async def test_W2_a_ticket_opens_one_socket(opened, workspace, execution_id):
    ticket = await ticket_for(workspace, execution_id)

    first = await frame_of(await opened(execution_id, ticket))
    second = await opened(execution_id, ticket)

    assert first["type"] == "snapshot"
    assert await close_code_of(second) == 4401


async def test_W2_a_bad_ticket_is_not_made_good_by_a_session(opened, execution_id, cookie):
    socket = await opened(execution_id, "ticket=x", cookie=cookie)

    assert await close_code_of(socket) == 4401


async def test_W3_a_foreign_run_and_no_run_close_alike(opened, execution_id, stranger):
    cookie = await in_reader(cookie_of, stranger)

    codes = [
        await close_code_of(await opened(id_, cookie=cookie))
        for id_ in (execution_id, f"exec_{'0' * 26}", "exec_*", "*", "%2e%2e")
    ]

    assert codes == [4404] * 5


async def test_W3_sockets_over_the_cap_of_a_user_close_4429(opened, execution_id, cookie, settings):
    settings.MAX_STREAMS_OF_CALLER = 2
    for _ in range(2):
        await frame_of(await opened(execution_id, cookie=cookie))

    assert await close_code_of(await opened(execution_id, cookie=cookie)) == 4429


async def test_W3_sockets_over_the_cap_of_a_workspace_close_4429(
    opened, execution_id, cookie, member, settings
):
    settings.MAX_STREAMS_OF_WORKSPACE = 2
    for _ in range(2):
        await frame_of(await opened(execution_id, cookie=cookie))

    members = await in_reader(cookie_of, member)
    assert await close_code_of(await opened(execution_id, cookie=members)) == 4429


async def test_W3_a_socket_that_is_closed_makes_room(opened, execution_id, cookie, settings):
    settings.MAX_STREAMS_OF_CALLER = 1
    first = await opened(execution_id, cookie=cookie)
    await frame_of(first)

    await first.disconnect()

    assert (await frame_of(await opened(execution_id, cookie=cookie)))["type"] == "snapshot"


async def test_W6_a_server_that_is_full_closes_1013_and_says_when_to_come_back(
    opened, execution_id, cookie, settings
):
    settings.MAX_STREAMS = 0

    socket = await opened(execution_id, cookie=cookie)

    message = await socket.receive_output(timeout=5)
    assert message["code"] == 1013
    assert re.fullmatch(r"come back in [1-5][0-9]{3} ms", message["reason"])


async def test_W6_many_idle_sockets_cost_one_query_for_each_look(opened, execution_id, cookie):
    news_here().recheck_s = 0.2
    for _ in range(60):
        await frame_of(await opened(execution_id, cookie=cookie))
    await asyncio.sleep(0.3)  # what the opening left to look at
    sent: list[str] = []

    def count(execute, sql, params, many, context):
        sent.append(sql)
        return execute(sql, params, many, context)

    await on_each_reader(lambda: connection.execute_wrappers.append(count))
    await asyncio.sleep(1.0)
    await on_each_reader(connection.execute_wrappers.clear)

    assert 2 <= len(sent) <= 6
    assert len(the_layer().groups) == 1


async def test_any_member_may_look(opened, execution_id, member):
    socket = await opened(execution_id, cookie=await in_reader(cookie_of, member))

    assert (await frame_of(socket))["type"] == "snapshot"


# --- who is cut off


async def test_W4_a_binary_frame_closes_1003(opened, execution_id, cookie):
    socket = await opened(execution_id, cookie=cookie)
    await frame_of(socket)

    await socket.send_bytes(b"\x00")

    assert await close_code_of(socket) == 1003


async def test_W4_a_frame_too_big_closes_1009(opened, execution_id, cookie):
    socket = await opened(execution_id, cookie=cookie)
    await frame_of(socket)

    await socket.send_text("x" * (MAX_FRAME_CHARS + 1))

    assert await close_code_of(socket) == 1009


@pytest.mark.parametrize(
    "text",
    ["{", "null", "[" * 1_000, '{"type":"subscribe","id":"*"}', '"\\ud800"', "NaN", "\ud800"],
)
async def test_W4_a_frame_that_means_nothing_closes_4400(opened, execution_id, cookie, text):
    socket = await opened(execution_id, cookie=cookie)
    await frame_of(socket)

    await socket.send_text(text)

    assert await close_code_of(socket) == 4400


async def test_W4_too_many_frames_close_4429(opened, execution_id, cookie):
    socket = await opened(execution_id, cookie=cookie)
    await frame_of(socket)

    for _ in range(MAX_FRAMES_PER_S + 1):
        await socket.send_text('{"type":"ping"}')

    assert await close_code_of(socket) == 4429


async def test_a_ping_now_and_then_is_welcome(opened, workspace, execution_id, cookie):
    socket = await opened(execution_id, cookie=cookie)
    await frame_of(socket)

    await socket.send_text('{"type": "ping"}')
    await in_reader(cancel_execution, workspace_id=workspace.id, execution_id=execution_id)

    assert (await frames_until_closed(socket))[1] == 1000


async def test_W5_who_is_removed_is_cut_off(opened, workspace, execution_id, member):
    cookie = await in_reader(cookie_of, member)
    app = app_with(admit_again_s=0.05)
    socket = await opened(execution_id, cookie=cookie, app=app)
    await frame_of(socket)

    await in_reader(remove_member, actor=SYSTEM_ACTOR, workspace_id=workspace.id, user_id=member.id)

    assert await close_code_of(socket) == 4401


async def test_W5_who_signs_out_is_cut_off(opened, execution_id, cookie):
    app = app_with(admit_again_s=0.05)
    socket = await opened(execution_id, cookie=cookie, app=app)
    await frame_of(socket)
    assert await socket.receive_nothing(timeout=0.3)

    await in_reader(_sign_out, cookie)

    assert await close_code_of(socket) == 4401


async def test_W5_the_socket_of_a_revoked_key_is_cut_off(opened, workspace, execution_id):
    key = await in_reader(make_key, workspace)
    ticket = await ticket_for(workspace, execution_id, key.id)
    app = app_with(admit_again_s=0.05)
    socket = await opened(execution_id, ticket, app=app)
    await frame_of(socket)
    assert await socket.receive_nothing(timeout=0.3)

    await in_reader(revoke_api_key, actor=SYSTEM_ACTOR, workspace_id=workspace.id, key_id=key.id)

    assert await close_code_of(socket) == 4401


async def test_a_socket_does_not_stay_open_for_ever(opened, execution_id, cookie):
    app = app_with(lifetime_s=0.2)
    socket = await opened(execution_id, cookie=cookie, app=app)
    await frame_of(socket)

    assert await close_code_of(socket) == 1001


async def test_W6_a_reader_that_is_too_slow_is_cut_off(workspace, execution_id):
    ticket = await ticket_for(workspace, execution_id)
    sent: list[dict[str, Any]] = []
    received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    await received.put({"type": "websocket.connect"})

    async def send(message):
        sent.append(message)
        if message["type"] == "websocket.send":
            await asyncio.sleep(3600)  # a client whose window is full
        if message["type"] == "websocket.close":
            await received.put({"type": "websocket.disconnect", "code": message["code"]})

    scope = {
        "type": "websocket",
        "path": f"/ws/executions/{execution_id}",
        "query_string": ticket.encode(),
        "headers": [],
    }
    async with asyncio.timeout(10):
        await app_with(send_s=0.2)(scope, received.get, send)

    assert sent[-1] == {"type": "websocket.close", "code": 4408}


def _sign_out(cookie):
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    client.logout()


async def test_a_client_that_goes_away_while_it_is_told_is_no_error(
    opened, finished_id, cookie, caplog
):
    async def cut_off(scope, receive, send):
        async def refuse(message):
            if message["type"] != "websocket.accept":
                raise OSError
            await send(message)

        await site(scope, receive, refuse)

    socket = await opened(finished_id, cookie=cookie, app=cut_off)
    await asyncio.sleep(0.3)

    assert socket is not None
    assert not caplog.records
