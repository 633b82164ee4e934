"""What we stand on is out: callers are answered at once, with 503 where it cannot be helped."""

import socket
import sqlite3
import threading
import time
from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError, connection, transaction

from common import faults
from common.clock import utc_now
from common.errors import Unavailable
from common.http.outage import unavailable_of
from executor import dispatch
from executor.models import Execution, Task
from executor.runtime.perform import Performer
from executor.services.claims import claim_next
from tests.chaos.proxy import Proxy
from tests.executor.runs import accept, answer_of, perform_all, publish
from tests.graphs import chain
from workflows.selectors import get_catalogue

NEWER = "tests.chaos.nodes"


@pytest.fixture
def newer(settings) -> Iterator[None]:
    """A release that has node types which an older one lacks."""
    _release(settings, [NEWER])
    yield
    _release(settings, [])


def _release(settings, extra: list[str]) -> None:
    settings.EXTRA_NODES = extra
    get_catalogue.cache_clear()


def test_x6_an_older_worker_leaves_what_it_does_not_know_to_newer_ones(
    workspace, settings, newer
) -> None:
    run = accept(workspace, publish(workspace, chain(1, type_="chaos.slow")), {"text": "x"})
    _release(settings, [])

    assert not Performer("older").perform_next("runs")

    task = Task.objects.get(execution_id=run.execution_id)
    assert (task.state, task.attempts, task.lease_until) == ("ready", 0, None)
    assert claim_next(queue="runs", owner="older") is None, "it lets it be for a while"
    _release(settings, [NEWER])
    Task.objects.update(wake_at=utc_now())
    perform_all()
    assert answer_of(workspace, run.execution_id)["status"] == "COMPLETED"


@pytest.fixture
def deaf_redis(settings, monkeypatch) -> Iterator[Proxy]:
    """A Redis that takes connections and never says anything."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with Proxy(listener.getsockname()[1]) as proxy:
            proxy.is_hole = True
            settings.REDIS_URL = f"redis://127.0.0.1:{proxy.port}/0"
            dispatch.get_bell.cache_clear()
            monkeypatch.setattr(dispatch, "_silence", dispatch._Silence())
            yield proxy
            dispatch.get_bell.cache_clear()


def test_x12_a_hung_redis_costs_who_rings_fifty_milliseconds_once(deaf_redis) -> None:
    began = time.monotonic()
    dispatch.ring("task", "runs")
    first_s = time.monotonic() - began
    for _ in range(100):
        dispatch.ring("task", "runs")
    rest_s = time.monotonic() - began - first_s

    assert 0.04 < first_s < 0.3
    assert rest_s < 0.1


def test_x12_workers_hear_that_redis_is_out(deaf_redis) -> None:
    assert dispatch.is_silent()


def test_x14_a_run_is_accepted_though_nobody_can_be_told(api, workspace) -> None:
    workflow = publish(workspace, chain(1))
    faults.arm("enqueue.before=raise@*")
    try:
        answer = api.post(f"/workflows/{workflow}/execute", {"inputs": {"text": "x"}})
    finally:
        faults.arm("")

    assert answer.status_code == 202
    perform_all()
    assert answer_of(workspace, answer.json()["executionId"])["status"] == "COMPLETED"


def test_x21_there_is_no_replica_to_read_stale_rows_from() -> None:
    assert list(django_settings.DATABASES) == ["default"]
    assert django_settings.DATABASE_ROUTERS == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite has one writer at a time")
def test_x22_a_database_that_another_holds_is_a_503_that_says_when_to_come_back(
    api, workspace
) -> None:
    workflow = publish(workspace, chain(1))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 200")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    refused = api.post(f"/workflows/{workflow}/execute", {"inputs": {"text": "x"}})
    polled = api.get("/workflows/executions")
    other.execute("ROLLBACK")
    other.close()
    accepted = api.post(f"/workflows/{workflow}/execute", {"inputs": {"text": "x"}})

    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert int(refused.headers["Retry-After"]) >= 1
    assert polled.status_code in (200, 503)
    assert accepted.status_code == 202
    assert Execution.objects.of(workspace.id).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite has one writer at a time")
def test_x22_writers_of_one_process_do_not_wait_for_each_other_for_ever(workspace) -> None:
    connection.settings_dict["OPTIONS"]["timeout"] = 0.3
    failed: list[Exception] = []

    def write() -> None:
        try:
            with transaction.atomic():
                pass
        except OperationalError as error:
            failed.append(error)
        connection.close()

    try:
        with transaction.atomic():
            thread = threading.Thread(target=write)
            thread.start()
            thread.join(timeout=5)
    finally:
        connection.settings_dict["OPTIONS"]["timeout"] = 20

    assert [str(error) for error in failed] == ["database is locked by this process"]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has classes of its own")
def test_i16_a_statement_that_no_database_would_take_is_a_fault_of_ours() -> None:
    with pytest.raises(OperationalError) as caught, connection.cursor() as cursor:
        cursor.execute("SELECT nonsense FROM nowhere")

    assert unavailable_of(caught.value) is None


@pytest.mark.parametrize("code", [24, 28, 30])
def test_x24_x25_x26_no_room_no_descriptors_no_right_to_write_are_503(code: int) -> None:
    found = unavailable_of(OSError(code, "no"))

    assert isinstance(found, Unavailable)
    assert found.retry_after_s >= 1


def test_i16_other_faults_stay_what_they_are() -> None:
    assert unavailable_of(ValueError("no")) is None
    assert unavailable_of(PermissionError(13, "no")) is None
