"""`POST /billing/stripe`: what is taken, what is refused, and what is kept of it."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, connections
from django.test import Client
from prometheus_client import REGISTRY
from stripe import WebhookSignature

from billing.models import StripeEvent
from billing.services.payments.inbox import HANDLED_TYPES
from billing.types import EventState
from tests.billing.stripe.shop import SECRET, WEBHOOK, ring
from tests.http.problem import assert_problem

EVENT = {
    "id": "evt_1",
    "object": "event",
    "api_version": "2026-10-28.endive",
    "created": 1_790_000_000,
    "livemode": False,
    "type": "invoice.paid",
    "data": {"object": {"object": "invoice", "id": "in_1", "customer": "cus_1"}},
}

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("configured")]


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("pixelflow_stripe_events_total", {"outcome": outcome}) or 0.0


def signed(event, *, seconds: int = 0, secret: str = SECRET) -> str:
    header: str = WebhookSignature.generate_signature_header(
        json.dumps(event), secret, timestamp=int(time.time()) + seconds
    )
    return header


def test_an_event_is_stored_as_it_came_and_nothing_else_is_done():
    answer = ring(EVENT)

    assert answer.status_code == 200
    row = StripeEvent.objects.get()
    assert (row.stripe_id, row.type, row.customer) == ("evt_1", "invoice.paid", "cus_1")
    assert (row.state, row.body) == (EventState.STORED, EVENT)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "nonsense",
        "t=1,v1=",
        "t=x,v1=aa",
        "v1=aa",
        lambda: signed(EVENT, secret="whsec_other"),
        lambda: signed(EVENT, seconds=-302),
        lambda: signed(EVENT, seconds=302),
        lambda: signed(EVENT).replace("v1=", "v0="),
        lambda: signed({**EVENT, "id": "evt_2"}),
    ],
)
def test_s1_what_is_not_signed_in_time_is_refused_and_leaves_only_a_count(signature):
    before = counted("refused")

    answer = ring(EVENT, signature=signature() if callable(signature) else signature)

    assert_problem(answer, 400, "malformed_request")
    assert not StripeEvent.objects.exists()
    assert counted("refused") == before + 1


def test_s1_a_body_changed_by_one_space_is_refused():
    raw = json.dumps(EVENT)

    answer = ring(f"{raw} ".encode(), signature=signed(EVENT))

    assert_problem(answer, 400, "malformed_request")


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe", b"[]", b"null", b"{", b"{}", b'{"id": 7, "type": "x", "livemode": false}']
)
def test_s1_a_signature_over_what_is_no_event_is_refused(raw):
    text = raw.decode("latin-1") if raw == b"\xff\xfe" else raw.decode()
    signature = WebhookSignature.generate_signature_header(text, SECRET)

    assert_problem(ring(raw, signature=signature), 400, "malformed_request")
    assert not StripeEvent.objects.exists()


def test_any_of_several_secrets_is_good_while_one_is_replaced(settings):
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", SECRET]

    assert ring(EVENT, secret="whsec_new").status_code == 200
    assert ring({**EVENT, "id": "evt_2"}).status_code == 200
    assert ring({**EVENT, "id": "evt_3"}, secret="whsec_gone").status_code == 400


def test_an_event_is_stored_once():
    before = counted("twice")

    answers = [ring(EVENT).json() for _ in range(3)]

    assert answers == [{"received": True}, {"received": False}, {"received": False}]
    assert StripeEvent.objects.count() == 1
    assert counted("twice") == before + 2


@pytest.mark.django_db(transaction=True)
def test_an_event_delivered_by_many_at_once_is_stored_once():
    def deliver(_: int) -> int:
        try:
            return int(ring(EVENT).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        statuses = set(pool.map(deliver, range(12)))

    assert statuses == {200}
    assert StripeEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("key", "livemode"), [("sk_test_x", True), ("sk_live_x", False), ("rk_live_x", False)]
)
def test_s5_an_event_of_the_other_mode_is_ignored_counted_and_not_kept(settings, key, livemode):
    settings.STRIPE_SECRET_KEY = key
    before = counted("ignored")

    answer = ring({**EVENT, "livemode": livemode})

    assert answer.status_code == 200
    row = StripeEvent.objects.get()
    assert (row.state, row.body) == (EventState.IGNORED, {})
    assert counted("ignored") == before + 1


@pytest.mark.parametrize(
    "change",
    [
        {"type": "payout.paid"},
        {"type": "v2.core.health.event"},
        {"data": {"object": {"object": "invoice", "id": "in_1"}}},
        {"data": None},
        {"data": {"object": "in_1"}},
        {"api_version": "1999-01-01", "data": []},
    ],
)
def test_s5_what_says_nothing_to_us_is_ignored_and_counted(change):
    before = counted("ignored")

    assert ring({**EVENT, **change}).status_code == 200
    assert StripeEvent.objects.get().state == EventState.IGNORED
    assert counted("ignored") == before + 1


def test_s5_an_event_of_another_api_version_is_a_bell_like_any_other():
    assert ring({**EVENT, "api_version": "2017-08-15"}).status_code == 200
    assert StripeEvent.objects.get().state == EventState.STORED


def test_s5_an_event_above_a_mebibyte_is_refused():
    answer = ring({**EVENT, "padding": "x" * 1024 * 1024})

    assert_problem(answer, 413, "too_large")
    assert not StripeEvent.objects.exists()


def test_s6_while_the_database_is_down_stripe_is_told_to_send_again():
    def broken(execute, sql, *args):
        if "billing_stripeevent" in sql:
            raise OperationalError("connection is bad")
        return execute(sql, *args)

    with connection.execute_wrapper(broken):
        answer = ring(EVENT)

    assert_problem(answer, 503, "unavailable")
    assert ring(EVENT).json() == {"received": True}


def test_s7_the_bell_is_answered_at_once_however_slow_stripe_is(
    served, django_assert_max_num_queries
):
    served.faults.extend(["slow"] * 50)

    with django_assert_max_num_queries(5):
        begun = time.perf_counter()
        answer = ring(EVENT)
        took = time.perf_counter() - begun

    assert answer.status_code == 200
    assert took < 1.0
    assert not served.calls


def test_without_secrets_the_endpoint_is_not_there_for_anybody(settings):
    settings.STRIPE_WEBHOOK_SECRETS = []

    assert_problem(ring(EVENT), 503, "unavailable")


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_only_posts_are_taken(method):
    answer = getattr(Client(), method)(WEBHOOK)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_the_bell_uses_up_nobodys_request_window():
    answers = [ring({**EVENT, "id": f"evt_{number}"}) for number in range(30)]

    assert {answer.status_code for answer in answers} == {200}
    assert not any("X-RateLimit-Limit" in answer.headers for answer in answers)


def test_the_bell_is_not_in_the_customers_schema():
    assert "/billing/stripe" not in Client().get("/api/v1/schema").content.decode()


def test_stripes_list_takes_all_types_at_once():
    assert len(set(HANDLED_TYPES)) == len(HANDLED_TYPES) <= 20
