"""A node that takes down every worker that takes it, and who else was in the house."""

from tests.durability.processes import wait_until
from tests.durability.test_worker_stops import look, start_run, workers_of


def test_x27_a_node_that_kills_every_worker_fails_after_three_tries_and_no_other_does(
    make_platform, tmp_path
) -> None:
    platform, log = make_platform(LEASE_S="1", SWEEP_S="0.2"), tmp_path / "log"
    doomed = start_run(platform, "bad.bomb", log, 0.3)
    beside = start_run(platform, "bad.deaf", tmp_path / "beside", 1.5)

    deaths = 0
    while platform.status_of(doomed) != "FAILED" or platform.status_of(beside) != "COMPLETED":
        worker = platform.start_worker("--threads", "2")  # as a supervisor would, again and again
        wait_until(
            lambda: (
                worker.poll() is not None  # noqa: B023 - asked within this round
                or (platform.status_of(doomed), platform.status_of(beside))
                == ("FAILED", "COMPLETED")
            ),
            timeout_s=20,
        )
        deaths += worker.poll() is not None

    assert deaths == 3
    assert len(workers_of(log)) == 3
    assert len(workers_of(tmp_path / "beside")) >= 2  # it was in the house when it came down
    found = look(platform, doomed)
    assert found["error"]["code"] == "resource_limit"
    assert found["finals"] == 1
