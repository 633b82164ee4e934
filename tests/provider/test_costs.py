"""What providers say that jobs cost, kept for each attempt, whatever came of it."""

import math
from typing import Any

import pytest

from executor.models import Attempt
from executor.providers.cost import cost_micros_of
from tests.provider.course import Course, asking


@pytest.fixture
def course(workspace, provider) -> Course:
    return Course(workspace)


def cost() -> int | None:
    return Attempt.objects.get().cost_micros


@pytest.mark.parametrize("image", [False, True])
@pytest.mark.parametrize("style", ["a", "d"])
def test_a_job_that_went_well_keeps_what_it_cost(course, provider, style, image) -> None:
    course.begin(asking(style, image=image))

    course.work()

    assert cost() == 50_000
    assert Attempt.objects.get().credits == 5


def test_x37_a_job_that_failed_at_a_price_is_not_charged_and_its_cost_is_kept(
    course, provider
) -> None:
    provider.plan("b.poll", "failed")
    execution = course.begin(asking("b"))

    course.work()

    assert course.answer(execution)["credits"]["charged"] == 0
    assert (cost(), Attempt.objects.get().credits) == (20_000, 0)


def test_x37_a_job_that_was_cancelled_at_a_price_is_not_charged_and_its_cost_is_kept(
    course, provider
) -> None:
    provider.script(duration_s=60)
    execution = course.begin(asking("b"))

    def cancel(task: Any) -> None:
        course.cancel(execution)
        task.stop()  # as the watch of the process would

    course.at_nap = cancel
    course.work()

    assert course.answer(execution)["credits"]["charged"] == 0
    assert cost() == 20_000


def test_x37_a_job_whose_run_ended_while_nobody_held_it_keeps_its_cost(course, provider) -> None:
    provider.script(duration_s=60)
    execution = course.begin(asking("b"))
    assert course.work(arm="remote.after_handle=raise")
    course.cancel(execution)

    course.settle_strays()

    assert Attempt.objects.get().state == "cancelled"
    assert cost() == 20_000


def test_x37_a_job_that_took_too_long_keeps_its_cost(course, provider) -> None:
    provider.script(duration_s=60)
    course.begin(asking("b", give_up_s=2))

    course.work()

    assert cost() == 20_000


def test_x34_a_result_that_cannot_be_fetched_keeps_its_cost(course, provider) -> None:
    provider.plan("files", *["status:404"] * 9)
    execution = course.begin(asking("b", image=True))

    course.work()

    assert course.answer(execution)["credits"]["charged"] == 0
    assert cost() == 50_000


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (0.04, 40_000), (0, 0), (0.0000004, 0), (12, 12_000_000), (-1, None), (math.nan, None),
        (math.inf, None), (1e300, None), ("0.04", None), (True, None), (None, None), ([], None),
    ],
)  # fmt: skip
def test_a_cost_is_an_amount_of_money_or_nothing(said, kept) -> None:
    assert cost_micros_of({"costUsd": said}) == kept


@pytest.mark.parametrize("data", [None, [], "text", 5])
def test_an_answer_without_an_object_tells_no_cost(data) -> None:
    assert cost_micros_of(data) is None
