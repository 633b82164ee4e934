"""What only Segmind does: two versions side by side, and states in answers of 422."""

from dataclasses import replace

import pytest

from executor.providers.adapters.segmind import SegmindAdapter
from executor.providers.base import Done, InputFile, KeyCheck, Request, Submitted
from executor.providers.errors import AccountBlocked, ProviderError
from tests.providers.base import Outcome
from tests.providers.courses import Bench, Benches
from tests.providers.samples import sample_file
from tests.providers.segmind import SAMPLES, WORDS, FakeSegmind

TEXT_TO_IMAGE, EDIT, SYNC = SAMPLES[0], SAMPLES[1], SAMPLES[5]


@pytest.fixture
def bench(benches: Benches) -> Bench:
    return benches.of(SegmindAdapter, FakeSegmind)


def test_v1_gives_the_bytes_of_a_file_at_once(bench):
    came = bench.submit(SYNC)

    assert isinstance(came, Done)
    assert came.answer.files[0].data == sample_file("image")
    assert bench.fake.seen[-1].path == "/v1/sd1.5-txt2img"


def test_v2_gives_its_output_as_json_in_a_text(bench):
    course = bench.course(TEXT_TO_IMAGE)

    assert [file.kind for file in course.answer.files] == ["image"]
    assert bench.fake.seen[0].path == "/v2/nano-banana"


def test_both_versions_give_words(bench):
    texts = [bench.course(SAMPLES[number]).answer.data["text"] for number in (4, 7)]

    assert texts == [WORDS, WORDS]


def test_a_file_that_nobody_can_fetch_is_uploaded(bench):
    file = InputFile("image/png", None, lambda: sample_file("image"), 100)

    came = bench.submit_request(Request(EDIT, {"image_urls[]": [file]}))

    assert isinstance(came, Submitted)
    assert bench.fake.seen[-1].body["image_urls"] == ["https://images.segmind.com/assets/0"]


def test_406_is_a_matter_of_money(bench):
    bench.fake.script(Outcome.OUT_OF_CREDIT)

    assert isinstance(bench.submit(TEXT_TO_IMAGE), AccountBlocked)


def test_an_invalid_input_is_told_in_the_providers_words(bench):
    error = bench.submit(replace(TEXT_TO_IMAGE, body={"prompt": 5}))

    assert isinstance(error, ProviderError)
    assert error.code == "invalid_value"
    assert error.message.startswith("prompt is not as it should be")


def test_a_check_tells_the_credits_that_are_left(bench):
    assert bench.check() == KeyCheck("12.5 credits")
