"""What only Replicate does: four ways to name a model, and files that are its own."""

from dataclasses import replace

import pytest

from executor.providers.adapters.replicate import MAX_INLINE_BYTES, ReplicateAdapter
from executor.providers.base import Done, InputFile, Request, Submitted
from executor.providers.callbacks import callback_for
from executor.providers.errors import ProviderError
from tests.providers.courses import CALLBACK_URL, Bench, Benches, correlation
from tests.providers.replicate import SAMPLES, VERSION, FakeReplicate
from tests.providers.samples import sample_file

TEXT_TO_IMAGE, IMAGE_TO_IMAGE = SAMPLES[0], SAMPLES[1]


@pytest.fixture
def bench(benches: Benches) -> Bench:
    return benches.of(ReplicateAdapter, FakeReplicate)


@pytest.mark.parametrize(
    ("number", "path", "version"),
    [
        (0, "/v1/models/black-forest-labs/flux-dev/predictions", None),
        (2, "/v1/predictions", f"someone/upscaler:{VERSION}"),
        (3, "/v1/predictions", VERSION),
        (4, "/v1/deployments/me/voice/predictions", None),
    ],
)
def test_a_model_is_asked_where_its_name_says(bench, number, path, version):
    bench.submit(SAMPLES[number])

    seen = bench.fake.seen[-1]
    assert (seen.path, seen.body.get("version")) == (path, version)
    assert seen.body["webhook"] == CALLBACK_URL
    assert seen.body["webhook_events_filter"] == ["start", "completed"]


def test_a_large_file_is_uploaded_where_nobody_can_fetch_it(bench):
    file = InputFile("image/png", None, lambda: sample_file("image"), MAX_INLINE_BYTES + 1)

    came = bench.submit_request(Request(IMAGE_TO_IMAGE, {"image": [file]}))

    assert isinstance(came, Submitted)
    assert bench.fake.seen[-1].body["input"]["image"] == f"{bench.fake.url}/v1/files/file-1"


def test_what_is_wrong_with_an_input_is_passed_on(bench):
    error = bench.submit(replace(TEXT_TO_IMAGE, body={"prompt": "a cat", "seed": "x"}))

    assert isinstance(error, ProviderError)
    assert (error.code, error.retryable) == ("invalid_value", False)
    assert error.message.startswith("seed is not as it should be")


def test_pieces_of_a_text_are_put_together_and_computing_is_counted(bench):
    course = bench.course(SAMPLES[-1])

    assert isinstance(course.end, Done)
    assert course.answer.data["text"] == "A cat sat on the mat."
    assert course.answer.data["usage"] == {"compute_seconds": 1.25}


def test_an_installation_without_https_is_not_called_back(bench):
    plain = replace(correlation(), callback_url="http://localhost:8000/x")
    real = replace(bench.fake.account(), base_url="https://api.replicate.com")

    assert callback_for(real, plain) is None
    assert callback_for(bench.fake.account(), plain) == "http://localhost:8000/x"
    assert callback_for(real, correlation()) == CALLBACK_URL
