"""What only Runway does: files that go ahead, frames with positions, credits that are told."""

import dataclasses

import pytest

from executor.providers.adapters.runway import LONG_WAIT_S, MAX_INLINE_BYTES, RunwayAdapter
from executor.providers.base import Failed, InputFile, Request, Submitted
from executor.providers.errors import (
    AccountBlocked,
    NotSent,
    ProviderError,
    RateLimited,
)
from tests.providers import runway
from tests.providers.courses import Bench, Benches
from tests.providers.samples import sample_call, sample_file
from workflows.catalogue.remote import ProviderCall


@pytest.fixture
def at_runway(benches: Benches) -> Bench:
    return benches.of(RunwayAdapter, runway.FAKE)


def large(kind: str, url: str | None) -> InputFile:
    content = sample_file(kind)
    return InputFile(f"{kind}/mp4", url, lambda: content, MAX_INLINE_BYTES + 1)


def with_file(call: ProviderCall, file: InputFile) -> Request:
    return Request(call, {name: [file] for name in call.media})


def test_a_large_file_goes_by_its_address_where_it_has_one(at_runway: Bench) -> None:
    url = "https://files.example.com/large.mp4"

    at_runway.submit_request(with_file(sample_call(runway, "video-to-video"), large("video", url)))

    assert at_runway.fake.jobs[0].request.body["videoUri"] == url


def test_a_large_file_without_an_address_is_uploaded_without_the_key(at_runway: Bench) -> None:
    call = sample_call(runway, "video-to-video")

    came = at_runway.submit_request(with_file(call, large("video", None)))

    assert isinstance(came, Submitted)
    assert at_runway.fake.jobs[0].request.body["videoUri"] == "runway://uploads/1"
    store = next(seen for seen in at_runway.fake.seen if seen.path == "/store")
    part = store.part("file")
    assert part is not None
    assert (part.filename, part.content) == ("input.mp4", sample_file("video"))


@pytest.mark.parametrize(
    "target", ["https://evil.example.com/", "http://x.amazonaws.com/", "https://[", "file:///etc"]
)
def test_f16_a_file_is_uploaded_to_no_stranger(at_runway: Bench, target: str) -> None:
    body = f'{{"uploadUrl": "{target}", "fields": {{}}, "runwayUri": "runway://x"}}'
    at_runway.fake.say_instead(body.encode())

    came = at_runway.submit_request(
        with_file(sample_call(runway, "video-to-video"), large("video", None))
    )

    assert isinstance(came, NotSent)
    assert [seen.path for seen in at_runway.fake.seen] == ["/v1/uploads"]


def test_two_frames_have_their_positions_and_one_stands_alone(at_runway: Bench) -> None:
    for call in runway.SAMPLES:
        if call.operation == "image-to-video":
            at_runway.submit(call)
    one, two = (job.request.body["promptImage"] for job in at_runway.fake.jobs)

    assert one.startswith("data:image/png;base64,")
    assert [frame["position"] for frame in two] == ["first", "last"]


def test_what_a_task_cost_is_told_in_dollars(at_runway: Bench) -> None:
    answer = at_runway.course(sample_call(runway, "text-to-speech")).answer

    assert answer.data == {"credits": 25, "costUsd": 0.25}


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_x37_what_is_taken_for_a_job_that_gave_nothing_is_told(
    at_runway: Bench, state: str
) -> None:
    came = at_runway.submit(sample_call(runway, "text-to-speech"))
    assert isinstance(came, Submitted)
    at_runway.fake.say_instead(b'{"status": "%b", "cost": {"credits": 5}}' % state.encode())

    found = at_runway.poll(came.handle)

    assert isinstance(found, Failed)
    assert found.error.cost_usd == 0.05


def test_a_day_that_is_used_up_is_waited_for_at_length(at_runway: Bench) -> None:
    at_runway.fake.say_instead(b'{"error": "daily limit"}', status=429)

    came = at_runway.submit(sample_call(runway, "text-to-speech"))

    assert isinstance(came, RateLimited)
    assert came.retry_after_s == LONG_WAIT_S


def test_the_first_thing_that_is_wrong_with_the_inputs_is_told(at_runway: Bench) -> None:
    call = dataclasses.replace(sample_call(runway, "text-to-speech"), body={"promptText": "Hello"})

    came = at_runway.submit(call)

    assert isinstance(came, ProviderError)
    assert (came.code, came.message) == ("invalid_value", "body: voice is required")


@pytest.mark.parametrize(
    ("words", "is_blocked"),
    [
        ("You do not have enough credits to run this task.", True),
        ("Insufficient credits", True),
        ("promptText: a film about credit cards and credits is too long", False),
    ],
)
def test_x38_a_prompt_about_credits_says_nothing_of_the_account(
    at_runway: Bench, words: str, is_blocked: bool
) -> None:
    at_runway.fake.say_instead(b'{"error": "%b"}' % words.encode(), status=400)

    came = at_runway.submit(sample_call(runway, "text-to-speech"))

    assert isinstance(came, ProviderError)
    assert isinstance(came, AccountBlocked) == is_blocked


def test_x38_a_store_that_takes_no_file_says_nothing_of_the_account(at_runway: Bench) -> None:
    at_runway.fake.say_instead(b"<Error>Expired</Error>", status=403, after=1)

    came = at_runway.submit_request(
        with_file(sample_call(runway, "video-to-video"), large("video", None))
    )

    assert isinstance(came, ProviderError)
    assert not isinstance(came, AccountBlocked)
    assert came.retryable
    assert at_runway.fake.paid == 0


def test_a_place_without_files_is_left_out(at_runway: Bench) -> None:
    call = sample_call(runway, "text-to-speech")

    came = at_runway.submit_request(Request(call, {"referenceAudio": []}))

    assert isinstance(came, Submitted)
