"""What providers do instead of the work: refuse, stall, contradict themselves, give rubbish."""

import logging

import pytest

from executor.errors import AttemptUnresolved
from executor.models import Attempt, Task
from executor.services.attempts import Undertaking, begin_attempt, list_strays
from executor.services.claims import claim_next
from tests.graphs import graph
from tests.provider.course import Course, asking


@pytest.fixture
def course(workspace, provider) -> Course:
    return Course(workspace)


def states() -> list[str]:
    """The states of all attempts, in their order."""
    return list(Attempt.objects.order_by("number").values_list("state", flat=True))


def test_x29_a_provider_that_cannot_be_reached_is_asked_again_and_then_told(
    course, provider, monkeypatch
) -> None:
    monkeypatch.setenv("TEST_PROVIDER_URL", "http://provider.invalid")
    execution = course.begin(asking("d"))

    course.work()

    error = course.answer(execution)["error"]
    assert (error["code"], error["retryable"]) == ("provider_unavailable", True)
    assert states() == ["failed"] * 3
    assert provider.paid == []


def test_x29_a_provider_that_is_back_in_a_moment_costs_a_moment(course, provider) -> None:
    provider.plan("d.submit", "status:503")
    execution = course.begin(asking("d"))

    course.work()

    assert course.answer(execution)["status"] == "COMPLETED"
    assert states() == ["failed", "done"]


def test_x31_a_job_that_takes_too_long_is_ended_and_the_node_fails(course, provider) -> None:
    provider.script(duration_s=60)
    execution = course.begin(asking("b", give_up_s=2))

    course.work()

    assert course.answer(execution)["error"]["code"] == "timed_out"
    assert provider.count()["cancelled"] == ["b-1"]
    assert Attempt.objects.get().state == "cancelled"


def test_x31_a_result_that_was_there_before_a_late_process_came_is_taken(course, provider) -> None:
    execution = course.begin(asking("b", give_up_s=60))
    assert course.work(arm="remote.after_handle=raise")

    course.advance(120)
    course.take_over()

    assert course.answer(execution)["status"] == "COMPLETED"
    assert provider.paid == [1]


def test_x32_a_long_retry_after_holds_no_task_and_begins_a_new_attempt(course, provider) -> None:
    provider.plan("a.submit", "status:429:300")
    execution = course.begin(asking("a"))

    course.work()

    task = Task.objects.get(queue="remote")
    assert (task.state, task.lease_until, task.attempts) == ("ready", None, 0)
    assert states() == ["failed"]
    course.work()
    assert states() == ["failed"], "it waits as long as it was told"
    course.advance(301)
    course.work()
    assert course.answer(execution)["status"] == "COMPLETED"
    assert states() == ["failed", "done"]
    assert provider.paid == [1]


def test_x32_a_retry_after_past_the_end_fails_at_once(course, provider) -> None:
    provider.plan("a.submit", "status:429:3600")
    execution = course.begin(asking("a"))

    course.work()

    error = course.answer(execution)["error"]
    assert (error["code"], error["retryable"]) == ("provider_rate_limited", True)


def test_x32_other_providers_are_not_held_up(course, provider) -> None:
    provider.plan("a.submit", "status:429:300")
    course.begin(asking("a"))
    other = course.begin(asking("b"))

    course.work()

    assert course.answer(other)["status"] == "COMPLETED"


@pytest.mark.parametrize("action", ["status:429", "status:500"])
def test_x32_three_refusals_are_enough(course, provider, action) -> None:
    provider.plan("d.submit", *[action] * 5)
    execution = course.begin(asking("d"))

    course.work()

    assert course.answer(execution)["status"] == "FAILED"
    assert states() == ["failed"] * 3
    assert provider.count()["requests"]["d.submit"] == 3


def test_x32_polls_that_are_refused_go_on_later(course, provider) -> None:
    provider.plan("b.poll", "status:500", "status:429:2", "garble", "status:401")
    execution = course.begin(asking("b"))

    for _ in range(4):
        course.work()
        course.advance(40)

    assert course.answer(execution)["status"] == "COMPLETED"
    assert states() == ["done"]


def test_content_that_is_refused_is_not_asked_for_again(course, provider) -> None:
    provider.plan("a.submit", "policy")
    execution = course.begin(asking("a"))

    course.work()

    error = course.answer(execution)["error"]
    assert (error["code"], error["retryable"], error["provider"]) == (
        "content_policy",
        False,
        "test_a",
    )
    assert states() == ["failed"]


def test_x34_a_result_that_is_gone_is_asked_for_anew(course, provider) -> None:
    provider.plan("b.poll", "lost")
    execution = course.begin(asking("b", image=True))

    course.work()

    assert course.answer(execution)["status"] == "COMPLETED"
    assert provider.paid == [1]


def test_x34_a_result_that_stays_gone_fails_the_node_and_its_cost_is_kept(course, provider) -> None:
    provider.plan("files", *["status:404"] * 9)
    execution = course.begin(asking("b", image=True))

    course.work()

    attempt = Attempt.objects.get()
    assert course.answer(execution)["error"]["code"] == "provider_error"
    assert (attempt.state, attempt.result["data"]["cost"]) == ("failed", 0.05)
    assert provider.paid == [1]


def test_x34_a_result_of_another_type_fails_the_node(course, provider) -> None:
    provider.plan("files", "text")
    execution = course.begin(asking("b", image=True))

    course.work()

    assert course.answer(execution)["error"]["code"] == "provider_error"


def test_x34_a_result_elsewhere_in_our_network_is_not_fetched(course, provider, settings) -> None:
    settings.FETCH_LOOPBACK_PORTS = frozenset()
    execution = course.begin(asking("b", image=True))

    course.work()

    assert course.answer(execution)["error"]["code"] == "provider_error"
    assert "files" not in provider.count()["requests"]


@pytest.mark.parametrize("word", ["running", "failed"])
def test_x35_what_was_final_stays_so_whatever_the_provider_says_later(
    course, provider, caplog, word
) -> None:
    provider.plan("b.poll", "lost", word, word)
    execution = course.begin(asking("b", image=True))

    with caplog.at_level(logging.ERROR):
        course.work()

    actions = [getattr(record, "action", "") for record in caplog.records]
    assert actions.count("provider_contradiction") == 2
    assert course.answer(execution)["error"]["code"] == "provider_error"
    assert Attempt.objects.get().result["files"]


def test_x38_an_account_that_is_blocked_is_told_of_once_and_left_alone(
    course, provider, caplog
) -> None:
    provider.plan("a.submit", "status:402")
    first, second = course.begin(asking("a")), course.begin(asking("a"))

    with caplog.at_level(logging.ERROR):
        course.work()

    actions = [getattr(record, "action", "") for record in caplog.records]
    assert actions.count("provider_account_blocked") == 1
    codes = [course.answer(id_)["error"]["code"] for id_ in (first, second)]
    assert codes == ["provider_unavailable"] * 2
    assert provider.count()["requests"]["a.submit"] == 1
    course.advance(61)
    third = course.begin(asking("a"))
    course.work()
    assert course.answer(third)["status"] == "COMPLETED"


def test_x40_no_other_provider_is_asked_while_the_outcome_is_open(course, provider) -> None:
    course.begin(asking("b"))
    assert course.work(arm="remote.after_submit=raise")
    course.expire()

    claimed = claim_next(queue="remote", owner="other", clock=course.clock)
    assert claimed is not None
    about = Undertaking("ask", "test_a", "test/echo", "0" * 64)
    with pytest.raises(AttemptUnresolved):
        begin_attempt(claim=claimed[0], execution=claimed[1], about=about, clock=course.clock)

    assert Attempt.objects.count() == 1


def test_an_attempt_under_way_outlives_the_failure_of_another_node(course, provider) -> None:
    """What may be paid for is let finish, so that a retry can take it over."""
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "ask": "test.remote_c",
            "bad": "test.remote_a",
            "o": ("output", {"name": "text"}),
            "x": ("output", {"name": "other"}),
        },
        ["p.value -> ask.prompt", "p.value -> bad.prompt", "ask.text -> o.value", "bad.text -> x.value"],
    )  # fmt: skip
    provider.plan("c.submit", "drop")
    provider.plan("a.submit", "policy")
    execution = course.begin(document)
    course.work()
    assert course.answer(execution)["status"] == "RUNNING"

    course.call_back(Attempt.objects.get(provider="test_c"), {"job_id": "c-1"})
    course.work()

    answer = course.answer(execution)
    statuses = {node["nodeId"]: node["status"] for node in answer["nodes"]}
    assert answer["error"]["code"] == "content_policy"
    assert (statuses["ask"], statuses["bad"]) == ("COMPLETED", "FAILED")


def test_a_provider_that_is_not_set_up_fails_the_node(course, provider, settings) -> None:
    from executor.selectors.adapters import adapter_classes

    settings.EXTRA_PROVIDERS = []
    adapter_classes.cache_clear()
    execution = course.begin(asking("a"))

    course.work()

    assert course.answer(execution)["error"]["code"] == "provider_unavailable"


def test_a_cancelled_run_ends_its_job_at_the_provider(course, provider) -> None:
    provider.script(duration_s=60)
    execution = course.begin(asking("b"))

    def cancel(task) -> None:
        course.cancel(execution)
        task.stop()  # as the watch of the process would

    course.at_nap = cancel
    course.work()

    assert course.answer(execution)["status"] == "CANCELLED"
    assert provider.count()["cancelled"] == ["b-1"]
    assert Attempt.objects.get().state == "cancelled"


def test_a_task_that_is_stopped_but_not_over_keeps_its_job(course, provider) -> None:
    provider.script(duration_s=60)
    course.begin(asking("b"))
    course.at_nap = lambda task: task.stop()

    course.work()

    assert provider.count()["cancelled"] == []
    assert Attempt.objects.get().state == "submitted"


@pytest.mark.parametrize(
    ("style", "point", "state", "ended"),
    [
        ("a", "after_handle", "cancelled", 1),
        ("b", "after_handle", "cancelled", 1),
        ("a", "after_submit", "unknown", 0),
        ("b", "after_submit", "cancelled", 1),
        ("b", "after_intent", "cancelled", 0),
        ("d", "after_submit", "unknown", 0),
    ],
)
def test_jobs_of_runs_that_ended_while_their_worker_was_dead_are_ended(
    course, provider, style, point, state, ended
) -> None:
    provider.script(duration_s=60)
    execution = course.begin(asking(style))
    assert course.work(arm=f"remote.{point}=raise")
    course.cancel(execution)

    course.advance(120)
    course.settle_strays()

    assert Attempt.objects.get().state == state
    assert len(provider.count()["cancelled"]) == ended
    assert list_strays() == []


def _stray(course, provider) -> None:
    """A job of a run that ended while its worker was dead, and that cannot be ended for a while."""
    execution = course.begin(asking("b"))
    assert course.work(arm="remote.after_submit=raise")
    course.cancel(execution)
    course.advance(120)


def test_a_job_that_cannot_be_ended_is_tried_again_more_and_more_seldom(course, provider) -> None:
    _stray(course, provider)
    provider.plan("b.look_up", *["status:500"] * 50)
    looked = provider.count()["requests"].get("b.look_up", 0)

    for _ in range(20):
        course.settle_strays()
        course.advance(15)

    tries = provider.count()["requests"]["b.look_up"] - looked
    assert 3 <= tries <= 10
    assert len(list_strays()) == 1


def test_a_job_that_cannot_be_ended_for_a_day_is_given_up(course, provider) -> None:
    _stray(course, provider)
    provider.plan("b.look_up", "status:500", "status:500")
    course.settle_strays()

    course.advance(25 * 3600)
    course.settle_strays()

    assert Attempt.objects.get().state == "unknown"
    assert list_strays() == []
