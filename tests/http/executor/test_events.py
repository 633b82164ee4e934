"""`GET /workflows/executions/{id}/events`: Server-Sent Events, by the async side of the router."""

import asyncio
import json
import threading
from contextlib import ExitStack

import pytest
from django.db import connection

from accounts.api import SYSTEM_ACTOR, delete_workspace, revoke_api_key
from executor.http.events import follow_events
from executor.live.limits import open_streams
from executor.live.news import live_news as news_here
from executor.live.stream import Times
from executor.models import ExecutionEvent
from executor.selectors.following import in_reader
from executor.selectors.runs import get_event_seq, get_poll_answer, list_events
from executor.services.cancel import cancel_execution
from pixelflow_site.asgi import application
from pixelflow_site.server.waits import answer_held
from tests.client import ApiClient
from tests.executor.live import IN_MEMORY, EventStream, live_news, on_each_reader, the_layer
from tests.factories import (
    make_key,
    run_all,
)
from tests.http.problem import assert_problem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def _live(settings):
    settings.CHANNEL_LAYERS = IN_MEMORY
    async with live_news():
        yield


class Counted:
    """How many SELECTs of a table all reader threads have sent."""

    def __init__(self, table):
        self.table, self.selects = table, 0

    def __call__(self, execute, sql, params, many, context):
        if sql.startswith("SELECT") and f'FROM "{self.table}"' in sql:
            self.selects += 1
        return execute(sql, params, many, context)


@pytest.fixture
async def opened(key):
    """Open streams; they are left after the test."""
    streams = []

    async def ask(execution_id, query="", *, key=key, app=application, **headers):
        stream = EventStream(app, execution_id, key=key, query=query, **headers)
        streams.append(stream)
        await stream.open()
        return stream

    yield ask
    for stream in streams:
        await stream.leave()


async def cancel(workspace, execution_id):
    await in_reader(cancel_execution, workspace_id=workspace.id, execution_id=execution_id)


def hurried(**times):
    """The site's async side with other times than its own."""

    async def events(request, execution_id, held):
        return await follow_events(request, execution_id, held, times=Times(**times))

    async def app(scope, receive, send):
        await answer_held(scope, receive, send, events=events)

    return app


# --- what is told


async def test_a_run_is_told_from_a_snapshot_to_its_final_event(opened, workspace, execution_id):
    stream = await opened(execution_id)
    snapshot = await stream.event()

    await in_reader(run_all)
    events = await stream.events()

    answer = await in_reader(get_poll_answer, workspace.id, execution_id)
    numbers = [event["seq"] for event in (snapshot, *events)]
    assert stream.status == 200
    assert (snapshot["type"], snapshot["data"]["status"]) == ("snapshot", "QUEUED")
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert [event["type"] for event in events].count("final") == 1
    assert events[-1]["type"] == "final"
    assert events[-1]["data"] == json.loads(answer.body)


async def test_the_headers_are_those_of_a_stream_and_of_every_answer(opened, execution_id):
    stream = await opened(execution_id, X_Request_Id="asked-1", Origin="https://elsewhere.example")

    assert stream.headers["content-type"] == "text/event-stream"
    assert stream.headers["cache-control"] == "no-cache"
    assert stream.headers["x-accel-buffering"] == "no"
    assert stream.headers["x-request-id"] == "asked-1"
    assert stream.headers["access-control-allow-origin"] == "*"
    assert stream.headers["x-content-type-options"] == "nosniff"
    assert "content-length" not in stream.headers


async def test_a_finished_run_is_a_snapshot_a_final_event_and_the_end(opened, finished_id):
    stream = await opened(finished_id)

    events = await stream.events()

    assert [event["type"] for event in events] == ["snapshot", "final"]
    assert events[0]["data"] == events[1]["data"]
    assert events[0]["seq"] < events[1]["seq"]


@pytest.mark.parametrize("place", ["header", "query"])
@pytest.mark.parametrize("since", [0, 1])
async def test_W7_who_comes_back_hears_every_later_event_once(opened, finished_id, since, place):
    every = await in_reader(list_events, finished_id, since=0)
    assert len(every) > since

    if place == "header":
        stream = await opened(finished_id, Last_Event_ID=str(since))
    else:
        stream = await opened(finished_id, f"since={since}")

    assert await stream.events() == every[since:]


async def test_W7_the_header_of_a_browser_that_comes_back_goes_before_the_query(
    opened, finished_id
):
    every = await in_reader(list_events, finished_id, since=0)

    stream = await opened(finished_id, "since=0", Last_Event_ID="1")

    assert await stream.events() == every[1:]


async def test_W7_who_has_seen_the_end_is_told_to_come_back_no_more(opened, workspace, finished_id):
    last = await in_reader(get_event_seq, workspace.id, finished_id)

    stream = await opened(finished_id, Last_Event_ID=str(last))

    assert stream.status == 204
    assert await stream.block() is None


@pytest.mark.parametrize("since", ["999", "999999999"])
async def test_W7_a_number_from_the_future_gets_a_snapshot(opened, finished_id, since):
    stream = await opened(finished_id, Last_Event_ID=since)

    assert [event["type"] for event in await stream.events()] == ["snapshot", "final"]


async def test_W7_where_events_are_gone_there_is_a_snapshot(opened, finished_id):
    await in_reader(_forget_events, finished_id)

    stream = await opened(finished_id, Last_Event_ID="0")

    assert [event["type"] for event in await stream.events()] == ["snapshot"]


@pytest.mark.parametrize("sent", ["abc", "-1", "", "1.5", "9999999999", "1, 2", "0x1"])
async def test_W7_a_number_that_is_none_is_a_400(opened, execution_id, sent):
    stream = await opened(execution_id, Last_Event_ID=sent)

    await assert_refused(stream, 400, "malformed_request")


@pytest.mark.parametrize("query", ["since=abc", "since=", "since=-1", "since=1&since=2"])
async def test_W7_a_query_that_is_no_number_is_a_400(opened, execution_id, query):
    await assert_refused(await opened(execution_id, query), 400, "malformed_request")


async def test_W7_T1_a_foreign_run_reads_like_one_that_is_not_there(
    opened, execution_id, stranger_key
):
    of_foreign = await opened(execution_id, key=stranger_key)
    of_unknown = await opened(f"exec_{'0' * 26}")

    problems = [
        await assert_refused(stream, 404, "not_found") for stream in (of_foreign, of_unknown)
    ]
    assert problems[0]["detail"] == problems[1]["detail"]


async def test_W10_a_stream_that_broke_off_goes_on_where_it_was(opened, execution_id):
    first = await opened(execution_id)
    seen = (await first.event())["seq"]
    await first.leave()
    await in_reader(run_all)

    second = await opened(execution_id, Last_Event_ID=str(seen))

    every = await in_reader(list_events, execution_id, since=0)
    assert await second.events() == [event for event in every if event["seq"] > seen]


async def test_X51_a_client_asleep_while_the_layer_forgot_it_gets_all_of_it(
    opened, workspace, execution_id
):
    news_here().recheck_s = 0.05
    stream = await opened(execution_id)
    snapshot = await stream.event()
    await the_layer().flush()  # what five minutes' sleep and a restart of Redis do to a group

    await in_reader(run_all)
    events = await stream.events()

    every = await in_reader(list_events, execution_id, since=snapshot["seq"])
    assert events == every
    assert events[-1]["type"] == "final"


async def test_a_silent_stream_shows_that_it_is_alive(opened, execution_id):
    stream = await opened(execution_id, app=hurried(beat_s=0.1))
    await stream.event()

    beats = [await stream.block() for _ in range(2)]

    assert beats == [":", ":"]


async def test_X52_each_client_is_told_another_time_to_come_back(opened, execution_id):
    streams = [await opened(execution_id) for _ in range(8)]

    firsts = [await stream.block() for stream in streams]

    pauses = {int(first.removeprefix("retry: ")) for first in firsts}
    assert len(pauses) > 1
    assert all(1_000 <= pause <= 5_000 for pause in pauses)


# --- who is let in


async def test_K1_without_a_key_nothing_is_told(opened, execution_id):
    stream = await opened(execution_id, key=None)

    await assert_refused(stream, 401, "unauthenticated")
    assert stream.headers["www-authenticate"] == "Bearer"


async def test_a_key_without_the_scope_is_refused(opened, workspace, execution_id):
    key = await in_reader(make_key, workspace, scopes=["execute"])

    problem = await assert_refused(
        await opened(execution_id, key=key.secret), 403, "insufficient_scope"
    )

    assert problem["requiredScope"] == "read"


async def test_who_takes_no_event_stream_is_told_so(opened, execution_id):
    stream = await opened(execution_id, Accept="text/html")

    await assert_refused(stream, 406, "not_acceptable")


@pytest.mark.parametrize("accept", ["*/*", "text/*", "text/event-stream, application/json;q=0.5"])
async def test_who_takes_an_event_stream_in_any_words_gets_it(opened, finished_id, accept):
    assert (await opened(finished_id, Accept=accept)).status == 200


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE"])
def test_B14_other_methods_are_refused(api, execution_id, method):
    response = api.send(method, f"/workflows/executions/{execution_id}/events")

    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


async def test_a_host_that_is_not_ours_is_refused(opened, execution_id):
    await assert_refused(await opened(execution_id, Host="evil.example"), 400, "malformed_request")


# --- how many, and for how long


async def test_W9_streams_over_the_cap_of_a_key_are_refused_with_what_the_cap_is(
    opened, execution_id, settings
):
    settings.MAX_STREAMS_OF_CALLER = 3
    for _ in range(3):
        assert (await opened(execution_id)).status == 200

    stream = await opened(execution_id)

    problem = await assert_refused(stream, 429, "too_many_concurrent")
    assert (problem["limit"], problem["window"]) == (3, "concurrent")
    assert stream.headers["retry-after"] == str(problem["retryAfter"])


async def test_W9_streams_over_the_cap_of_a_workspace_are_refused(
    opened, workspace, execution_id, settings
):
    settings.MAX_STREAMS_OF_WORKSPACE = 1
    other = await in_reader(make_key, workspace)
    assert (await opened(execution_id)).status == 200

    await assert_refused(await opened(execution_id, key=other.secret), 429, "too_many_concurrent")


async def test_W9_a_full_process_says_that_it_is(opened, execution_id, settings):
    settings.MAX_STREAMS = 1
    with ExitStack() as stack:
        stack.enter_context(open_streams.place(caller="a", workspace_id="b"))

        stream = await opened(execution_id)

    await assert_refused(stream, 503, "unavailable")
    assert int(stream.headers["retry-after"]) > 0


async def test_W9_a_hundred_streams_of_one_key_take_no_thread_each(opened, execution_id):
    before = threading.active_count()

    streams = [await opened(execution_id) for _ in range(100)]

    assert {stream.status for stream in streams} == {200}
    assert threading.active_count() - before <= 10
    assert open_streams.total == 100


async def test_W9_one_change_is_read_once_for_all_who_follow(opened, workspace, execution_id):
    streams = [await opened(execution_id) for _ in range(30)]
    for stream in streams:
        await stream.event()
    counted = Counted("executor_executionevent")
    await on_each_reader(lambda: connection.execute_wrappers.append(counted))

    await cancel(workspace, execution_id)
    ends = [await stream.events() for stream in streams]

    await on_each_reader(connection.execute_wrappers.clear)
    assert {events[-1]["type"] for events in ends} == {"final"}
    assert 1 <= counted.selects <= 4


async def test_a_stream_leaves_nothing_behind(opened, execution_id):
    stream = await opened(execution_id)
    await stream.event()

    await stream.leave()

    assert the_layer().groups == {}
    assert news_here().followed == set()
    assert open_streams.total == 0


async def test_W5_the_stream_of_a_revoked_key_ends(opened, workspace, execution_id):
    key = await in_reader(make_key, workspace)
    stream = await opened(execution_id, key=key.secret, app=hurried(admit_again_s=0.05))
    await stream.event()

    await in_reader(revoke_api_key, actor=SYSTEM_ACTOR, workspace_id=workspace.id, key_id=key.id)

    assert await stream.events() == []
    again = await opened(execution_id, key=key.secret)
    await assert_refused(again, 401, "unauthenticated")


async def test_W5_the_streams_of_a_deleted_workspace_end(opened, workspace, execution_id):
    stream = await opened(execution_id, app=hurried(admit_again_s=0.05))
    await stream.event()

    await in_reader(delete_workspace, actor=SYSTEM_ACTOR, workspace_id=workspace.id)

    assert await stream.events() == []


async def test_a_stream_does_not_stay_open_for_ever(opened, execution_id):
    stream = await opened(execution_id, app=hurried(lifetime_s=0.2))
    await stream.event()

    assert await stream.events() == []


async def test_W6_a_reader_that_is_too_slow_is_cut_off(key, execution_id):
    sent = []

    async def send(message):
        sent.append(message)
        if message["type"] == "http.response.body":
            await asyncio.sleep(3600)  # a client whose window is full

    stream = EventStream(application, execution_id, key=key)
    never = asyncio.Event()

    async with asyncio.timeout(10):
        await answer_held(stream.scope, never.wait, send, send_s=0.2)

    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert open_streams.total == 0


def test_a_process_without_the_router_answers_with_what_there_is_and_ends(api, finished_id):
    response = api.get(f"/workflows/executions/{finished_id}/events", Accept="text/event-stream")

    text = response.content.decode()
    assert response.headers["Content-Type"] == "text/event-stream"
    assert text.startswith("retry: ")
    assert text.count("event: final\n") == 1


def test_a_process_without_the_router_ends_for_who_has_seen_all(api, workspace, finished_id):
    last = get_event_seq(workspace.id, finished_id)

    response = api.get(f"/workflows/executions/{finished_id}/events", Last_Event_ID=str(last))

    assert (response.status_code, response.content) == (204, b"")


def test_a_process_without_the_router_refuses_as_any_view_does(stranger_key, finished_id):
    response = ApiClient(stranger_key).get(f"/workflows/executions/{finished_id}/events")

    assert_problem(response, 404, "not_found")


async def assert_refused(stream, status, code):
    problem = await stream.problem()
    assert (stream.status, problem["code"]) == (status, code)
    assert stream.headers["content-type"] == "application/problem+json"
    assert stream.headers["x-request-id"] == problem["requestId"]
    return problem


def _forget_events(execution_id):
    ExecutionEvent.objects.filter(execution_id=execution_id).delete()
