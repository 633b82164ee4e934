"""What only fal does: where results tell errors, what addresses are believed, and its storage."""

from dataclasses import replace

import pytest

from executor.providers.adapters.fal import MAX_INLINE_BYTES, FalAdapter
from executor.providers.base import Done, Failed, InputFile, Request, Submitted
from executor.providers.errors import (
    AccountBlocked,
    ContentRefused,
    NotSent,
    ProviderError,
    Unanswered,
)
from tests.providers.base import Outcome
from tests.providers.courses import CALLBACK_URL, Bench, Benches
from tests.providers.fal import SAMPLES, Endpoint, FakeFal
from tests.providers.samples import sample_file

TEXT_TO_IMAGE, EDIT = SAMPLES[0], SAMPLES[1]


@pytest.fixture
def bench(benches: Benches) -> Bench:
    return benches.of(FalAdapter, FakeFal)


def _large_file(*, url: str | None) -> InputFile:
    return InputFile("image/png", url, lambda: sample_file("image"), MAX_INLINE_BYTES + 1)


@pytest.mark.parametrize("tells_late", [False, True])
def test_a_completed_job_that_failed_is_told_by_its_state_or_by_its_result(bench, tells_late):
    bench.fake.script(Outcome.FAILED)
    bench.fake.tells_late = tells_late

    error = bench.course(TEXT_TO_IMAGE).end

    assert type(error) is not ContentRefused
    assert isinstance(error, ProviderError)
    assert error.code == "provider_error"


def test_black_pictures_are_a_refusal(bench):
    came = bench.submit(TEXT_TO_IMAGE)
    bench.fake.jobs[0].queued = bench.fake.jobs[0].running = 0
    body = b'{"images": [{"url": "https://x.example/a.png"}], "has_nsfw_concepts": [true]}'
    bench.fake.say_instead(body, after=1)

    found = bench.poll(came.handle)

    assert isinstance(found, Failed)
    assert isinstance(found.error, ContentRefused)


def test_addresses_of_others_are_replaced_by_those_that_the_job_must_have(bench):
    bench.fake.point_elsewhere("https://elsewhere.example")
    came = bench.submit(TEXT_TO_IMAGE)

    assert isinstance(came, Submitted)
    assert came.handle["status_url"] == f"{bench.fake.url}/fal-ai/flux/requests/job-0001/status"


def test_fal_is_told_where_to_call_back_and_when_to_give_up(bench):
    bench.submit(replace(TEXT_TO_IMAGE, give_up_s=90.0))

    seen = bench.fake.seen[-1]
    assert seen.query["fal_webhook"] == CALLBACK_URL
    assert seen.headers["X-Fal-Request-Timeout"] == "90"


def test_a_large_file_goes_by_its_address_where_it_has_one(bench):
    request = Request(EDIT, {"image_urls[]": [_large_file(url="https://files.example.com/a.png")]})

    assert isinstance(bench.submit_request(request), Submitted)

    assert bench.fake.seen[-1].body["image_urls"] == ["https://files.example.com/a.png"]


def test_a_large_file_is_uploaded_where_nobody_can_fetch_it(bench):
    came = bench.submit_request(Request(EDIT, {"image_urls[]": [_large_file(url=None)]}))

    assert isinstance(came, Submitted)
    assert bench.fake.uploads == {"1": sample_file("image")}
    assert bench.fake.seen[-1].body["image_urls"] == ["https://v3.fal.media/files/1"]


@pytest.mark.parametrize(
    "answer",
    [
        b'{"upload_url": "https://evil.example/put", "file_url": "https://x.example/a"}',
        b'{"upload_url": "http://127.0.0.1:9/put", "file_url": "https://x.example/a"}',
        b"nothing",
    ],
)
def test_x34_a_file_is_put_nowhere_else_and_no_job_comes_of_it(bench, answer):
    bench.fake.say_instead(answer)

    error = bench.submit_request(Request(EDIT, {"image_urls[]": [_large_file(url=None)]}))

    assert isinstance(error, NotSent)
    assert bench.fake.paid == 0
    assert len(bench.fake.seen) == 1


def test_files_may_go_into_a_list_of_objects(bench):
    call = replace(EDIT, model="fal-ai/pulid", media={})
    file = InputFile("image/png", "https://files.example.com/a.png", lambda: b"", 10**7)

    bench.submit_request(Request(call, {"reference_images[].image_url": [file, file]}))

    given = [{"image_url": "https://files.example.com/a.png"}] * 2
    assert bench.fake.seen[-1].body["reference_images"] == given


def test_words_and_tokens_of_a_text_model_are_read(bench):
    bench.fake.endpoints["fal-ai/llm"] = Endpoint({"prompt": str}, {}, "output", "words")
    call = replace(
        SAMPLES[-1], model="fal-ai/llm", operation="chat", media={}, body={"prompt": "x"}
    )
    came = bench.submit(call)
    bench.fake.jobs[0].queued = bench.fake.jobs[0].running = 0
    usage = b'{"output": "a cat", "usage": {"prompt_tokens": 3, "completion_tokens": 2}}'
    bench.fake.say_instead(usage, after=1)

    found = bench.poll(came.handle)

    assert isinstance(found, Done)
    assert found.answer.data["text"] == "a cat"
    assert found.answer.data["usage"] == {"input_tokens": 3, "output_tokens": 2}


def test_x38_a_store_that_takes_no_file_says_nothing_of_the_account(bench):
    bench.fake.say_instead(b"<Error>Expired</Error>", status=403, after=1)

    error = bench.submit_request(Request(EDIT, {"image_urls[]": [_large_file(url=None)]}))

    assert isinstance(error, ProviderError)
    assert not isinstance(error, AccountBlocked)
    assert error.retryable
    assert bench.fake.paid == 0


@pytest.mark.parametrize(
    ("status", "kind"), [(502, Unanswered), (504, Unanswered), (500, ProviderError)]
)
def test_a_gateway_that_gave_up_may_have_passed_the_job_on(bench, status, kind):
    told = {"X_Fal_Error_Type": "request_timeout"}
    bench.fake.say_instead(b'{"detail": "x"}', status=status, **told)

    assert isinstance(bench.submit(TEXT_TO_IMAGE), kind)


@pytest.mark.parametrize("named", ["..", "a/../../b", "x" * 201])
def test_f16_a_job_of_no_usual_name_is_not_asked_for(bench, named):
    bench.submit(TEXT_TO_IMAGE)

    assert bench.look_up(named) is None
    assert len(bench.fake.seen) == 1


def test_the_words_of_a_job_that_was_found_again_are_read(bench):
    bench.fake.endpoints["fal-ai/llm"] = Endpoint({"prompt": str}, {}, "output", "words")
    call = replace(
        SAMPLES[-1], model="fal-ai/llm", operation="chat", media={}, body={"prompt": "x"}
    )
    came = bench.submit(call)

    found = bench.look_up(bench.fake.jobs[0].id)

    assert isinstance(came, Submitted)
    assert found == came.handle


def test_pictures_are_counted(bench):
    assert bench.course(TEXT_TO_IMAGE).answer.data["usage"] == {"images": 1}
