"""X42: the media store is away or slow while paid results are brought in."""

from typing import Any

import pytest

from executor.models import Attempt, File, Task
from tests.executor.test_gateway_s3 import (
    BUCKET,
    s3,  # noqa: F401 - a fixture
)
from tests.provider.course import Course, asking


@pytest.fixture
def course(workspace, provider) -> Course:
    return Course(workspace)


@pytest.fixture
def bucket(monkeypatch, request: pytest.FixtureRequest) -> Any:
    """The client of an S3 store, which tries each call once."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    return request.getfixturevalue("s3")


class Trouble:
    """What an S3 client meets: errors for the first puts, by the events that botocore offers."""

    def __init__(self, client: Any, status: int, times: int, *, is_done: bool = False) -> None:
        self.left, self.puts = times, 0
        self._status, self._is_done = status, is_done
        client.meta.events.register("before-send.s3.PutObject", self._before)
        client.meta.events.register("after-call.s3.PutObject", self._after)

    def _before(self, request: Any, **_: Any) -> Any:
        self.puts += 1
        if self.left and not self._is_done:
            self.left -= 1
            return refused(request.url, self._status)
        return None

    def _after(self, http_response: Any, parsed: Any, **_: Any) -> None:
        if self.left and self._is_done:
            self.left -= 1
            http_response.status_code = self._status
            parsed["Error"] = {"Code": "SlowDown", "Message": "Reduce your request rate."}


def refused(url: str, status: int) -> Any:
    """An answer of S3's as its client reads it."""
    from botocore.awsrequest import AWSResponse

    class Raw:
        def stream(self, **_: Any) -> Any:
            yield b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"

    return AWSResponse(url, status, {}, Raw())


def finish(course: Course, execution: str) -> dict[str, Any]:
    for _ in range(6):
        course.work()
        if course.answer(execution)["status"] in ("COMPLETED", "FAILED"):
            break
        course.advance(31)
    return course.answer(execution)


@pytest.mark.parametrize("style", ["b", "d"])
def test_x42_a_store_that_is_slow_for_a_moment_costs_no_paid_result(
    course, provider, bucket, style
) -> None:
    Trouble(bucket, 503, 3)
    execution = course.begin(asking(style, image=True))

    answer = finish(course, execution)

    assert answer["status"] == "COMPLETED"
    assert provider.paid == [1]
    assert len(bucket.list_objects_v2(Bucket=BUCKET)["Contents"]) == 1


def test_x42_a_put_that_succeeded_without_saying_so_is_repeated_harmlessly(
    course, provider, bucket
) -> None:
    Trouble(bucket, 503, 1, is_done=True)
    execution = course.begin(asking("b", image=True))

    answer = finish(course, execution)

    stored = bucket.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert answer["status"] == "COMPLETED"
    assert [item["Key"] for item in stored] == [File.objects.across_workspaces().get().storage_key]
    assert provider.paid == [1]


def test_x42_a_store_that_is_away_for_long_holds_no_task_and_loses_nothing(
    course, provider, bucket
) -> None:
    bucket.delete_bucket(Bucket=BUCKET)
    execution = course.begin(asking("b", image=True))

    course.work()
    task, state = Task.objects.get(queue="remote"), Attempt.objects.get().state
    bucket.create_bucket(Bucket=BUCKET)
    answer = finish(course, execution)

    assert (task.state, task.lease_until, state) == ("waiting", None, "fetching")
    assert answer["status"] == "COMPLETED"
    assert provider.paid == [1]


def test_x42_a_bucket_that_stays_gone_fails_the_node_and_charges_nothing(
    course, provider, bucket
) -> None:
    bucket.delete_bucket(Bucket=BUCKET)
    execution = course.begin(asking("d", image=True))

    answer = finish(course, execution)

    assert answer["error"]["code"] == "provider_error"
    assert answer["credits"]["charged"] == 0
    assert provider.paid == [1]
