"""What becomes of a remote task whose process dies, by the class of its provider and the moment."""

import pytest

from executor.models import Attempt, Task
from tests.provider.course import Course, asking

SUBMITS = ("before_intent", "after_intent", "before_submit", "after_submit")
FOLLOWS = ("after_handle", "before_poll", "after_poll")
FETCHES = ("before_fetch", "after_fetch", "before_finish")


@pytest.fixture
def course(workspace, provider) -> Course:
    return Course(workspace)


@pytest.mark.parametrize("style", ["a", "b", "c", "d"])
def test_a_remote_node_asks_follows_and_fetches(course, provider, style) -> None:
    execution = course.begin(asking(style, image=True))

    course.work()

    answer = course.answer(execution)
    node = next(node for node in answer["nodes"] if node["nodeId"] == "ask")
    assert answer["status"] == "COMPLETED"
    assert answer["outputs"] == {"text": "tea!"}
    assert node["outputs"]["image"]["width"] == 8
    assert provider.paid == [1]
    assert Attempt.objects.get().state == "done"


@pytest.mark.parametrize("point", [*SUBMITS, *FOLLOWS, *FETCHES])
@pytest.mark.parametrize("style", ["a", "b"])
def test_a_death_at_any_moment_costs_no_second_job(course, provider, style, point) -> None:
    execution = course.begin(asking(style, image=point in FETCHES))

    assert course.work(arm=f"remote.{point}=raise")
    course.take_over()

    assert course.answer(execution)["status"] == "COMPLETED"
    assert provider.paid == [1]
    assert Attempt.objects.get().state == "done"


@pytest.mark.parametrize("point", ["before_intent", *FOLLOWS, *FETCHES])
def test_a_death_with_a_handle_is_survived_without_callbacks(course, provider, point) -> None:
    execution = course.begin(asking("c", image=point in FETCHES))

    assert course.work(arm=f"remote.{point}=raise")
    course.take_over()

    assert course.answer(execution)["status"] == "COMPLETED"
    assert provider.paid == [1]


def test_a_lost_job_of_class_c_is_adopted_when_the_provider_calls(course, provider) -> None:
    execution = course.begin(asking("c"))
    assert course.work(arm="remote.after_submit=raise")
    course.take_over()
    assert course.answer(execution)["status"] == "RUNNING"

    status = course.call_back(Attempt.objects.get(), {"job_id": "c-1"})
    course.work("three")

    assert status == 200
    assert course.answer(execution)["status"] == "COMPLETED"
    assert provider.paid == [1]


@pytest.mark.parametrize(("point", "paid"), [("before_submit", []), ("after_submit", [1])])
def test_a_lost_job_of_class_c_that_nobody_calls_about_is_unknown_in_the_end(
    course, provider, point, paid
) -> None:
    execution = course.begin(asking("c"))
    assert course.work(arm=f"remote.{point}=raise")
    course.take_over()

    course.advance(601)
    course.work("three")

    error = course.answer(execution)["error"]
    assert (error["code"], error["provider"]) == ("provider_outcome_unknown", "test_c")
    assert Attempt.objects.get().state == "unknown"
    assert provider.paid == paid


def test_what_class_c_answers_at_once_is_unknown_as_soon_as_it_is_lost(course, provider) -> None:
    execution = course.begin(asking("c", at_once=True))

    assert course.work(arm="remote.after_submit=raise")
    course.take_over()

    assert course.answer(execution)["error"]["code"] == "provider_outcome_unknown"
    assert Attempt.objects.get().state == "unknown"
    assert provider.paid == [1]


@pytest.mark.parametrize(
    ("point", "paid"),
    [
        ("after_intent", []),
        ("before_submit", []),
        ("after_submit", [1]),
        ("before_fetch", [1]),
        ("after_fetch", [1]),
        ("before_finish", [1]),
    ],
)
def test_what_may_have_been_sent_to_class_d_is_never_sent_again(
    course, provider, point, paid
) -> None:
    execution = course.begin(asking("d", image=True))

    assert course.work(arm=f"remote.{point}=raise")
    course.take_over()

    error = course.answer(execution)["error"]
    assert (error["code"], error["retryable"]) == ("provider_outcome_unknown", True)
    assert error["provider"] == "test_d"
    assert Attempt.objects.get().state == "unknown"
    assert provider.paid == paid


def test_an_answer_of_class_d_that_is_stored_survives(course, provider) -> None:
    execution = course.begin(asking("d"))  # without a picture it fits into the row

    assert course.work(arm="remote.before_finish=raise")
    course.take_over()

    assert course.answer(execution)["status"] == "COMPLETED"
    assert provider.paid == [1]


@pytest.mark.parametrize("action", ["drop", "garble", "wrong", "huge", "status:502", "delay:1.5"])
@pytest.mark.parametrize("style", ["a", "b", "c", "d"])
def test_an_answer_that_says_nothing_leaves_the_outcome_open(
    course, provider, style, action
) -> None:
    provider.plan(f"{style}.submit", action)
    execution = course.begin(asking(style))

    course.work()
    if style == "c":
        job_id = f"c-{len(provider.count()['paid'])}"
        course.call_back(Attempt.objects.get(), {"job_id": job_id})
        course.work()

    answer = course.answer(execution)
    ended_well = style in "ab" or (style == "c" and action != "status:502")
    if ended_well:
        assert answer["status"] == "COMPLETED"
        assert provider.paid == [1]
    elif style == "d":
        assert answer["error"]["code"] == "provider_outcome_unknown"
    assert provider.count()["twice"] == 0


def test_a_process_that_lost_its_lease_writes_nothing_more(course, provider) -> None:
    provider.plan("b.poll", "running", "running")
    execution = course.begin(asking("b"))
    naps: list[str] = []

    def steal(task) -> None:
        """The lease runs out while the process sleeps between two polls."""
        if not naps:
            course.expire()
        naps.append(Attempt.objects.get().state)

    course.at_nap = steal
    course.work("one")

    assert set(naps) == {"submitted"}
    assert Task.objects.get(queue="remote").fence == 3, "claimed, taken away, claimed"
    assert course.answer(execution)["status"] == "COMPLETED"
    assert provider.paid == [1]


def test_taking_over_again_and_again_is_no_poison_while_the_job_gets_on(course, provider) -> None:
    provider.plan("b.poll", *["running"] * 12)
    execution = course.begin(asking("b"))

    for turn in range(5):
        assert course.work(f"worker{turn}", arm="remote.after_poll=raise@2")
        course.expire()
    course.work("last")

    assert course.answer(execution)["status"] == "COMPLETED"
    assert provider.paid == [1]


def test_each_element_of_a_list_is_a_task_and_an_attempt_of_its_own(course, provider) -> None:
    document = asking("b")
    document["nodes"][0] |= {"type": "input.list", "params": {"name": "prompt", "items": "text"}}
    execution = course.begin(document, prompt=["one", "two", "three"])

    course.work()

    assert course.answer(execution)["outputs"] == {"text": ["one!", "two!", "three!"]}
    assert provider.paid == [1, 1, 1]
    assert Attempt.objects.count() == 3
