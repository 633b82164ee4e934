"""`/ws/executions/{id}`: who is let in, what is told, and when a socket is closed."""

import asyncio
import json
from typing import Any

import pytest
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import re_path

from accounts.api import SYSTEM_ACTOR, remove_member, revoke_api_key
from accounts.models import User
from executor.consumers import MAX_FRAME_CHARS, MAX_FRAMES_PER_S, ExecutionConsumer
from executor.dispatch import announce
from executor.models import ExecutionEvent
from executor.routing import websocket_urlpatterns
from executor.selectors.following import in_reader
from executor.selectors.runs import get_event_seq, get_poll_answer, list_events
from executor.services.cancel import cancel_execution
from executor.services.tickets import issue_ticket
from tests.executor.live import IN_MEMORY, Socket, live_news, the_layer
from tests.factories import (
    make_execution,
    make_finished_execution,
    make_key,
    make_published_workflow,
    run_all,
)

pytestmark = pytest.mark.django_db(transaction=True)

HOST = "127.0.0.1:8000"
OWN_ORIGIN = settings.PUBLIC_URL

site: Any = AuthMiddlewareStack(URLRouter(websocket_urlpatterns))


@pytest.fixture(autouse=True)
async def _live(settings):
    settings.CHANNEL_LAYERS = IN_MEMORY  # tests look into it; what Redis does is shown apart
    async with live_news():
        yield
    cache.clear()


@pytest.fixture
def workflow(workspace):
    return make_published_workflow(workspace)


@pytest.fixture
def execution_id(workflow):
    return make_execution(workflow).execution_id


@pytest.fixture
def finished_id(workflow):
    return make_finished_execution(workflow).execution_id


@pytest.fixture
def cookie(owner):
    return cookie_of(owner)


@pytest.fixture
async def opened():
    """Open sockets; they are closed after the test."""
    sockets = []

    async def connect(execution_id, query="", *, cookie=None, origin=OWN_ORIGIN, app=site, **more):
        headers = [(b"host", HOST.encode())]
        if cookie:
            headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()))
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        path = f"/ws/executions/{execution_id}"
        socket = Socket(app, path, query, headers=[*headers, *more.get("headers", [])])
        sockets.append(socket)
        return socket if await socket.connect() else None

    yield connect
    for socket in sockets:
        await socket.disconnect()


def cookie_of(user):
    client = Client()
    client.force_login(User.objects.get(pk=user.id))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def app_with(**options):
    """The consumer with other times than its own."""
    consumer: Any = ExecutionConsumer.as_asgi(**options)
    routes: list[Any] = [re_path(r"^ws/executions/(?P<execution_id>[^/]+)$", consumer)]
    return AuthMiddlewareStack(URLRouter(routes))


async def frame_of(socket):
    message = await socket.receive_output(timeout=5)
    assert message["type"] == "websocket.send", message
    return json.loads(message["text"])


async def frames_until_closed(socket):
    """Return the frames and the code with which the server closed."""
    frames: list[Any] = []
    while True:
        message = await socket.receive_output(timeout=5)
        if message["type"] == "websocket.close":
            return frames, message["code"]
        frames.append(json.loads(message["text"]))


async def close_code_of(socket):
    frames, code = await frames_until_closed(socket)
    assert frames == []
    return code


async def ticket_for(workspace, execution_id, key_id="key_x"):
    secret, _ = await in_reader(
        issue_ticket, workspace_id=workspace.id, execution_id=execution_id, key_id=key_id
    )
    return f"ticket={secret}"


# --- what is told


async def test_a_run_is_told_from_a_snapshot_to_its_final_frame(
    opened, workspace, execution_id, cookie
):
    socket = await opened(execution_id, cookie=cookie)
    snapshot = await frame_of(socket)

    await in_reader(run_all)
    frames, code = await frames_until_closed(socket)

    answer = await in_reader(get_poll_answer, workspace.id, execution_id)
    numbers = [frame["seq"] for frame in (snapshot, *frames)]
    assert (snapshot["type"], snapshot["data"]["status"]) == ("snapshot", "QUEUED")
    assert set(snapshot) == {"seq", "type", "data"}
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert [frame["type"] for frame in frames].count("final") == 1
    assert frames[-1]["type"] == "final"
    assert frames[-1]["data"] == json.loads(answer.body)
    assert code == 1000


async def test_a_finished_run_is_a_snapshot_a_final_frame_and_the_end(opened, finished_id, cookie):
    socket = await opened(finished_id, cookie=cookie)

    frames, code = await frames_until_closed(socket)

    assert [frame["type"] for frame in frames] == ["snapshot", "final"]
    assert frames[0]["data"] == frames[1]["data"]
    assert frames[0]["seq"] < frames[1]["seq"]
    assert code == 1000


@pytest.mark.parametrize("since", [0, 1])
async def test_W7_who_comes_back_hears_every_later_event_once(opened, finished_id, cookie, since):
    every = await in_reader(list_events, finished_id, since=0)
    assert len(every) > since

    socket = await opened(finished_id, f"since={since}", cookie=cookie)
    frames, code = await frames_until_closed(socket)

    assert frames == every[since:]
    assert code == 1000


async def test_W7_who_has_seen_the_end_is_told_nothing_more(opened, workspace, finished_id, cookie):
    last = await in_reader(get_event_seq, workspace.id, finished_id)

    socket = await opened(finished_id, f"since={last}", cookie=cookie)

    assert await frames_until_closed(socket) == ([], 1000)


@pytest.mark.parametrize("since", ["999", "999999999"])
async def test_W7_a_number_from_the_future_gets_a_snapshot(opened, finished_id, cookie, since):
    socket = await opened(finished_id, f"since={since}", cookie=cookie)

    frames, _ = await frames_until_closed(socket)

    assert [frame["type"] for frame in frames] == ["snapshot", "final"]


async def test_W7_where_events_are_gone_there_is_a_snapshot(opened, finished_id, cookie):
    await in_reader(_forget_events, finished_id)

    socket = await opened(finished_id, "since=0", cookie=cookie)
    frames, code = await frames_until_closed(socket)

    assert [frame["type"] for frame in frames] == ["snapshot"]
    assert frames[0]["data"]["status"] == "COMPLETED"
    assert code == 1000


@pytest.mark.parametrize(
    "query", ["since=abc", "since=-1", "since=", "since=1.5", "since=1&since=2", "since=\u0661",
              "since=9999999999", "&".join(f"a{n}=1" for n in range(50))]
)  # fmt: skip
async def test_W7_a_number_that_is_none_closes_4400(opened, execution_id, cookie, query):
    socket = await opened(execution_id, query, cookie=cookie)

    assert await close_code_of(socket) == 4400


async def test_X51_what_nobody_told_of_is_found_by_looking_again(
    opened, workspace, execution_id, cookie
):
    socket = await opened(execution_id, cookie=cookie, app=app_with(recheck_s=0.1))
    await frame_of(socket)
    await the_layer().flush()  # as if the layer had forgotten who listens

    await in_reader(cancel_execution, workspace_id=workspace.id, execution_id=execution_id)

    frames, code = await frames_until_closed(socket)
    assert (frames[-1]["type"], code) == ("final", 1000)


async def test_a_burst_of_news_makes_no_frames_of_its_own(opened, execution_id, cookie):
    socket = await opened(execution_id, cookie=cookie)
    await frame_of(socket)

    for _ in range(200):
        announce(execution_id)

    assert await socket.receive_nothing(timeout=0.5)


async def test_two_sockets_on_one_run_hear_the_same(opened, workspace, execution_id, cookie):
    sockets = [await opened(execution_id, cookie=cookie) for _ in range(2)]
    firsts = [await frame_of(socket) for socket in sockets]

    await in_reader(cancel_execution, workspace_id=workspace.id, execution_id=execution_id)

    ends = [await frames_until_closed(socket) for socket in sockets]
    assert firsts[0] == firsts[1]
    assert ends[0] == ends[1]


async def test_W10_a_reconnect_goes_on_where_the_first_socket_broke_off(
    opened, execution_id, cookie
):
    first = await opened(execution_id, cookie=cookie)
    seen = (await frame_of(first))["seq"]
    await first.disconnect()
    await in_reader(run_all)

    second = await opened(execution_id, f"since={seen}", cookie=cookie)
    frames, _ = await frames_until_closed(second)

    every = await in_reader(list_events, execution_id, since=0)
    assert frames == [event for event in every if event["seq"] > seen]


@pytest.mark.redis
async def test_W10_over_redis_a_run_is_told_to_its_end(
    opened, workspace, execution_id, cookie, redis_url, settings
):
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [redis_url], "prefix": "socket-test"},
        }
    }
    socket = await opened(execution_id, cookie=cookie, app=app_with(recheck_s=60))
    await frame_of(socket)

    await in_reader(cancel_execution, workspace_id=workspace.id, execution_id=execution_id)

    frames, code = await frames_until_closed(socket)
    await socket.disconnect()
    assert (frames[-1]["type"], code) == ("final", 1000)
    assert the_layer().groups == {}
    await the_layer().flush()


async def test_a_socket_leaves_no_member_behind(opened, execution_id, cookie):
    socket = await opened(execution_id, cookie=cookie)
    await frame_of(socket)

    await socket.disconnect()

    assert the_layer().groups == {}


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
    app = app_with(recheck_s=0.05, admit_again_s=0.05)
    socket = await opened(execution_id, cookie=cookie, app=app)
    await frame_of(socket)

    await in_reader(remove_member, actor=SYSTEM_ACTOR, workspace_id=workspace.id, user_id=member.id)

    assert await close_code_of(socket) == 4401


async def test_W5_who_signs_out_is_cut_off(opened, execution_id, cookie):
    app = app_with(recheck_s=0.05, admit_again_s=0.05)
    socket = await opened(execution_id, cookie=cookie, app=app)
    await frame_of(socket)
    assert await socket.receive_nothing(timeout=0.3)

    await in_reader(_sign_out, cookie)

    assert await close_code_of(socket) == 4401


async def test_W5_the_socket_of_a_revoked_key_is_cut_off(opened, workspace, execution_id):
    key = await in_reader(make_key, workspace)
    ticket = await ticket_for(workspace, execution_id, key.id)
    app = app_with(recheck_s=0.05, admit_again_s=0.05)
    socket = await opened(execution_id, ticket, app=app)
    await frame_of(socket)
    assert await socket.receive_nothing(timeout=0.3)

    await in_reader(revoke_api_key, actor=SYSTEM_ACTOR, workspace_id=workspace.id, key_id=key.id)

    assert await close_code_of(socket) == 4401


async def test_a_socket_does_not_stay_open_for_ever(opened, execution_id, cookie):
    app = app_with(recheck_s=0.05, lifetime_s=0.2)
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
        await app_with(send_timeout_s=0.2)(scope, received.get, send)

    assert sent[-1] == {"type": "websocket.close", "code": 4408}


def _forget_events(execution_id):
    ExecutionEvent.objects.filter(execution_id=execution_id).delete()


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
