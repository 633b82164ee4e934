"""The parts of a worker process, each by itself."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from common.clock import SYSTEM_CLOCK, utc_now
from executor.engine.step import TaskSpec
from executor.models import Task
from executor.runtime.heartbeat import ThreadHeartbeat, database_params
from executor.runtime.heartbeat_child import Heart, is_stopped
from executor.runtime.lease_table import SLOTS, LeaseTable
from executor.runtime.room import Room
from executor.runtime.running import Cancellation, RunningTasks, WatchedFile
from executor.runtime.worker import WorkerProcess
from executor.services.claims import Claim, claim_next
from tests.executor.runs import accept, publish
from tests.graphs import chain
from workflows.catalogue.errors import NodeCancelled, NodeFailed


@pytest.fixture
def table():
    """An empty table."""
    made = LeaseTable()
    made.give_sign()
    yield made
    made.close()


class Ledger:
    """A database that remembers what was asked of it."""

    def __init__(self) -> None:
        self.renewed: list[list[str]] = []

    def renew(self, task_ids) -> None:
        self.renewed.append(list(task_ids))

    def hand_back(self, task_ids) -> None:
        raise AssertionError("nobody asked for this")


def heart_of(table: LeaseTable, silence_s: float = 60) -> tuple[Heart, Ledger]:
    """A heart over a table that this test is the parent of."""
    heart = Heart({"table": os.dup(table.descriptor), "silence_s": silence_s})
    heart._parent = os.getpid()
    heart._leases = ledger = Ledger()
    return heart, ledger


def test_the_child_sees_the_tasks_that_are_under_way(table) -> None:
    for task in ("task_a", "task_b", "task_c"):
        table.enter(task)
    table.enter("task_a")
    table.strike("task_b")
    table.strike("task_unknown")
    heart, ledger = heart_of(table)

    heart._beat()

    assert ledger.renewed == [["task_a", "task_c"]]
    assert table.unrenewed_s() < 1


def test_a_full_table_says_so_and_takes_tasks_again_when_there_is_room(table) -> None:
    for number in range(SLOTS + 1):
        table.enter(f"task_{number}")

    assert table.is_full()
    table.strike(f"task_{SLOTS}")  # found no place
    table.strike("task_7")
    table.enter("task_new")
    assert len(table.tasks()) == SLOTS
    assert "task_new" in table.tasks()


def test_x4_a_parent_without_a_sign_of_life_is_not_renewed(table) -> None:
    table.enter("task_a")
    heart, ledger = heart_of(table, silence_s=0.05)
    time.sleep(0.1)

    heart._beat()
    table.give_sign()
    heart._beat()

    assert ledger.renewed == [["task_a"]]


def test_x4_a_stopped_process_is_told_from_a_running_one() -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert not is_stopped(sleeper.pid)
        sleeper.send_signal(19)
        time.sleep(0.1)

        assert is_stopped(sleeper.pid)
    finally:
        sleeper.kill()
        sleeper.wait()


def test_the_child_is_told_what_the_driver_needs_and_nothing_of_djangos() -> None:
    params = database_params(
        {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "db",
            "USER": "me",
            "PASSWORD": "secret",
            "HOST": "",
            "PORT": 5432,
            "OPTIONS": {"sslmode": "require", "pool": True, "isolation_level": 1},
        }
    )

    assert params == {
        "kind": "postgresql",
        "params": {
            "dbname": "db",
            "user": "me",
            "password": "secret",
            "port": "5432",
            "sslmode": "require",
        },
    }


def test_x4_a_process_that_was_frozen_does_not_take_over_its_own_task(workspace) -> None:
    accept(workspace, publish(workspace, chain(1)), {"text": "x"})
    worker = WorkerProcess()
    found = claim_next(queue="runs", owner=worker.performer.owner)
    assert found is not None
    worker.performer.running.add(found[0], found[1].id)
    Task.objects.update(lease_until=utc_now() - timedelta(hours=1))
    assert isinstance(worker.heart, ThreadHeartbeat)
    worker.heart._beat_at -= 3_600

    worker.sweep()

    task = Task.objects.get()
    assert (task.state, task.fence, task.attempts) == ("running", 1, 1)
    assert task.lease_until is not None
    assert task.lease_until > utc_now()


def test_a_process_that_beats_in_time_does_not_beat_again_for_a_sweep(
    workspace, django_assert_num_queries
) -> None:
    heart = ThreadHeartbeat("me", RunningTasks(), SYSTEM_CLOCK)

    with django_assert_num_queries(0):
        heart.catch_up()


def test_a_node_that_looks_fails_when_its_time_is_up(plan_node) -> None:
    cancellation = Cancellation()
    cancellation.enter(plan_node, 0.01)
    cancellation.check()
    time.sleep(0.02)

    with pytest.raises(NodeFailed, match=r"longer than 0\.01 seconds") as caught:
        cancellation.check()
    assert (caught.value.code, caught.value.retryable) == ("timed_out", True)
    cancellation.leave()
    cancellation.check()


def test_a_node_without_a_limit_is_never_overdue(plan_node) -> None:
    cancellation = Cancellation()

    cancellation.enter(plan_node, None)

    cancellation.check()
    assert cancellation.overdue() is None


@pytest.fixture
def plan_node():
    """A node of a plan."""
    from tests.executor.engine_nodes import make_plan
    from tests.graphs import graph

    document = graph(
        {"i": ("input.number", {"name": "n"}), "a": "t.add", "o": ("output", {"name": "out"})},
        ["i.value -> a.number", "a.number -> o.value"],
    )
    return make_plan(document).node("a")


def test_x27_who_wants_the_room_alone_waits_for_others_and_goes_before_later_ones() -> None:
    room, told = Room(), []
    first_may_go, alone_may_go = threading.Event(), threading.Event()

    def stay(name: str, *, alone: bool, until: threading.Event) -> None:
        with room.entered(alone=alone):
            told.append(name)
            until.wait(5)
            told.append(f"{name} out")

    def begin(name: str, **options) -> threading.Thread:
        thread = threading.Thread(target=stay, args=(name,), kwargs=options)
        thread.start()
        time.sleep(0.05)
        return thread

    done = threading.Event()
    done.set()
    threads = [
        begin("first", alone=False, until=first_may_go),
        begin("beside", alone=False, until=done),
        begin("suspect", alone=True, until=alone_may_go),
        begin("later", alone=False, until=done),
    ]
    first_may_go.set()
    time.sleep(0.05)
    alone_may_go.set()
    for thread in threads:
        thread.join(5)

    assert told == [
        "first", "beside", "beside out", "first out",
        "suspect", "suspect out", "later", "later out",
    ]  # fmt: skip


def test_a_worker_has_the_roles_that_it_is_given() -> None:
    assert WorkerProcess(queues=["runs", "upkeep"]).task_queues == ("runs",)
    assert WorkerProcess(queues=["upkeep"]).task_queues == ()


def test_a_download_of_a_cancelled_run_stops_at_the_next_piece(tmp_path) -> None:
    cancellation = Cancellation()
    with WatchedFile(tmp_path / "file", cancellation) as sink:
        sink.write(b"first")
        cancellation.set()

        with pytest.raises(NodeCancelled):
            sink.write(b"second")

    assert (tmp_path / "file").read_bytes() == b"first"


def test_a_thread_that_lost_its_task_does_not_strike_out_the_next_claim_of_it(table) -> None:
    late = Claim("task_a", "exec_a", 1, "me", TaskSpec(0), 1, "runs", utc_now())
    again = replace(late, fence=2)
    tasks = RunningTasks()
    tasks.book = table
    tasks.add(late, late.execution_id)
    tasks.add(again, again.execution_id)

    tasks.remove(late)

    assert tasks.tasks() == table.tasks() == [again.task_id]
    tasks.remove(again)
    assert tasks.tasks() == table.tasks() == []
