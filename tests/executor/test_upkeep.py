"""Regular jobs: each occurrence once, whoever asks, whatever the clock does."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connections

from common.clock import FixedClock, utc_now
from executor.models import Occurrence
from executor.runtime.upkeep import Upkeep
from executor.services.upkeep import KEPT, Job, all_jobs

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR_S = 3_600


class Counted:
    """A job that counts how often it was done."""

    def __init__(self, every: timedelta = timedelta(hours=1)) -> None:
        self.times: list[datetime] = []
        self.job = Job("counted", every, self._work)

    def _work(self, clock, _should_stop):
        self.times.append(clock.now())
        return {"done": 1}

    def process(self, clock: FixedClock, owner: str = "one") -> Upkeep:
        """What a process has of it."""
        return Upkeep(owner, jobs=[self.job], clock=clock)


@pytest.mark.django_db(transaction=True)
def test_x53_of_many_schedulers_one_does_each_occurrence() -> None:
    counted, clock = Counted(), FixedClock(NOON)
    gate = threading.Barrier(8)

    def look(number: int) -> None:
        upkeep = counted.process(clock, f"process {number}")
        for _ in range(5):
            gate.wait(timeout=30)
            upkeep.look()
            if gate.wait(timeout=30) == 0:
                clock.advance(HOUR_S)
        connections.close_all()

    threads = [threading.Thread(target=look, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(counted.times) == 5
    rows = Occurrence.objects.filter(schedule="counted")
    assert rows.count() == 5
    assert rows.filter(finished_at=None).count() == 0


@pytest.mark.django_db
def test_x53_hours_in_which_nobody_ran_are_caught_up_once() -> None:
    counted, clock = Counted(), FixedClock(NOON)
    counted.process(clock).look()

    clock.advance(5 * HOUR_S + 60)
    done = [counted.process(clock, owner).look() for owner in ("one", "two")]

    assert done == [["counted"], []]
    assert len(counted.times) == 2


@pytest.mark.django_db
def test_x53_a_clock_that_goes_back_does_nothing_again() -> None:
    counted, clock = Counted(), FixedClock(NOON)
    for _ in range(3):
        counted.process(clock).look()
        clock.advance(HOUR_S)

    clock.advance(-2 * HOUR_S)
    done = counted.process(clock, "two").look()

    assert done == []
    assert len(counted.times) == 3


@pytest.mark.django_db
def test_a_job_that_fails_keeps_no_other_waiting_and_comes_again_when_due() -> None:
    counted, clock = Counted(), FixedClock(NOON)

    def fail(_clock, _should_stop):
        raise OSError("no storage")

    broken = Job("broken", timedelta(hours=1), fail)
    upkeep = Upkeep("one", jobs=[broken, counted.job], clock=clock)

    assert len(upkeep.look()) == 2
    assert upkeep.look() == []
    clock.advance(HOUR_S)
    assert len(upkeep.look()) == 2
    assert len(counted.times) == 2


@pytest.mark.django_db
def test_a_process_that_stops_begins_no_job() -> None:
    counted, clock = Counted(), FixedClock(NOON)

    assert counted.process(clock).look(lambda: True) == []
    assert not Occurrence.objects.exists()


@pytest.mark.django_db
def test_occurrences_are_forgotten_when_none_can_come_again() -> None:
    clock = FixedClock(utc_now())
    Upkeep("one", clock=clock).look()
    assert Occurrence.objects.count() == len(all_jobs())

    clock.advance((KEPT + timedelta(days=1)).total_seconds())
    Upkeep("one", clock=clock).look()

    assert Occurrence.objects.count() == len(all_jobs())
    assert all(job.every < KEPT for job in all_jobs())


@pytest.mark.django_db
def test_the_command_does_every_job_by_hand(capsys) -> None:
    call_command("purge")

    shown = {line.split()[1]: line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert {"overdue", "runs", "files", "objects", "orphans"} <= set(shown)
    assert set(shown.values()) == {"0"}
    assert not Occurrence.objects.exists()
