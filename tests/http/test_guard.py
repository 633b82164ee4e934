"""Guards of what strangers may send: by address and by account, for a while, and with Redis gone."""

from types import SimpleNamespace

import pytest
from django.core.cache import caches
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client, RequestFactory

from accounts.api import SYSTEM_ACTOR, give_access
from billing.services.windows import REQUESTS_OF_ADDRESS
from common.errors import TooManyRequests
from common.http.guard import DEVICE_COOKIE, check, guard, posted
from tests.chaos.servers import RedisServer
from tests.client import ApiClient
from tests.factories import make_user

PASSWORD = "a long enough password"
VICTIM = "victim@example.com"


@pytest.fixture(autouse=True)
def _time_stands_still(monkeypatch) -> None:
    """django-ratelimit's windows are fixed; none of them ends within a test."""
    monkeypatch.setattr("django_ratelimit.core.time", SimpleNamespace(time=lambda: 1_772_000_000))


@pytest.fixture
def victim(db) -> None:
    make_staff(VICTIM)


def make_staff(email: str) -> None:
    make_user(email=email)
    give_access(actor=SYSTEM_ACTOR, email=email, password=PASSWORD, is_staff=True)


def sign_in(address: str, email: str = VICTIM, password: str = "wrong", client=None):
    client = client or Client()
    return client.post(
        "/admin/login/", {"username": email, "password": password}, REMOTE_ADDR=address
    )


@guard("echo", by_address="3/m", by_account="2/m", account_of=posted("email"))
def echo(request):
    return HttpResponse("ok")


def call(address="203.0.113.9", method="POST", path="/echo", **data):
    make = getattr(RequestFactory(), method.lower())
    return echo(make(path, data, REMOTE_ADDR=address))


def test_a3_twenty_bad_passwords_for_one_account_from_twenty_addresses(victim) -> None:
    answers = [sign_in(f"203.0.113.{number}") for number in range(20)]

    assert answers[0].status_code == 200
    assert 429 in [answer.status_code for answer in answers]
    refusal = answers[-1]
    assert refusal.status_code == 429
    assert 0 < int(refusal.headers["Retry-After"]) <= 301
    assert "text/html" in refusal.headers["Content-Type"]


def test_a3_twenty_accounts_from_one_address(victim) -> None:
    answers = [sign_in("203.0.113.9", f"person{number}@example.com") for number in range(20)]

    assert 429 in [answer.status_code for answer in answers]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    assert sign_in("203.0.113.10", password=PASSWORD).status_code == 302


def test_a3_the_spelling_of_an_account_makes_no_new_bucket(victim) -> None:
    spellings = ("Victim@example.com", " victim@EXAMPLE.com ", VICTIM)

    answers = [sign_in(f"203.0.113.{n}", spellings[n % 3]) for n in range(20)]

    assert answers[-1].status_code == 429


def test_a3_a_stranger_does_not_lock_out_who_has_signed_in_before(victim) -> None:
    browser = Client()
    assert sign_in("198.51.100.1", password=PASSWORD, client=browser).status_code == 302
    browser.cookies.pop("sessionid")
    for number in range(20):
        sign_in(f"203.0.113.{number}")

    stranger = sign_in("203.0.113.99", password=PASSWORD)
    owner = sign_in("198.51.100.1", password=PASSWORD, client=browser)

    assert stranger.status_code == 429
    assert owner.status_code == 302
    assert browser.cookies[DEVICE_COOKIE]["httponly"]


def test_a3_a_cookie_that_was_not_given_out_for_the_account_opens_nothing(victim) -> None:
    make_staff("other@example.com")
    browser = Client()
    sign_in("198.51.100.1", "other@example.com", PASSWORD, client=browser)
    given = browser.cookies[DEVICE_COOKIE].value
    for number in range(20):
        sign_in(f"203.0.113.{number}")

    for cookie in (given, given[:-3], "x", ""):
        thief = Client()
        thief.cookies[DEVICE_COOKIE] = cookie
        assert sign_in("203.0.113.77", password=PASSWORD, client=thief).status_code == 429


def test_a_known_browser_is_guarded_as_well(victim) -> None:
    browser = Client()
    sign_in("198.51.100.1", password=PASSWORD, client=browser)

    answers = [sign_in(f"198.51.100.{n}", client=browser).status_code for n in range(20)]

    assert answers[-1] == 429


def test_looking_at_the_form_is_not_counted(victim) -> None:
    for _ in range(30):
        assert Client(REMOTE_ADDR="203.0.113.9").get("/admin/login/").status_code == 200


def test_r7_a_flood_of_passwords_takes_nothing_from_the_api(victim) -> None:
    for _ in range(30):
        sign_in("127.0.0.1")

    answer = ApiClient(None).get("/nodes")

    assert int(answer.headers["X-RateLimit-Remaining"]) == REQUESTS_OF_ADDRESS - 1


def test_answers_to_a_review_are_guarded_by_address(db) -> None:
    path = "/review/rev_00000000000000000000000000/none"
    answers = [Client(REMOTE_ADDR="203.0.113.9").post(path).status_code for _ in range(70)]

    assert set(answers) == {404, 429}
    assert Client(REMOTE_ADDR="203.0.113.10").post(path).status_code == 404
    assert Client(REMOTE_ADDR="203.0.113.9").get(path).status_code == 404


def test_a_guard_counts_by_address_then_by_account_and_leaves_other_methods_alone() -> None:
    assert [call(email="a@x.com").status_code for _ in range(7)][-1] == 429
    assert [call("203.0.113.10", email="b@x.com").status_code for _ in range(2)] == [200, 200]
    assert [call(f"198.51.100.{n}", email="B@x.com").status_code for n in range(5)][-1] == 429
    assert [call(f"198.51.100.{n + 50}").status_code for n in range(9)] == [200] * 9
    assert [call(method="GET").status_code for _ in range(9)] == [200] * 9


def test_r2_a_guard_counts_ipv6_by_64() -> None:
    answers = [call(f"2001:db8:7:7::{n}").status_code for n in range(1, 9)]

    assert answers[-1] == 429
    assert call("2001:db8:7:8::1").status_code == 200


def test_under_the_api_a_guard_answers_with_a_problem() -> None:
    answers = [call(path="/api/v1/webhooks/x") for _ in range(8)]

    assert answers[-1].headers["Content-Type"] == "application/problem+json"
    assert b'"rate_limited"' in answers[-1].content
    assert b'"window":"minute"' in answers[-1].content


@pytest.mark.redis
def test_r6_guards_hold_with_redis_and_without(tmp_path, settings) -> None:
    server = RedisServer(tmp_path)
    steady = {"BACKEND": "common.limits.cache.SteadyCache", "LOCATION": server.url}
    settings.CACHES = {**settings.CACHES, "guards": steady}
    with_redis = [call().status_code for _ in range(7)]

    server.kill()
    without = [call().status_code for _ in range(7)]
    caches["guards"].clear()

    assert (with_redis[0], with_redis[-1]) == (200, 429)
    assert (without[0], without[-1]) == (200, 429)


def test_the_systems_checks_know_of_both_caches() -> None:
    call_command("check", "--fail-level", "WARNING")


def test_a_rate_over_several_minutes_says_so() -> None:
    request = RequestFactory().post("/", REMOTE_ADDR="203.0.113.40")

    for _ in range(2):
        check("slow", request, by_address="2/5m")

    with pytest.raises(TooManyRequests) as refused:
        check("slow", request, by_address="2/5m")

    assert refused.value.fields["window"] == "5m"
    assert 0 < refused.value.fields["retryAfter"] <= 301
