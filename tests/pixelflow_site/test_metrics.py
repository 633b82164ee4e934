"""`/metrics`: what it says, and to whom."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from common import metrics
from executor.runtime import exposition
from tests.executor.runs import accept, perform_all, publish
from tests.graphs import chain

ROOT = Path(__file__).resolve().parent.parent.parent
LOCAL: dict[str, Any] = {"headers": {"host": "127.0.0.1"}, "REMOTE_ADDR": "127.0.0.1"}


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch) -> None:
    """What was read for one test is not shown to the next."""
    monkeypatch.setattr(exposition, "_gauges", exposition.LoadGauges())


def read(name: str, **labels: str) -> float:
    """The value of a sample, 0 when there is none."""
    answer = Client().get("/metrics", **LOCAL)
    assert answer.status_code == 200
    shown = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    start = f"{name}{{{shown}}} " if shown else f"{name} "
    lines = [line for line in answer.content.decode().splitlines() if line.startswith(start)]
    return float(lines[0].removeprefix(start)) if lines else 0.0


@pytest.mark.django_db(transaction=True)
def test_a_run_is_counted_from_its_acceptance_to_its_end(workspace) -> None:
    names = {
        "accepted": ("pixelflow_runs_accepted_total", {"trigger": "api"}),
        "ended": ("pixelflow_runs_total", {"status": "COMPLETED"}),
        "timed": ("pixelflow_run_seconds_count", {"status": "COMPLETED"}),
        "nodes": ("pixelflow_nodes_total", {"cost": "inline", "status": "COMPLETED"}),
        "claims": ("pixelflow_claims_total", {"queue": "runs"}),
        "delays": ("pixelflow_queue_delay_seconds_count", {"queue": "runs"}),
    }
    before = {key: read(name, **labels) for key, (name, labels) in names.items()}

    accept(workspace, publish(workspace, chain(3)), {"text": "x"})
    perform_all()

    after = {key: read(name, **labels) for key, (name, labels) in names.items()}
    grown = {key: after[key] - before[key] for key in names}
    assert grown == {"accepted": 1, "ended": 1, "timed": 1, "nodes": 3, "claims": 1, "delays": 1}


def test_waiting_tasks_are_shown_by_queue_and_state(workspace) -> None:
    workflow = publish(workspace, chain(1))

    accept(workspace, workflow, {"text": "x"})

    assert read("pixelflow_database_up") == 1
    assert read("pixelflow_tasks", queue="runs", state="ready") == 1
    assert read("pixelflow_tasks", queue="gpu", state="ready") == 0
    assert read("pixelflow_oldest_ready_seconds", queue="runs") >= 0


def test_the_database_is_asked_once_for_many_readers(
    workspace, django_assert_max_num_queries
) -> None:
    read("pixelflow_database_up")

    with django_assert_max_num_queries(0):
        read("pixelflow_database_up")


@pytest.mark.parametrize(
    "asked",
    [
        {"headers": {"host": "127.0.0.1"}, "REMOTE_ADDR": "10.0.0.7"},
        {"headers": {"host": "localhost"}, "REMOTE_ADDR": ""},
        {
            "headers": {"host": "127.0.0.1", "x-forwarded-for": "1.2.3.4"},
            "REMOTE_ADDR": "127.0.0.1",
        },
        {"headers": {"host": "127.0.0.1", "forwarded": "for=1.2.3.4"}, "REMOTE_ADDR": "127.0.0.1"},
        {"headers": {"host": "127.0.0.1", "x-real-ip": "127.0.0.1"}, "REMOTE_ADDR": "127.0.0.1"},
        {"headers": {"host": "testserver"}, "REMOTE_ADDR": "127.0.0.1"},
    ],
)
def test_without_a_token_only_this_machine_is_answered(db, asked) -> None:
    assert Client().get("/metrics", **asked).status_code == 404


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "localhost", "[::1]:8000"])
def test_this_machine_is_answered_under_its_own_names(db, host) -> None:
    answer = Client().get("/metrics", headers={"host": host}, REMOTE_ADDR="::1")

    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")


def test_with_a_token_only_who_sends_it_is_answered(db, settings) -> None:
    settings.METRICS_TOKEN = "t" * 20

    assert Client().get("/metrics", **LOCAL).status_code == 404
    for said in ("Bearer wrong", "t" * 20, "Basic " + "t" * 20, "Bearer täuschung"):
        asked: dict[str, Any] = {"REMOTE_ADDR": "10.0.0.7", "headers": {"authorization": said}}
        assert Client().get("/metrics", **asked).status_code == 404
    asked = {"REMOTE_ADDR": "10.0.0.7", "headers": {"authorization": "Bearer " + "t" * 20}}
    assert Client().get("/metrics", **asked).status_code == 200


def test_counting_is_quick() -> None:
    import timeit

    seconds = timeit.timeit(lambda: metrics.node_ended("inline", "COMPLETED", 0.01), number=10_000)

    assert seconds / 10_000 < 0.000_1  # a few microseconds on a quiet machine


PROCESS = """
import os, sys
os.environ["METRICS_DIR"] = sys.argv[1]
import django; django.setup()
from common import metrics
metrics.doorbell_failed()
metrics.streams_opened(1)
if sys.argv[2] == "show":
    sys.stdout.buffer.write(metrics.render([], sys.argv[1]))
"""


def test_processes_that_share_a_folder_are_shown_as_one(tmp_path) -> None:
    def start(what: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", PROCESS, str(tmp_path), what],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    start("count")
    start("count")

    shown = start("show")

    assert "pixelflow_doorbell_failures_total 3.0" in shown
    assert "pixelflow_open_streams 1.0" in shown  # the others are gone
