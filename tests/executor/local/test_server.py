"""The contract of the model server, with jobs that are pretended."""

import dataclasses

import pytest

from executor.local.jobs import KEEP_S, PATIENCE_S, Jobs
from executor.local.orders import read_order
from executor.local.types import JobState, OutOfMemory, WrongOrder
from tests.executor.local.benches import PretendedRunner, order_of, pretended


@pytest.fixture
def runner():
    return PretendedRunner()


@pytest.fixture
def bench(runner):
    with pretended(runner) as bench:
        yield bench
        runner.go.set()


def test_a_job_is_queued_run_and_gives_its_files(bench, runner):
    taken = bench.order().json()
    runner.go.set()

    job = bench.finished("job-1")

    assert taken["state"] in ("queued", "running")
    assert job["state"] == "done"
    assert (job["progress"], job["seed"], job["usage"]) == (1.0, 7, {"gpu_seconds": 0.25})
    assert job["files"] == [{"kind": "image", "contentType": "image/png", "bytes": 1}]
    file = bench.ask("GET", "/jobs/job-1/files/0")
    assert (file.content, file.headers["Content-Type"]) == (b"x", "image/png")


def test_the_same_reference_twice_is_one_job(bench, runner):
    bench.order()
    again = bench.order()
    runner.go.set()
    bench.finished("job-1")

    assert bench.order().json()["state"] == "done"
    assert again.status_code == 200
    assert runner.done == ["job-1"]


def test_a_reference_cannot_be_used_for_something_else(bench):
    bench.order()

    answer = bench.order(inputs={"prompt": "a dog"})

    assert answer.status_code == 409


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_before_its_next_step(bench, runner):
    bench.order()
    bench.until("job-1", "running")
    bench.order(reference="job-2")

    waiting = bench.ask("DELETE", "/jobs/job-2").json()
    bench.ask("DELETE", "/jobs/job-1")

    assert waiting["state"] == "cancelled"
    assert bench.finished("job-1")["state"] == "cancelled"
    assert runner.done == []


def test_a_job_that_is_over_stays_as_it_is(bench, runner):
    runner.go.set()
    bench.order()
    bench.finished("job-1")

    assert bench.ask("DELETE", "/jobs/job-1").json()["state"] == "done"


def test_an_error_of_ours_is_told_and_another_one_is_not(bench, runner):
    runner.go.set()
    runner.error = OutOfMemory()
    bench.order()
    told = bench.finished("job-1")["error"]
    runner.error = RuntimeError("secret of a library")
    bench.order(reference="job-2")

    broken = bench.finished("job-2")

    assert told["code"] == "resource_limit"
    assert (broken["state"], broken["error"]["code"]) == ("failed", "provider_error")
    assert "secret" not in broken["error"]["message"]


def test_a_model_whose_weights_are_not_here_is_refused_at_once(bench):
    answer = bench.order(model="somebody/else")

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "provider_unavailable"
    assert "somebody/else" in answer.json()["error"]["message"]


def test_what_is_not_known_is_not_found(bench):
    assert bench.ask("GET", "/jobs/job-9").status_code == 404
    assert bench.ask("DELETE", "/jobs/job-9").status_code == 404
    assert bench.ask("GET", "/jobs/job-9/files/0").status_code == 404


@pytest.mark.parametrize("number", ["1", "x", "-1", "9" * 30])
def test_a_file_that_there_is_not_is_not_found(bench, runner, number):
    runner.go.set()
    bench.order()
    bench.finished("job-1")

    assert bench.ask("GET", f"/jobs/job-1/files/{number}").status_code == 404


def test_models_and_health_are_told(bench):
    health = bench.ask("GET", "/health").json()

    assert bench.ask("GET", "/models").json() == {"models": ["tiny/sd"]}
    assert health["device"]["name"] == "cpu"
    assert health["waiting"] == 0


def test_with_a_key_nobody_is_answered_without_it(runner):
    with pretended(runner, key="k" * 20) as bench:
        asked = [
            bench.ask("GET", "/health", headers=headers).status_code
            for headers in (
                {},
                {"Authorization": "Bearer x"},
                {"Authorization": f"Bearer {'k' * 20}"},
            )
        ]

    assert asked == [401, 401, 200]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"[" * 100_000, b"\xff"])
def test_what_is_no_order_is_refused(bench, body):
    answer = bench.ask("POST", "/jobs", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_value"


@pytest.mark.parametrize(
    "parts",
    [
        {"reference": "../x"},
        {"reference": ""},
        {"model": "/etc/passwd"},
        {"model": "../../etc"},
        {"model": 5},
        {"pipeline": "os.system"},
        {"pipeline": None},
        {"kind": "text"},
        {"inputs": []},
        {"inputs": {"prompt": {"a": 1}}},
        {"inputs": {"__class__": 1}},
        {"files": {"image": []}},
        {"files": {"image": [{"contentType": "image/png", "data": "!"}]}},
        {"files": {"image": ["x"]}},
        {"seed": -1},
        {"seed": True},
        {"outputFormat": "exe"},
        {"duration": 1e9},
        {"fps": 0},
        {"load": {"base": "../x"}},
        {"load": {"parts": [{"model": "/etc"}]}},
        {"load": {"parts": 5}},
        {"load": {"unknown": 5}},
        {"load": {"parts": ["x"]}},
        {"unknown": 1},
    ],
    ids=repr,
)
def test_a_part_of_an_order_that_is_not_as_it_should_be_is_refused(parts):
    with pytest.raises(WrongOrder):
        read_order(order_of(**parts))


def test_a_resident_model_goes_first_until_another_has_waited_too_long(runner):
    now = 0.0
    jobs = Jobs(runner, clock=lambda: now)
    runner.resident = "tiny/resident"
    old, ready = (
        jobs.submit(read_order(order_of(reference=name, model=model)))
        for name, model in (("old", "tiny/sd"), ("ready", "tiny/resident"))
    )

    first = jobs._choose()
    now = PATIENCE_S + 1
    later = jobs._choose()
    jobs.close()

    assert (first, later) == (ready, old)


def test_jobs_that_are_over_are_forgotten_after_a_while(runner):
    now = 0.0
    jobs = Jobs(runner, clock=lambda: now)
    old = jobs.submit(read_order(order_of(reference="old")))
    jobs.cancel(old)
    now = KEEP_S + 1
    jobs.submit(read_order(order_of(reference="new")))

    found = [jobs.find("old"), jobs.find("new")]
    jobs.close()

    assert found[0] is None
    assert found[1] is not None
    assert found[1].state is JobState.QUEUED


def test_an_order_is_equal_to_itself_read_again():
    assert read_order(order_of()) == read_order(order_of())
    assert dataclasses.replace(read_order(order_of()), seed=5) != read_order(order_of())
