"""What is particular to Black Forest Labs, Recraft, Ideogram and Stability AI."""

import base64
import io
import json
from typing import Any

import pytest
from PIL import Image

from executor.providers.adapters.bfl import BflAdapter
from executor.providers.adapters.ideogram import IdeogramAdapter
from executor.providers.adapters.recraft import RecraftAdapter
from executor.providers.adapters.stability import StabilityAdapter
from executor.providers.base import Done, Failed, InputFile, Request, Running, Submitted
from executor.providers.errors import (
    AccountBlocked,
    ContentRefused,
    ProviderError,
    Unanswered,
)
from tests.providers import bfl, ideogram, recraft, stability
from tests.providers.base import FakeProvider, Outcome
from tests.providers.courses import Bench, Benches
from tests.providers.samples import sample_media
from workflows.catalogue.remote import ProviderCall

ADAPTERS: dict[type[FakeProvider], Any] = {
    bfl.FAKE: BflAdapter,
    recraft.FAKE: RecraftAdapter,
    ideogram.FAKE: IdeogramAdapter,
    stability.FAKE: StabilityAdapter,
}


@pytest.fixture
def bench(benches: Benches, request: pytest.FixtureRequest) -> Bench:
    return benches.of(ADAPTERS[request.param], request.param)


at_bfl = pytest.mark.parametrize("bench", [bfl.FAKE], indirect=True)
at_recraft = pytest.mark.parametrize("bench", [recraft.FAKE], indirect=True)
at_ideogram = pytest.mark.parametrize("bench", [ideogram.FAKE], indirect=True)
at_stability = pytest.mark.parametrize("bench", [stability.FAKE], indirect=True)


def _at(model: str, body: dict[str, Any], **media: str) -> ProviderCall:
    files = {name: [sample_media(kind)] for name, kind in media.items()}
    return ProviderCall(provider="x", model=model, operation="x", body=body, media=files)


FLUX = _at("flux-2-pro", {"prompt": "a cat"})


# --- Black Forest Labs


@at_bfl
def test_what_a_picture_cost_is_told_in_dollars_and_cents(bench: Bench) -> None:
    course = bench.course(FLUX)

    cost = {"costUsd": bfl.CENTS / 100, "usage": {"cents": bfl.CENTS}}
    assert course.answer.data == {"seed": 42, **cost}


@at_bfl
def test_a_list_of_pictures_is_spread_over_numbered_fields(bench: Bench) -> None:
    call = ProviderCall(
        provider="bfl",
        model="flux-2-pro",
        body={"prompt": "both"},
        media={"input_image[]": [sample_media("image")] * 3},
    )

    bench.submit(call)

    sent = bench.fake.seen[0].body
    named = [name for name in sent if name.startswith("input_image")]
    assert named == ["input_image", "input_image_2", "input_image_3"]
    assert base64.b64decode(sent["input_image"]).startswith(b"\x89PNG")


@at_bfl
def test_a_picture_too_large_to_send_goes_by_its_address(bench: Bench) -> None:
    huge = InputFile("image/png", "https://files.example.com/a.png", lambda: b"", 10**8)

    bench.submit_request(Request(FLUX, {"input_image": [huge]}))
    refused = bench.submit_request(
        Request(FLUX, {"input_image": [InputFile("image/png", None, lambda: b"", 10**8)]})
    )

    assert bench.fake.seen[0].body["input_image"] == "https://files.example.com/a.png"
    assert isinstance(refused, ProviderError)
    assert refused.code == "invalid_value"


@at_bfl
def test_a_job_is_asked_for_by_its_id_where_no_address_is_named(bench: Bench) -> None:
    bench.fake.names_polling_url = False  # type: ignore[attr-defined]

    course = bench.course(FLUX)

    assert isinstance(course.end, Done)
    assert bench.fake.seen[-1].query == {"id": "job-0001"}


@at_bfl
def test_f16_a_job_is_asked_for_by_its_id_where_a_strangers_address_is_named(bench: Bench) -> None:
    bench.fake.point_elsewhere("https://elsewhere.example")

    came = bench.submit(FLUX)
    assert isinstance(came, Submitted)
    polled = bench.poll(came.handle)

    assert not isinstance(polled, ProviderError)
    assert bench.fake.seen[-1].query == {"id": "job-0001"}


@at_bfl
def test_a_job_not_known_yet_is_waited_for_and_an_old_one_is_over(bench: Bench) -> None:
    came = bench.submit(FLUX)
    assert isinstance(came, Submitted)
    bench.fake.jobs.clear()

    new = bench.poll(came.handle)
    old = bench.poll({**came.handle, "since": 0})

    assert isinstance(new, Running)
    assert isinstance(old, Failed)


@at_bfl
def test_a_picture_that_is_ready_and_not_there_is_a_failure(bench: Bench) -> None:
    came = bench.submit(FLUX)
    assert isinstance(came, Submitted)
    bench.fake.say_instead(b'{"status": "Ready", "result": {}}')

    assert isinstance(bench.poll(came.handle), Failed)


@at_bfl
def test_wrong_inputs_are_explained_in_the_providers_words(bench: Bench) -> None:
    error = bench.submit(_at("flux-2-pro", {"prompt": "a cat", "safety_tolerance": 9}))

    assert isinstance(error, ProviderError)
    assert error.code == "invalid_value"
    assert "safety_tolerance" in error.message


# --- Recraft


@at_recraft
def test_a_tools_body_goes_as_a_form_with_plain_texts(bench: Bench) -> None:
    body = {
        "prompt": "a hat", "n": 1, "negative_prompt": None, "controls": {"no_text": True},
    }  # fmt: skip

    bench.submit(_at("images/inpaint", body, image="image", mask="mask"))

    sent = bench.fake.seen[0]
    assert sent.fields == {"prompt": "a hat", "n": "1", "controls": '{"no_text":true}'}
    assert [part.filename for part in sent.form if part.filename] == ["image-0.png", "mask-0.png"]


@at_recraft
def test_credits_are_told(bench: Bench) -> None:
    came = bench.submit(_at("recraftv3", {"prompt": "a cat", "n": 2}))

    assert isinstance(came, Done)
    assert came.answer.data == {"credits": recraft.CREDITS}
    assert len(came.answer.files) == 2


@at_recraft
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"code": "invalid", "message": "Not enough credits"}, AccountBlocked),
        ({"code": "invalid", "message": "The prompt did not pass moderation"}, ContentRefused),
        ({"code": "invalid", "message": "size is wrong"}, ProviderError),
    ],
)
def test_p8_a_400_is_told_apart_by_its_words(
    bench: Bench, said: object, kind: type[ProviderError]
) -> None:
    bench.fake.say_instead(json.dumps(said).encode(), status=400)

    assert type(bench.submit(_at("recraftv4", {"prompt": "a cat"}))) is kind


@at_recraft
@pytest.mark.parametrize(("said", "kind"), [("unsafe", ContentRefused), ("no", AccountBlocked)])
def test_p8_refused_content_blocks_no_account_whatever_its_status(
    bench: Bench, said: str, kind: type[ProviderError]
) -> None:
    bench.fake.say_instead(json.dumps({"message": said}).encode(), status=403)

    assert type(bench.submit(_at("recraftv4", {"prompt": "a cat"}))) is kind


@at_recraft
def test_a_picture_in_the_answer_is_taken_from_there(bench: Bench) -> None:
    bench.fake.say_instead(b'{"image": {"b64_json": "iVBORw=="}, "credits": 1}')

    came = bench.submit(_at("images/removeBackground", {}, image="image"))

    assert isinstance(came, Done)
    assert came.answer.files[0].data == b"\x89PNG"


# --- Ideogram


@at_ideogram
def test_a_mask_is_sent_the_other_way_round(bench: Bench) -> None:
    out = io.BytesIO()
    Image.new("L", (4, 4), 255).save(out, "PNG")
    mask = InputFile("image/png", None, out.getvalue, len(out.getvalue()))
    image = InputFile("image/png", None, out.getvalue, len(out.getvalue()))

    bench.submit_request(
        Request(_at("v1/ideogram-v3/edit", {"prompt": "x"}), {"image": [image], "mask": [mask]})
    )

    sent = bench.fake.seen[0]
    colours = {}
    for name in ("image", "mask"):
        part = sent.part(name)
        assert part is not None
        with Image.open(io.BytesIO(part.content)) as picture:
            colours[name] = picture.getpixel((0, 0))
    assert colours == {"image": 255, "mask": 0}


@at_ideogram
def test_a_mask_that_is_no_picture_is_refused_before_anything_is_sent(bench: Bench) -> None:
    mask = InputFile("image/png", None, lambda: b"no picture", 10)

    error = bench.submit_request(Request(_at("v1/ideogram-v3/edit", {}), {"mask": [mask]}))

    assert isinstance(error, ProviderError)
    assert error.code == "invalid_value"
    assert bench.fake.seen == []


@at_ideogram
def test_p8_pictures_that_are_not_safe_are_left_out_and_refused_if_all_are(bench: Bench) -> None:
    safe = {"url": f"{bench.fake.url}/files/a.png", "is_image_safe": True, "seed": 5}
    bad = {"url": None, "is_image_safe": False}
    call = _at("v1/ideogram-v3/generate", {"prompt": "a cat", "num_images": 2})

    bench.fake.say_instead(json.dumps({"data": [bad, safe]}).encode())
    some = bench.submit(call)
    bench.fake.say_instead(json.dumps({"data": [bad, bad]}).encode())
    none = bench.submit(call)

    assert isinstance(some, Done)
    assert len(some.answer.files) == 1
    assert isinstance(none, ContentRefused)


@at_ideogram
def test_descriptions_are_one_text(bench: Bench) -> None:
    came = bench.submit(_at("describe", {}, image_file="image"))

    assert isinstance(came, Done)
    assert came.answer.data == {"text": "A cat.\n\nA cat in the sun."}


@at_ideogram
def test_lists_of_texts_are_a_part_each(bench: Bench) -> None:
    bench.submit(_at("v1/ideogram-v3/generate", {"prompt": "x", "style_codes": ["AA", "BB"]}))

    codes = [part.text for part in bench.fake.seen[0].form if part.name == "style_codes"]
    assert codes == ["AA", "BB"]


# --- Stability AI


@at_stability
def test_a_variant_behind_a_colon_is_the_field_model(bench: Bench) -> None:
    bench.submit(_at("v2beta/stable-image/generate/sd3:sd3.5-medium", {"prompt": "a cat"}))

    sent = bench.fake.seen[0]
    assert sent.path == "/v2beta/stable-image/generate/sd3"
    assert sent.fields == {"prompt": "a cat", "model": "sd3.5-medium"}


@at_stability
def test_seed_and_bytes_are_taken_from_the_answer(bench: Bench) -> None:
    came = bench.submit(_at("v2beta/stable-image/generate/core", {"prompt": "a cat"}))

    assert isinstance(came, Done)
    assert came.answer.data == {"seed": 4_294_967_294}


@at_stability
def test_p8_a_blurred_picture_is_a_refusal_with_status_200(bench: Bench) -> None:
    bench.fake.script(Outcome.REFUSED)

    came = bench.submit(_at("v2beta/stable-image/generate/core", {"prompt": "a cat"}))

    assert isinstance(came, ContentRefused)


@at_stability
def test_p8_a_refusal_told_as_json_is_one(bench: Bench) -> None:
    bench.fake.say_instead(b'{"finish_reason": "CONTENT_FILTERED", "image": ""}')

    came = bench.submit(_at("v2beta/stable-image/generate/core", {"prompt": "a cat"}))

    assert isinstance(came, ContentRefused)


@at_stability
def test_p8_403_is_moderation_or_the_account_by_its_name(bench: Bench) -> None:
    call = _at("v2beta/stable-image/generate/core", {"prompt": "a cat"})

    bench.fake.say_instead(b'{"name": "content_moderation", "errors": ["no"]}', status=403)
    refused = bench.submit(call)
    bench.fake.say_instead(b'{"name": "forbidden", "errors": ["no"]}', status=403)
    blocked = bench.submit(call)
    bench.fake.say_instead(
        b'{"name": "forbidden", "errors": ["It violates a policy."]}', status=403
    )
    in_words = bench.submit(call)

    assert isinstance(refused, ContentRefused)
    assert isinstance(blocked, AccountBlocked)
    assert isinstance(in_words, ContentRefused)


@at_stability
def test_bytes_of_another_kind_are_no_picture(bench: Bench) -> None:
    bench.fake.say_instead(b"<html>", kind="text/html")

    came = bench.submit(_at("v2beta/stable-image/generate/core", {"prompt": "a cat"}))

    assert isinstance(came, Unanswered)


@at_stability
def test_an_expired_result_is_an_end(bench: Bench) -> None:
    error = bench.poll({"id": "job-9999"})

    assert isinstance(error, ProviderError)
    assert not error.retryable
