"""How many jobs are open at a provider, pauses in a storm, and what an account is shown to."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from accounts.api import SYSTEM_ACTOR, override_limits
from common.clock import FixedClock, utc_now
from executor.models import Attempt, ProviderBlock, ProviderSetting, Task
from executor.providers.account import ProviderAccount
from executor.providers.circuits import STORM_AFTER, Circuits
from executor.runtime.errand import Errand
from executor.selectors.provider_terms import forget_terms, get_terms
from executor.services.provider_blocks import block_account, unblock_account
from tests.factories import AMPLE_LIMITS
from tests.provider.course import Course, asking


@pytest.fixture
def course(workspace, provider) -> Course:
    return Course(workspace)


@pytest.fixture
def account() -> ProviderAccount:
    return ProviderAccount("thing", "https://thing.example")


def set_limits(provider: str, **limits: int) -> None:
    ProviderSetting.objects.create(provider=provider, **limits)
    forget_terms()


def many(style: str, prompts: int) -> tuple[dict[str, Any], list[str]]:
    """A graph that asks for each of several texts, a job each; and the texts."""
    document = asking(style)
    document["nodes"][0] |= {"type": "input.list", "params": {"name": "prompt", "items": "text"}}
    return document, [str(number) for number in range(prompts)]


@pytest.mark.parametrize("limit", ["max_jobs", "max_jobs_per_account"])
def test_no_more_jobs_are_open_than_staff_allow_and_the_others_wait_unheld(
    course, provider, limit
) -> None:
    set_limits("test_c", **{limit: 2})
    provider.plan("c.submit", *["drop"] * 2)  # two whose outcome stays open
    document, prompts = many("c", 4)
    course.begin(document, prompt=prompts)

    course.work()

    tasks = Task.objects.filter(queue="remote", state="ready")
    assert Attempt.objects.count() == 2
    assert [task.lease_until for task in tasks] == [None, None]
    assert {task.attempts for task in tasks} == {0}, "waiting is no try"


def test_a_node_that_waits_for_room_is_queued(course, provider) -> None:
    set_limits("test_b", max_jobs=0)
    run = course.begin(asking("b"))

    course.work()

    node = next(node for node in course.answer(run)["nodes"] if node["nodeId"] == "ask")
    assert node["status"] == "QUEUED"


def test_whoever_waits_for_room_is_called_when_a_job_ends(course, provider) -> None:
    set_limits("test_b", max_jobs=1)
    provider.plan("b.poll", "status:429:6")  # longer than a task is held for
    document, prompts = many("b", 3)
    run = course.begin(document, prompt=prompts)
    course.work()
    paid = provider.paid
    course.line._waiting["test_b"] = {"task_gone": None, **course.line._waiting["test_b"]}

    course.advance(7)  # the first is due, the others would wake by themselves in ten at least
    course.work()

    assert paid == [1]
    assert course.answer(run)["status"] == "COMPLETED"
    assert provider.paid == [1, 1, 1]


def test_other_providers_have_room(course, provider) -> None:
    set_limits("test_c", max_jobs=0)
    waiting, other = course.begin(asking("c")), course.begin(asking("b"))

    course.work()

    assert course.answer(other)["status"] == "COMPLETED"
    assert course.answer(waiting)["status"] != "COMPLETED"


def test_x32_a_provider_in_a_storm_is_given_pauses_and_others_are_not_held_up(
    course, provider
) -> None:
    provider.plan("d.submit", *["status:503"] * 200)
    limits = {**AMPLE_LIMITS, "runningAtOnce": 50}
    override_limits(actor=SYSTEM_ACTOR, workspace_id=course.workspace.id, limits=limits)
    runs = [course.begin(asking("d")) for _ in range(12)]
    other = course.begin(asking("b"))

    course.work()

    refused = provider.count()["requests"]["d.submit"]
    waiting = Task.objects.filter(queue="remote", state="ready")
    assert course.answer(other)["status"] == "COMPLETED"
    assert STORM_AFTER <= refused < 2 * STORM_AFTER, "of 36 that they would make without pauses"
    assert len(waiting) >= len(runs) / 2
    assert all(task.lease_until is None for task in waiting)


def test_x32_a_storm_ends_with_the_first_answer(account) -> None:
    clock = FixedClock(utc_now())
    circuits = Circuits(clock)

    for _ in range(STORM_AFTER - 1):
        circuits.failed(account)
    calm = circuits.avoided().rests_until(account)
    circuits.failed(account)
    first = circuits.avoided().rests_until(account)
    clock.advance(10)
    over = circuits.avoided().rests_until(account)
    circuits.failed(account)
    second = circuits.avoided().rests_until(account)
    circuits.worked(account)

    assert calm is None
    assert first is not None
    assert over is None, "somebody may try"
    assert second is not None
    assert second - clock.now() > first - (clock.now() - timedelta(seconds=10))
    assert circuits.avoided().rests_until(account) is None


def test_x32_a_server_that_somebody_hosts_is_not_everybodys(account) -> None:
    circuits = Circuits(FixedClock(utc_now()))
    mine = ProviderAccount("comfyui", "https://mine.example", id="pkey_1")
    theirs = ProviderAccount("comfyui", "https://theirs.example", id="pkey_2")

    for _ in range(STORM_AFTER):
        circuits.failed(mine)

    assert circuits.avoided().rests_until(mine) is not None
    assert circuits.avoided().rests_until(theirs) is None


def test_x38_one_refusal_is_one_alarm_however_many_meet_it(db, caplog) -> None:
    clock = FixedClock(utc_now())

    with caplog.at_level(logging.INFO):
        for _ in range(3):
            block_account(provider="fal", account="", message="No money.", clock=clock)
            clock.advance(61)

    row = ProviderBlock.objects.get()
    alarms = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(alarms) == 1
    assert row.until - clock.now() > timedelta(seconds=59), "the longer, the longer it lasts"
    assert get_terms().is_blocked("fal", "", clock.now())


def test_x38_an_account_that_served_since_is_a_new_alarm(db, caplog) -> None:
    clock = FixedClock(utc_now())
    block_account(provider="fal", account="", message="No money.", clock=clock)
    unblock_account(provider="fal", account="", clock=clock)
    served = get_terms().is_blocked("fal", "", clock.now())

    caplog.clear()
    block_account(provider="fal", account="", message="No money.", clock=clock)

    assert not served
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_x38_a_customers_own_key_raises_no_alarm(db, caplog) -> None:
    with caplog.at_level(logging.ERROR):
        block_account(provider="fal", account="pkey_1", message="Revoked.")

    assert caplog.records == []
    assert get_terms().is_blocked("fal", "pkey_1", utc_now())
    assert not get_terms().is_blocked("fal", "", utc_now())


def test_a_customers_slow_server_takes_no_place_of_the_platforms_calls(course, account) -> None:
    errand = Errand.__new__(Errand)
    errand.shop = course.shop()

    errand.account = replace(account, id="pkey_1")
    own = errand.asking
    errand.account = account

    assert errand.asking is errand.shop.asking
    assert own is not errand.asking
