"""X36: what a provider calls is a hint; whatever comes, the provider itself is asked."""

import pytest

from executor.models import Attempt
from executor.providers.callbacks import challenge_in
from executor.providers.recovery import HEAR_AGAIN_S
from tests.client import ApiClient
from tests.provider.course import Course, asking


@pytest.fixture
def course(workspace, provider) -> Course:
    return Course(workspace)


def lost(course, provider) -> str:
    """A run whose job of class C was taken on, and whose answer was lost."""
    provider.plan("c.submit", "drop")
    execution: str = course.begin(asking("c"))
    course.work()
    return execution


def test_x36_a_callback_that_comes_twice_makes_no_second_job(course, provider) -> None:
    execution = lost(course, provider)
    attempt = Attempt.objects.get()

    answers = [course.call_back(attempt, {"job_id": "c-1"}) for _ in range(3)]
    course.work()
    answers.append(course.call_back(attempt, {"job_id": "c-1"}))
    course.work()

    assert answers == [200] * 4
    assert course.answer(execution)["status"] == "COMPLETED"
    assert provider.paid == [1]


def test_x36_a_callback_before_our_submit_returns_changes_nothing(course, provider) -> None:
    execution = course.begin(asking("c"))
    provider.plan("c.poll", "running")
    called: list[int] = []

    def call_early(task) -> None:
        if not called:
            called.append(course.call_back(Attempt.objects.get(), {"job_id": "c-1"}))

    course.at_nap = call_early
    course.work()

    assert called == [200]
    assert course.answer(execution)["status"] == "COMPLETED"
    assert provider.paid == [1]


def test_x36_a_forged_callback_is_not_believed(course, provider) -> None:
    execution = lost(course, provider)

    course.call_back(Attempt.objects.get(), {"job_id": "c-999"})
    course.work()

    assert course.answer(execution)["status"] == "RUNNING"
    assert Attempt.objects.get().state == "intent"


def test_x36_a_job_may_be_named_by_a_later_callback_than_the_first(course, provider) -> None:
    execution = lost(course, provider)
    attempt = Attempt.objects.get()
    course.call_back(attempt, {"news": "of something"})
    course.work()

    course.call_back(attempt, {"job_id": "c-1"})
    course.work()

    assert course.answer(execution)["status"] == "COMPLETED"
    assert provider.paid == [1]


def test_x36_a_callback_that_wakes_nobody_is_noticed_within_minutes(course, provider) -> None:
    execution = lost(course, provider)
    named = {"called_back_at": course.clock.now(), "handle": {"named": "c-1"}}
    Attempt.objects.update(**named)  # it came while the task was being laid aside

    course.advance(HEAR_AGAIN_S + 1)
    course.work()

    assert course.answer(execution)["status"] == "COMPLETED"
    assert provider.paid == [1]


@pytest.mark.parametrize("token", ["A" * 22, "short", "x" * 500, "%00" * 22, "é" * 22])
def test_x36_a_callback_for_no_attempt_is_not_found(db, token) -> None:
    answer = ApiClient(None).post(f"/providers/callbacks/{token}", {})

    assert answer.status_code == 404


def test_x36_a_callback_after_cancelling_is_taken_and_does_nothing(course, provider) -> None:
    execution = lost(course, provider)
    course.cancel(execution)

    status = course.call_back(Attempt.objects.get(), {"job_id": "c-1"})
    course.work()

    assert status == 200
    assert course.answer(execution)["status"] == "CANCELLED"


@pytest.mark.parametrize("body", [b"no json", b"[1, 2]", b"", b'{"job_id": 7}', b'{"job_id": ""}'])
def test_x36_a_callback_in_no_known_shape_is_news_all_the_same(course, provider, body) -> None:
    lost(course, provider)

    status = course.call_back(Attempt.objects.get(), body)

    assert status == 200
    assert Attempt.objects.get().called_back_at is not None


def test_a_callback_that_is_too_large_is_refused(course, provider) -> None:
    lost(course, provider)
    token = Attempt.objects.get().callback_token

    answer = ApiClient(None).post(f"/providers/callbacks/{token}", {"x": "y" * 300_000})

    assert answer.status_code == 413


def test_a_callback_needs_no_key_and_heeds_none(course, provider) -> None:
    lost(course, provider)
    token = Attempt.objects.get().callback_token

    answer = ApiClient("not-one-of-ours").post(f"/providers/callbacks/{token}", {})

    assert (answer.status_code, answer.json()) == (200, {"ok": True})


def test_an_address_that_is_tried_answers_the_challenge_and_takes_it_for_no_news(
    course, provider
) -> None:
    lost(course, provider)
    attempt = Attempt.objects.get()

    response = ApiClient(None).post(
        f"/providers/callbacks/{attempt.callback_token}", {"challenge": "a7f3"}
    )

    assert response.json() == {"ok": True, "challenge": "a7f3"}
    attempt.refresh_from_db()
    assert attempt.called_back_at is None


def test_nobody_answers_challenges_at_an_address_that_was_never_told(db) -> None:
    response = ApiClient(None).post("/providers/callbacks/nobodys", {"challenge": "a7f3"})

    assert response.status_code == 404


@pytest.mark.parametrize(
    "callback", [None, [], "x", {"challenge": ""}, {"challenge": ["x"]}, {"challenge": "x" * 201}]
)
def test_what_is_no_short_text_is_no_challenge(callback) -> None:
    assert challenge_in(callback) is None
