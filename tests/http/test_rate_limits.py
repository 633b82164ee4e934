"""Every answer of the API says what is left, and nobody gets more: by key, else by address."""

import asyncio
import re
import time

import pytest
import redis
from asgiref.testing import ApplicationCommunicator
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.services.key_tokens import make_token
from billing.services.windows import CALLBACKS_OF_ADDRESS, REQUESTS_OF_ADDRESS
from common.limits.memory import MemoryWindows
from common.limits.redis_windows import RedisWindows
from common.limits.steady import SteadyWindows
from executor.models import Execution
from tests.chaos.proxy import Proxy
from tests.chaos.servers import RedisServer
from tests.client import ApiClient
from tests.common.test_limits_windows import Nanoseconds
from tests.counts import count_in
from tests.factories import make_execution, make_key, make_published_workflow, make_workspace
from tests.http.problem import assert_problem

pytestmark = pytest.mark.django_db

OF_IETF = re.compile(r'"requests";r=(\d+);t=(\d+)')


@pytest.fixture
def clock() -> Nanoseconds:
    """The clock of this process's windows, moved by hand."""
    moved = Nanoseconds()
    count_in(MemoryWindows(monotonic_ns=moved))
    return moved


@pytest.fixture
def workspace(db):
    """A workspace of Free: 10 requests a minute."""
    return make_workspace(limits={})


def remaining(response) -> int:
    return int(response.headers["X-RateLimit-Remaining"])


def from_address(address: str, path: str = "/api/v1/nodes", **extra):
    return Client(REMOTE_ADDR=address).get(path, **extra)


# --- headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/me", 200),
        ("GET", "/me/", 200),
        ("HEAD", "/me", 200),
        ("OPTIONS", "/me", 200),
        ("GET", "/workflows/wf_none", 404),
        ("GET", "/there/is/none", 404),
        ("GET", "", 404),
        ("DELETE", "/me", 405),
        ("POST", "/workflows", 400),
        ("GET", "/nodes", 200),
    ],
)
def test_every_answer_to_a_key_says_what_is_left_of_its_minute(
    api, clock, method, path, status
) -> None:
    began = time.time()

    response = api.send(method, path, b"{" if method == "POST" else None)

    assert response.status_code == status
    assert response.headers["X-RateLimit-Limit"] == "10"
    assert response.headers["X-RateLimit-Remaining"] == "9"
    assert began + 59 < int(response.headers["X-RateLimit-Reset"]) < time.time() + 62
    assert response.headers["RateLimit-Policy"] == '"requests";q=10;w=60'
    assert response.headers["RateLimit"] == '"requests";r=9;t=60'


@pytest.mark.parametrize(
    "path", ["/nodes", "/me", "/there/is/none", "/workflows/wf_x/execute", "/schema"]
)
@pytest.mark.parametrize("key", [None, "nonsense"])
def test_answers_without_a_good_key_say_what_is_left_of_the_address(path, key) -> None:
    response = ApiClient(key).get(path)

    assert response.headers["X-RateLimit-Limit"] == str(REQUESTS_OF_ADDRESS)
    assert remaining(response) == REQUESTS_OF_ADDRESS - 1
    assert response.headers["RateLimit-Policy"] == f'"requests";q={REQUESTS_OF_ADDRESS};w=60'


def test_both_forms_of_the_time_agree(api, clock) -> None:
    api.get("/me")
    clock.advance(12.5)

    response = api.get("/me")

    left_s = response.headers["RateLimit"].rpartition("=")[2]
    assert left_s == "48"
    assert int(response.headers["X-RateLimit-Reset"]) - time.time() <= int(left_s) + 1


def test_preflights_and_what_is_no_api_call_do_not_count(api, clock) -> None:
    asking = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    for path in ("/healthz", "/docs/nodes", "/api/studio/none", "/media/none"):
        assert "X-RateLimit-Limit" not in Client().get(path).headers

    preflight = Client().options("/api/v1/nodes", headers=asking)

    assert "X-RateLimit-Limit" not in preflight.headers
    assert remaining(ApiClient(None).get("/nodes")) == REQUESTS_OF_ADDRESS - 1


def test_browsers_may_read_the_headers_of_a_refusal(api, clock) -> None:
    for _ in range(10):
        api.get("/me")

    refusal = api.get("/me", Origin="https://a.example")

    assert refusal.status_code == 429
    assert refusal.headers["Access-Control-Allow-Origin"] == "*"
    assert "ratelimit" in refusal.headers["Access-Control-Expose-Headers"]


# --- windows of keys


def test_r1_a_burst_at_the_edge_of_a_minute_is_refused_and_the_retry_is_true(api, clock) -> None:
    clock.advance(59.5)
    assert [api.get("/me").status_code for _ in range(10)] == [200] * 10

    clock.advance(1)
    refusal = api.get("/me")
    problem = assert_problem(refusal, 429, "rate_limited")
    clock.advance(problem["retryAfter"] - 1)
    early = api.get("/me")
    clock.advance(1)

    assert (problem["retryAfter"], problem["limit"], problem["window"]) == (59, 10, "minute")
    assert refusal.headers["Retry-After"] == "59"
    assert refusal.headers["RateLimit"] == '"requests";r=0;t=59'
    assert_problem(early, 429, "rate_limited")
    assert [api.get("/me").status_code for _ in range(11)] == [200] * 10 + [429]


def test_refused_calls_do_nothing_and_do_not_count(api, workspace, clock) -> None:
    flow = make_published_workflow(workspace)
    for _ in range(10):
        api.get("/me")

    for _ in range(30):
        refusal = api.post(f"/workflows/{flow.id}/execute", {"inputs": {"text": "x"}})
        assert_problem(refusal, 429, "rate_limited")
    clock.advance(60)

    assert Execution.objects.across_workspaces().count() == 0
    assert remaining(api.get("/me")) == 9


def test_keys_of_one_workspace_and_of_others_have_windows_of_their_own(api, workspace) -> None:
    for _ in range(11):
        api.get("/me")
    sister = ApiClient(make_key(workspace).secret)
    stranger = ApiClient(make_key(make_workspace(plan="starter", limits={})).secret)

    assert api.get("/me").status_code == 429
    assert remaining(sister.get("/me")) == 9
    assert remaining(stranger.get("/me")) == 29
    assert remaining(ApiClient(None).get("/nodes")) == REQUESTS_OF_ADDRESS - 1


def test_staff_may_give_a_workspace_more(db) -> None:
    key = make_key(make_workspace(limits={"requestsPerMinute": 12})).secret

    statuses = [ApiClient(key).get("/me").status_code for _ in range(13)]

    assert statuses == [200] * 12 + [429]


def test_r2_one_key_from_many_addresses_has_one_window(api) -> None:
    for number in range(10):
        api.get("/me", X_Forwarded_For=f"198.51.100.{number}")

    assert api.get("/me", X_Forwarded_For="198.51.100.99").status_code == 429


# --- windows of addresses


def test_r2_headers_make_no_new_bucket(clock) -> None:
    for number in range(REQUESTS_OF_ADDRESS):
        told = {"X-Forwarded-For": f"198.51.100.{number}", "Forwarded": f"for=198.51.100.{number}"}
        assert from_address("203.0.113.9", headers=told).status_code == 200

    refusal = from_address("203.0.113.9", headers={"X-Forwarded-For": "192.0.2.1"})

    assert refusal.json()["code"] == "rate_limited"
    assert from_address("203.0.113.10").status_code == 200


def test_r2_hopping_inside_a_64_makes_no_new_bucket(clock) -> None:
    first = from_address("2001:db8:1:2::1")
    second = from_address("2001:db8:1:2:ffff:ffff:ffff:ffff")
    elsewhere = from_address("2001:db8:1:3::1")

    assert [remaining(answer) for answer in (first, second, elsewhere)] == [119, 118, 119]


def test_behind_a_trusted_proxy_everybody_has_a_window(settings, clock) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]

    first = from_address("10.0.0.1", headers={"X-Forwarded-For": "6.6.6.6, 198.51.100.1"})
    second = from_address("10.0.0.1", headers={"X-Forwarded-For": "198.51.100.2"})
    again = from_address("10.0.0.2", headers={"X-Forwarded-For": "7.7.7.7, 198.51.100.1"})

    assert [remaining(answer) for answer in (first, second, again)] == [119, 119, 118]


@pytest.mark.parametrize("key", ["sk-live-short", "sk-" + "a" * 48, "x" * 10_000, "schlüssel"])
def test_k2_malformed_keys_count_by_address_and_ask_no_database(key, clock) -> None:
    with CaptureQueriesContext(connection) as queries:
        response = Client(REMOTE_ADDR="203.0.113.9").get(
            "/api/v1/me", headers={"Authorization": f"Bearer {key}"}
        )

    assert response.status_code == 401
    assert remaining(response) == REQUESTS_OF_ADDRESS - 1
    assert len(queries) == 0


def test_unknown_keys_count_by_address_and_are_asked_for_once(clock) -> None:
    with CaptureQueriesContext(connection) as queries:
        response = ApiClient(make_token("live")).get("/me")
        asked = len(queries)
    for _ in range(REQUESTS_OF_ADDRESS - 1):
        ApiClient(make_token("live")).get("/me")

    assert response.status_code == 401
    assert asked == 1
    assert ApiClient(make_token("live")).get("/me").status_code == 429
    assert ApiClient(None).get("/nodes").status_code == 429


def test_a_warm_call_is_authenticated_once_and_costs_no_statement_more(api) -> None:
    api.get("/me")

    with CaptureQueriesContext(connection) as queries:
        api.get("/nodes")

    assert len(queries) == 0


def test_r7_a_flood_without_keys_takes_nothing_from_keys_or_providers(api, clock) -> None:
    for _ in range(REQUESTS_OF_ADDRESS):
        ApiClient(None).get("/there/is/none")
    assert ApiClient(None).get("/nodes").status_code == 429

    callback = ApiClient(None).post("/providers/callbacks/none", {})

    assert api.get("/me").status_code == 200
    assert callback.status_code == 404
    assert callback.headers["RateLimit-Policy"] == f'"callbacks";q={CALLBACKS_OF_ADDRESS};w=60'


# --- the async way


async def ask_router(path: str, key: str | None, query: str = "") -> tuple[int, dict[str, str]]:
    """Ask the ASGI application; returns status and headers."""
    from pixelflow_site.asgi import application

    headers = [(b"host", b"testserver")]
    if key is not None:
        headers.append((b"authorization", f"Bearer {key}".encode()))
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "headers": headers, "client": ("203.0.113.9", 1),
    }  # fmt: skip
    caller = ApplicationCommunicator(application, scope)
    await caller.send_input({"type": "http.request", "body": b"", "more_body": False})
    start = await caller.receive_output(10)
    await caller.send_input({"type": "http.disconnect"})
    await caller.wait(10)
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}


@pytest.mark.django_db(transaction=True)
def test_a_poll_that_waits_counts_once_and_a_stream_too(workspace) -> None:
    run = make_execution(make_published_workflow(workspace)).execution_id
    key = make_key(workspace).secret
    path = f"/api/v1/workflows/executions/{run}"

    async def follow():
        poll = await ask_router(f"{path}/poll", key, "wait=1")
        return poll, await ask_router(f"{path}/events", key)

    (status, waited), (stream_status, streamed) = asyncio.run(follow())

    assert (status, stream_status) == (200, 200)
    assert waited["x-ratelimit-remaining"] == "9"
    assert waited["ratelimit"] in ('"requests";r=9;t=59', '"requests";r=9;t=58')
    assert waited["ratelimit-policy"] == '"requests";q=10;w=60'
    assert streamed["x-ratelimit-remaining"] == "8"


@pytest.mark.django_db(transaction=True)
def test_polls_that_wait_are_refused_beyond_the_minute_and_without_a_key_count_by_address(
    workspace,
) -> None:
    run = make_execution(make_published_workflow(workspace)).execution_id
    key = make_key(workspace).secret
    path = f"/api/v1/workflows/executions/{run}/poll"
    api = ApiClient(key)
    for _ in range(10):
        api.get("/me")

    async def follow():
        return await ask_router(path, key, "wait=1"), await ask_router(path, None, "wait=1")

    (status, refused), (unknown_status, unknown) = asyncio.run(follow())

    assert status == 429
    assert refused["retry-after"] in ("59", "60")
    assert refused["content-type"] == "application/problem+json"
    assert unknown_status == 401
    assert unknown["x-ratelimit-limit"] == str(REQUESTS_OF_ADDRESS)


# --- without Redis


@pytest.mark.redis
@pytest.mark.parametrize("how", ["killed", "slow", "readonly"])
def test_r6_redis_that_goes_in_mid_load_never_makes_a_500(tmp_path, api, how: str) -> None:
    server, answers, slowest_s = RedisServer(tmp_path), [], 0.0
    with Proxy(server.port) as proxy:
        count_in(SteadyWindows(RedisWindows(proxy.url(server.url)), processes=2))
        for number in range(30):
            if number == 8 and how == "killed":
                server.kill()
                proxy.cut()
            elif number == 8 and how == "slow":
                proxy.latency_s = 2
            elif number == 8:
                with redis.Redis.from_url(server.url) as client:
                    client.execute_command("REPLICAOF", "127.0.0.1", "1")
            began = time.monotonic()
            answers.append(api.get("/me"))
            slowest_s = max(slowest_s, time.monotonic() - began)
    server.kill()

    limits = [answer.headers["X-RateLimit-Limit"] for answer in answers]
    assert {answer.status_code for answer in answers} == {200, 429}
    assert limits[0] == "10"
    assert set(limits[8:]) == {"5"}
    assert [answer.status_code for answer in answers[8:]].count(200) <= 5
    assert all(OF_IETF.fullmatch(answer.headers["RateLimit"]) for answer in answers)
    assert slowest_s < 1.5  # with 50 ms for Redis; its own answer would take 2 s
