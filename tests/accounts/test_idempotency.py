"""Keys, fingerprints, and records of requests that are done once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction

from accounts.errors import AlreadyAnswered, IdempotencyInProgress, IdempotencyKeyReused
from accounts.models import IdempotencyRecord
from accounts.services.idempotency import (
    Answer,
    KeyedRequest,
    Namespace,
    fingerprint_of,
    purge_idempotency,
    read_key,
)
from common import faults
from common.clock import FixedClock, utc_now
from common.errors import MalformedRequest

BODY = b'{"inputs": {"text": "a", "n": 1}}'
GIVEN = Answer(202, b'{"a":1}', {"Location": "/x", "Content-Type": "application/json"})


@pytest.fixture(autouse=True)
def _disarmed():
    yield
    faults.arm("")


@pytest.fixture
def clock():
    return FixedClock(utc_now())


def keyed(workspace, *, mode="live", principal="api", key="k", clock=None, body=BODY):
    """A request of this workspace, identified by its body."""
    where = Namespace(workspace.id, mode, principal)
    once = KeyedRequest(where, key, digest, clock=clock or FixedClock(utc_now()))
    once.identify(body)
    return once


def digest(content):
    return fingerprint_of("POST", "/api/v1/x", content)


def store(once):
    once.store(status=GIVEN.status, body=GIVEN.body, headers=GIVEN.headers)


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("a", "a"),
        ("x" * 255, "x" * 255),
        ("with space", "with space"),
        ("  trimmed\t", "trimmed"),
        ('"quoted"', "quoted"),
        (r'"a \"b\" \\"', r'a "b" \ '.strip()),
        ('"' + "x" * 255 + '"', "x" * 255),
        ('half"quoted"', 'half"quoted"'),
        ("one,two", "one,two"),
    ],
)
def test_a_key_is_read_bare_or_quoted(header, key):
    assert read_key(header) == key


@pytest.mark.parametrize(
    "header",
    [
        *("", "  ", "x" * 256, "é", "a\tb", "a\x7f", "a\x00b", "a\r\nb"),
        *('""', '"' + "x" * 256 + '"', '"open', '"', '"a"b', r'"a\b"', '"a";q=1', '"é"'),
    ],
)
def test_what_is_no_key_is_refused(header):
    with pytest.raises(MalformedRequest):
        read_key(header)


@pytest.mark.parametrize(
    "body",
    [
        b'{"inputs":{"text":"a","n":1}}',
        b' {"inputs" : {"n":1, "text":"a"}}\n',
        b'{"inputs": {"text": "\\u0061", "n": 1}}',
    ],
)
def test_C3_order_and_spaces_make_no_other_request(body):
    assert digest(body) == digest(BODY)


@pytest.mark.parametrize(
    "body",
    [
        b'{"inputs": {"text": "a", "n": 1.0}}',
        b'{"inputs": {"text": "a", "n": 1e0}}',
        b'{"inputs": {"text": "a", "n": "1"}}',
        b'{"inputs": {"text": "a", "n": ["1"]}}',
        b'{"inputs": {"text": "a", "n": {"\\u0000": "1"}}}',
        b'{"inputs": {"text": "a", "n": true}}',
        b'{"inputs": {"text": "a", "n": 1}',
        b"",
    ],
)
def test_C3_another_form_of_a_number_or_another_value_makes_another_request(body):
    assert digest(body) != digest(BODY)


def test_C2_method_path_query_and_kind_of_body_make_another_request():
    found = {
        fingerprint_of("POST", "/a", b"1"),
        fingerprint_of("PUT", "/a", b"1"),
        fingerprint_of("POST", "/b", b"1"),
        fingerprint_of("POST", "/a?x=1", b"1"),
        fingerprint_of("POST", "/a", b"1", media_type="text/csv"),
    }

    assert len(found) == 5


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"a":1,"a":2}'])
def test_what_is_no_json_counts_byte_by_byte(body):
    assert digest(body) == digest(bytes(body))
    assert digest(body) != digest(body + b" ")


def test_what_was_stored_is_found_as_it_was(workspace):
    store(keyed(workspace))

    with pytest.raises(AlreadyAnswered):
        keyed(workspace)

    row = IdempotencyRecord.objects.of(workspace.id).get()
    assert (row.status, bytes(row.body), row.headers) == (GIVEN.status, GIVEN.body, GIVEN.headers)
    assert row.expires_at - row.created_at == timedelta(hours=24)


def test_C2_the_same_key_for_another_request_is_refused(workspace):
    store(keyed(workspace))

    with pytest.raises(IdempotencyKeyReused):
        keyed(workspace, body=b"{}")


def test_C5_I7_workspace_mode_and_principal_have_keys_of_their_own(workspace, stranger_workspace):
    store(keyed(workspace))

    store(keyed(stranger_workspace))
    store(keyed(workspace, mode="test"))
    store(keyed(workspace, principal="hook:wh_1"))
    store(keyed(workspace, principal="hook:wh_2"))
    store(keyed(workspace, key="K"))

    assert IdempotencyRecord.objects.across_workspaces().count() == 6


def test_storing_is_one_statement(workspace, django_assert_num_queries):
    once = keyed(workspace)

    with django_assert_num_queries(1):
        store(once)


def test_a_twin_that_stored_meanwhile_is_not_overwritten(workspace):
    late = keyed(workspace)
    store(keyed(workspace))

    with pytest.raises(AlreadyAnswered), transaction.atomic():
        late.store(status=200, body=b"other", headers={})

    assert late.find_answer() == GIVEN


@pytest.mark.parametrize(("age_s", "is_there"), [(86_399, True), (86_401, False)])
def test_C8_a_record_counts_for_24_hours_purged_or_not(workspace, clock, age_s, is_there):
    store(keyed(workspace, clock=clock))
    clock.advance(age_s)

    if is_there:
        with pytest.raises(AlreadyAnswered):
            keyed(workspace, clock=clock)
    else:
        late = keyed(workspace, clock=clock, body=b"{}")  # another request may have the key now
        late.store(status=201, body=b"new", headers={})
        assert late.find_answer() == Answer(201, b"new", {})
        assert IdempotencyRecord.objects.of(workspace.id).count() == 1


def test_a_claim_is_completed_in_place(workspace):
    once = keyed(workspace)

    with transaction.atomic():
        once.claim()
        once.complete(GIVEN)

    assert once.find_answer() == GIVEN


def test_only_what_is_past_its_time_is_purged(workspace, clock):
    store(keyed(workspace, key="old", clock=clock))
    clock.advance(3_600)
    store(keyed(workspace, key="new", clock=clock))
    clock.advance(23 * 3_600)

    assert purge_idempotency(clock=clock) == 1
    assert IdempotencyRecord.objects.of(workspace.id).get().key == "new"


def test_purging_stops_when_told_to(workspace, clock):
    store(keyed(workspace, clock=clock))
    clock.advance(86_400)

    assert purge_idempotency(clock=clock, should_stop=lambda: True) == 0


@pytest.mark.django_db(transaction=True)
def test_X55_a_key_taken_anew_while_it_is_purged_is_kept(workspace, clock):
    store(keyed(workspace, clock=clock))
    clock.advance(86_400)
    faults.arm("idempotency.purge=sleep:0.5")
    purged = []

    def purge():
        purged.append(purge_idempotency(clock=clock))
        connections.close_all()

    thread = threading.Thread(target=purge)
    thread.start()
    again = keyed(workspace, clock=clock)
    store(again)
    thread.join()

    assert purged == [0]
    assert again.find_answer() == GIVEN


@pytest.mark.django_db(transaction=True)
def test_C1_the_wait_for_a_twin_is_bounded_and_no_other_wait_is(workspace):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has its writers queue at BEGIN")
    first, second = keyed(workspace), keyed(workspace)
    holds, may_end = threading.Event(), threading.Event()
    timeouts = []

    def hold():
        with transaction.atomic():
            store(first)
            with connection.cursor() as cursor:
                cursor.execute("SHOW lock_timeout")
                timeouts.append(cursor.fetchone()[0])
            holds.set()
            may_end.wait(10)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    holds.wait(10)
    with pytest.raises(IdempotencyInProgress) as caught, transaction.atomic():
        store(second)
    may_end.set()
    thread.join()

    assert caught.value.retry_after_s == 1
    assert timeouts == ["0"]
    assert second.find_answer() == GIVEN
