"""`/ws/executions/{id}`: what is told, and that nothing of it is lost."""

import asyncio
import json

import pytest

from executor.dispatch import announce
from executor.live.news import live_news as news_here
from executor.models import ExecutionEvent
from executor.selectors.following import in_reader
from executor.selectors.runs import get_event_seq, get_poll_answer, list_events
from executor.services.cancel import cancel_execution
from tests.executor.followers import (
    close_code_of,
    cookie_of,
    frame_of,
    frames_until_closed,
    ticket_for,
)
from tests.executor.live import IN_MEMORY, the_layer
from tests.factories import (
    run_all,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("live")]


@pytest.fixture
def cookie(owner):
    return cookie_of(owner)


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
    news_here().recheck_s = 0.1
    socket = await opened(execution_id, cookie=cookie)
    await frame_of(socket)
    await the_layer().flush()  # as if the layer had forgotten who listens

    await in_reader(cancel_execution, workspace_id=workspace.id, execution_id=execution_id)

    frames, code = await frames_until_closed(socket)
    assert (frames[-1]["type"], code) == ("final", 1000)


async def test_X51_a_flood_that_fills_the_layer_loses_no_event(
    opened, workspace, execution_id, cookie, settings
):
    settings.CHANNEL_LAYERS = {
        "default": {**IN_MEMORY["default"], "CONFIG": {"capacity": 1}}  # and drops what is over
    }
    news_here().recheck_s = 0.1
    socket = await opened(execution_id, cookie=cookie)
    seen = (await frame_of(socket))["seq"]
    for _ in range(2_000):
        announce(execution_id)

    await in_reader(run_all)

    frames, code = await frames_until_closed(socket)
    every = await in_reader(list_events, execution_id, since=seen)
    assert (frames, code) == (every, 1000)


async def test_X51_a_client_asleep_resumes_from_the_database(opened, execution_id, cookie):
    first = await opened(execution_id, cookie=cookie)
    seen = (await frame_of(first))["seq"]
    await first.disconnect()
    await news_here().close()  # nobody listened meanwhile, and the layer kept nothing
    await the_layer().flush()
    await in_reader(run_all)

    frames, _ = await frames_until_closed(
        await opened(execution_id, f"since={seen}", cookie=cookie)
    )

    assert frames == await in_reader(list_events, execution_id, since=seen)
    assert frames[-1]["type"] == "final"


async def test_W10_a_layer_that_is_out_costs_a_look_and_no_event(
    opened, workspace, execution_id, cookie, settings
):
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:9/0"]},
        }
    }
    news_here().recheck_s = 0.1
    socket = await opened(execution_id, cookie=cookie)
    await frame_of(socket)

    await in_reader(cancel_execution, workspace_id=workspace.id, execution_id=execution_id)

    frames, code = await frames_until_closed(socket)
    assert (frames[-1]["type"], code) == ("final", 1000)
    await socket.disconnect()
    await the_layer().flush()


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
    news_here().recheck_s = 60
    socket = await opened(execution_id, cookie=cookie)
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


@pytest.mark.parametrize("clients", [100, pytest.param(1_000, marks=pytest.mark.slow)])
async def test_X52_all_sockets_come_back_at_once_and_none_misses_an_event(
    opened, workspace, execution_id, settings, clients
):
    settings.MAX_STREAMS_OF_CALLER = settings.MAX_STREAMS_OF_WORKSPACE = clients
    seen = await in_reader(get_event_seq, workspace.id, execution_id)
    tickets = [await ticket_for(workspace, execution_id) for _ in range(clients)]

    sockets = await asyncio.gather(
        *(opened(execution_id, f"{ticket}&since={seen}") for ticket in tickets)
    )
    await in_reader(run_all)
    ends = await asyncio.gather(*(frames_until_closed(socket) for socket in sockets))

    every = await in_reader(list_events, execution_id, since=seen)
    assert every[-1]["type"] == "final"
    assert [end for end in ends if end != (every, 1000)] == []


def _forget_events(execution_id):
    ExecutionEvent.objects.filter(execution_id=execution_id).delete()
