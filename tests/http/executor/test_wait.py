"""`GET …/poll?wait=S`: held until the status changes, by the async view behind the router."""

import asyncio
import json
from collections import Counter
from contextlib import ExitStack

import pytest
from asgiref.testing import ApplicationCommunicator
from django.test import AsyncRequestFactory

from executor.dispatch import announce
from executor.errors import TooManyWaits
from executor.http.wait import MAX_WAITS_OF_ONE, WaitCounter, poll_and_wait, waits
from executor.models import Execution
from executor.selectors.following import in_reader
from executor.services.cancel import cancel_execution
from pixelflow_site.asgi import application
from tests.executor.live import IN_MEMORY, live_news, the_layer
from tests.factories import make_execution, make_key, make_published_workflow, run_all

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def _live(settings):
    settings.CHANNEL_LAYERS = IN_MEMORY  # tests look into it; what Redis does is shown apart
    async with live_news():
        yield


@pytest.fixture
def execution(workspace):
    return make_execution(make_published_workflow(workspace))


@pytest.fixture
def execution_id(execution):
    return execution.execution_id


@pytest.fixture
def ask(key, execution_id):
    """Ask the view for one poll; whatever is not given is good."""

    async def send(wait="5", *, key=key, execution_id=execution_id, method="GET", **headers):
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        request = AsyncRequestFactory().generic(
            method,
            f"/api/v1/workflows/executions/{execution_id}/poll",
            query_params={"wait": wait},
            headers=headers,
        )
        return await poll_and_wait(request, execution_id)

    return send


def now():
    return asyncio.get_running_loop().time()


async def cancel(workspace, execution_id):
    return await in_reader(cancel_execution, workspace_id=workspace.id, execution_id=execution_id)


async def until_somebody_waits(execution_id):
    layer = the_layer()
    async with asyncio.timeout(5):
        while not layer.groups.get(f"execution.{execution_id}"):
            await asyncio.sleep(0.01)


async def test_a_finished_run_is_answered_at_once(ask, execution_id):
    await in_reader(run_all)
    began_at = now()

    response = await ask("30")

    stored = await in_reader(_final_payload, execution_id)
    assert now() - began_at < 2
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert "Retry-After" not in response.headers
    assert response.content == stored.encode()


async def test_the_answer_comes_with_the_change_of_status(ask, workspace, execution_id):
    began_at = now()
    waiting = asyncio.create_task(ask("30"))
    await until_somebody_waits(execution_id)
    assert not waiting.done()

    await cancel(workspace, execution_id)
    response = await waiting

    assert now() - began_at < 1.5, "the news must do it, not the recheck"
    assert json.loads(response.content)["status"] == "CANCELLED"


async def test_many_waits_for_one_run_end_together(ask, workspace, execution_id):
    waiting = [asyncio.create_task(ask("30")) for _ in range(20)]
    await until_somebody_waits(execution_id)

    await cancel(workspace, execution_id)
    responses = await asyncio.gather(*waiting)

    assert {json.loads(response.content)["status"] for response in responses} == {"CANCELLED"}


async def test_news_that_leave_the_status_do_not_end_the_wait(ask, execution_id):
    began_at = now()
    waiting = asyncio.create_task(ask("0.6"))
    await until_somebody_waits(execution_id)

    announce(execution_id)
    response = await waiting

    assert now() - began_at >= 0.6
    assert json.loads(response.content)["status"] == "QUEUED"
    assert response.headers["Retry-After"] == "1"


async def test_X51_a_change_that_nobody_told_of_is_found_by_looking_again(ask, execution_id):
    waiting = asyncio.create_task(ask("10"))
    await until_somebody_waits(execution_id)
    began_at = now()

    await in_reader(_set_running, execution_id)
    response = await waiting

    assert now() - began_at < 4
    assert json.loads(response.content)["status"] == "RUNNING"


async def test_a_wait_leaves_nothing_behind(ask, workspace, execution_id):
    over, broken_off = asyncio.create_task(ask("0.1")), asyncio.create_task(ask("30"))
    await until_somebody_waits(execution_id)
    await over

    broken_off.cancel()
    await asyncio.wait({broken_off})

    layer = the_layer()
    assert layer.groups == {}
    assert len(layer.channels) <= 1  # the one that keeps the process listening
    assert waits.open == 0


async def test_C17_waits_over_the_cap_are_refused_with_what_the_cap_is(ask, workspace):
    with ExitStack() as stack:
        for _ in range(MAX_WAITS_OF_ONE):
            stack.enter_context(waits.place(workspace.id))

        response = await ask("30")

    problem = json.loads(response.content)
    assert response.status_code == 429
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Retry-After"] == "1"
    assert problem["code"] == "too_many_concurrent"
    assert (problem["retryAfter"], problem["limit"]) == (1, MAX_WAITS_OF_ONE)
    assert problem["window"]


async def test_C17_the_cap_of_one_workspace_is_not_anothers(ask, stranger_workspace):
    with ExitStack() as stack:
        for _ in range(MAX_WAITS_OF_ONE):
            stack.enter_context(waits.place(stranger_workspace.id))

        assert (await ask("0.1")).status_code == 200


@pytest.mark.parametrize("polls", [150, pytest.param(1_000, marks=pytest.mark.slow)])
async def test_C17_of_many_waits_of_one_key_those_over_the_cap_are_refused_and_the_rest_end(
    ask, workspace, key, execution_id, polls
):
    waiting = [asyncio.create_task(ask("30")) for _ in range(polls)]
    refused = 0
    async with asyncio.timeout(60):
        while refused < polls - MAX_WAITS_OF_ONE:
            await asyncio.sleep(0.05)
            refused = sum(task.done() for task in waiting)
    began_at = now()
    plain = await call_plain(execution_id, key)  # what does not wait needs no place
    took_s = now() - began_at

    await cancel(workspace, execution_id)
    responses = await asyncio.gather(*waiting)

    statuses = Counter(response.status_code for response in responses)
    assert statuses == {200: MAX_WAITS_OF_ONE, 429: polls - MAX_WAITS_OF_ONE}
    assert plain[0] == 200
    assert took_s < 2


def test_C17_a_full_process_answers_at_once():
    counter = WaitCounter(of_one=2, of_all=3)

    with counter.place("a") as first, counter.place("a"), counter.place("b") as third:
        with counter.place("c") as fourth:
            pass
        with pytest.raises(TooManyWaits), counter.place("a"):
            pass

    assert (first, third, fourth) == (True, True, False)
    assert counter.open == 0


@pytest.mark.parametrize("wait", ["31", "-1", "abc", ""])
async def test_a_wait_out_of_range_is_a_400(ask, wait):
    await assert_refused(ask(wait), 400, "malformed_request")


async def test_K1_without_a_key_nothing_is_told(ask):
    response = await assert_refused(ask("1", key=None), 401, "unauthenticated")

    assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_a_key_without_the_scope_is_refused(ask, workspace):
    key = await in_reader(make_key, workspace, scopes=["execute"])

    response = await assert_refused(ask("1", key=key.secret), 403, "insufficient_scope")

    assert json.loads(response.content)["requiredScope"] == "read"


async def test_T1_a_foreign_run_reads_like_one_that_is_not_there(ask, stranger_key):
    of_foreign = await assert_refused(ask("1", key=stranger_key), 404, "not_found")
    of_unknown = await assert_refused(ask("1", execution_id=f"exec_{'0' * 26}"), 404, "not_found")

    details = [json.loads(response.content)["detail"] for response in (of_foreign, of_unknown)]
    assert details[0] == details[1]


async def test_other_methods_are_refused(ask):
    response = await assert_refused(ask("1", method="POST"), 405, "method_not_allowed")

    assert "GET" in response.headers["Allow"]


async def test_who_takes_no_json_is_told_so(ask):
    await assert_refused(ask("1", Accept="text/html"), 406, "not_acceptable")


async def test_the_router_brings_a_wait_here_under_its_public_path(key, workspace, execution_id):
    path = f"/api/v1/workflows/executions/{execution_id}/poll"
    waiting = asyncio.create_task(call_site(path, b"wait=30", key))
    await until_somebody_waits(execution_id)

    await cancel(workspace, execution_id)
    status, headers, body = await waiting

    assert status == 200
    assert headers[b"x-request-id"]
    assert body["status"] == "CANCELLED"


async def test_a_problem_names_the_public_path(stranger_key, execution_id):
    path = f"/api/v1/workflows/executions/{execution_id}/poll"

    status, headers, body = await call_site(path, b"wait=30", stranger_key)

    assert status == 404
    assert body["instance"] == path
    assert body["requestId"].encode() == headers[b"x-request-id"]


@pytest.mark.redis
async def test_a_wait_works_over_redis_and_gives_its_subscription_back(
    ask, workspace, execution_id, redis_url, settings
):
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [redis_url], "prefix": "wait-test"},
        }
    }
    layer = the_layer()
    began_at = now()
    waiting = asyncio.create_task(ask("30"))
    async with asyncio.timeout(5):
        while not layer.groups:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)  # the subscription goes out after the member is entered

    await cancel(workspace, execution_id)
    response = await waiting

    assert now() - began_at < 1.8
    assert json.loads(response.content)["status"] == "CANCELLED"
    assert layer.groups == {}
    assert len(layer.channels) == 1  # the one that keeps the layer listening
    await layer.flush()


async def test_W10_a_layer_that_is_out_costs_a_recheck_and_no_error(
    ask, workspace, execution_id, settings
):
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:9/0"]},
        }
    }
    waiting = asyncio.create_task(ask("10"))
    await asyncio.sleep(0.3)

    await in_reader(_set_running, execution_id)
    response = await waiting

    assert json.loads(response.content)["status"] == "RUNNING"
    await the_layer().flush()


async def assert_refused(asked, status, code):
    response = await asked
    problem = json.loads(response.content)
    assert (response.status_code, problem["code"]) == (status, code)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert problem["instance"].endswith("/poll")
    return response


async def call_plain(execution_id, key):
    return await call_site(f"/api/v1/workflows/executions/{execution_id}/poll", b"", key)


async def call_site(path, query, key):
    """Call the whole site through its ASGI application."""
    communicator = ApplicationCommunicator(
        application,
        {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query,
            "headers": [(b"authorization", f"Bearer {key}".encode()), (b"host", b"127.0.0.1")],
        },
    )
    await communicator.send_input({"type": "http.request", "body": b"", "more_body": False})
    start = await communicator.receive_output(timeout=20)
    body = b""
    while True:
        message = await communicator.receive_output(timeout=5)
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await communicator.wait()
    headers = {name.lower(): value for name, value in start["headers"]}
    return start["status"], headers, json.loads(body)


def _set_running(execution_id):
    Execution.objects.across_workspaces().filter(pk=execution_id).update(status="RUNNING")


def _final_payload(execution_id):
    return Execution.objects.across_workspaces().get(pk=execution_id).final_payload
