"""What is particular to Google: names in the body, words of refusal, sound without a head."""

import base64
import dataclasses
import json
from urllib.parse import urlsplit

import pytest

from common.fetch import FetchPolicy
from executor.providers import gemini
from executor.providers.adapters.google import GoogleAdapter
from executor.providers.answers import MAX_TEXT
from executor.providers.base import Done, Failed, InputFile, Request, Submitted
from executor.providers.errors import (
    AccountBlocked,
    ContentRefused,
    ProviderError,
    RateLimited,
    Unanswered,
)
from executor.providers.transport import MAX_ANSWER_BYTES, Rejection, Transport
from tests.providers.courses import Bench, Benches
from tests.providers.google import PCM, FakeGoogle
from tests.providers.samples import sample_media
from workflows.catalogue.remote import ProviderCall

SAMPLE_RATE_AT = slice(24, 28)  # of a WAV file's head


@pytest.fixture
def bench(benches: Benches) -> Bench:
    return benches.of(GoogleAdapter, FakeGoogle)


def _call(operation: str, model: str, body: object, **media: str) -> ProviderCall:
    files = {name: [sample_media(kind)] for name, kind in media.items()}
    assert isinstance(body, dict)
    return ProviderCall(provider="google", model=model, operation=operation, body=body, media=files)


def test_prompt_instructions_and_files_become_contents(bench: Bench) -> None:
    body = {"prompt": "What?", "system": "Be brief.", "generationConfig": {"temperature": 0}}

    bench.submit(_call("vision", "gemini-3.8-flash", body, image="image"))

    sent = bench.fake.seen[0].body
    assert [list(part) for part in sent["contents"][0]["parts"]] == [["inlineData"], ["text"]]
    assert sent["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert sent["generationConfig"] == {"temperature": 0}


def test_a_picture_model_is_told_to_give_pictures(bench: Bench) -> None:
    bench.submit(_call("text-to-image", "gemini-3-pro-image", {"prompt": "a cat"}))

    assert bench.fake.seen[0].body["generationConfig"]["responseModalities"] == ["IMAGE"]


def test_text_has_no_thoughts_in_it_and_tokens_are_counted(bench: Bench) -> None:
    came = bench.submit(_call("chat", "gemini-3.8-flash", {"prompt": "How many?"}))

    assert isinstance(came, Done)
    usage = {"input_tokens": 12, "output_tokens": 30}
    assert came.answer.data == {"text": "Two cats.", "usage": usage}


def test_json_is_read_where_it_was_asked_for(bench: Bench) -> None:
    body = {"prompt": "?", "generationConfig": {"responseMimeType": "application/json"}}

    came = bench.submit(_call("chat", "gemini-3.8-flash", body))

    assert isinstance(came, Done)
    assert came.answer.data["json"] == {"cats": 2}


def test_json_in_a_fence_is_taken_out_of_it() -> None:
    parts = [{"text": '```json\n{"cats": '}, {"text": "2}\n```"}]

    read = gemini.generated({"candidates": [{"content": {"parts": parts}}]}, "text", is_json=True)

    assert read.data == {"text": '{"cats": 2}', "json": {"cats": 2}}


def test_p7_json_is_cut_where_the_text_is() -> None:
    parts = [{"text": "[" + '"x",' * 40_000}, {"text": '"x",' * 40_000 + "1]"}]

    read = gemini.generated({"candidates": [{"content": {"parts": parts}}]}, "text", is_json=True)

    assert len(read.data["text"]) == MAX_TEXT
    assert "json" not in read.data


def test_a_picture_larger_than_answers_usually_are_is_taken(bench: Bench) -> None:
    content = base64.b64encode(bytes(MAX_ANSWER_BYTES)).decode()
    part = {"inlineData": {"mimeType": "image/png", "data": content}}
    said = json.dumps({"candidates": [{"content": {"parts": [part]}}]}).encode()
    call = _call("text-to-image", "gemini-3-pro-image", {"prompt": "a cat"})

    bench.fake.say_instead(said)

    assert isinstance(bench.submit(call), Done)


def test_p7_a_customers_server_is_not_trusted_with_so_large_an_answer(bench: Bench) -> None:
    account = dataclasses.replace(bench.fake.account(), guarded=True)
    port = urlsplit(account.base_url).port
    assert port is not None
    bench.fake.say_instead(b" " * (MAX_ANSWER_BYTES + 1))

    async def asked() -> None:
        async with Transport(allow=FetchPolicy(frozenset({port}))) as transport:
            await GoogleAdapter(transport, account).check()

    with pytest.raises(Unanswered, match="too large"):
        bench.run(asked())


def test_bare_samples_get_the_head_of_a_wav_file(bench: Bench) -> None:
    came = bench.submit(_call("text-to-speech", "gemini-3.8-flash-tts", {"prompt": "Hello."}))

    assert isinstance(came, Done)
    content = came.answer.files[0].data
    assert content is not None
    assert content.endswith(PCM)
    assert int.from_bytes(content[SAMPLE_RATE_AT], "little") == 24_000


def test_films_are_fetched_with_the_key_from_google_alone() -> None:
    block = {"uri": "https://elsewhere.example.com/film.mp4"}

    ours = gemini.media_file(block, "video", lambda _: True)
    theirs = gemini.media_file(block, "video", lambda _: False)

    assert ours is not None
    assert theirs is not None
    assert (ours.needs_key, theirs.needs_key) == (True, False)


def test_films_of_interactions_come_by_address(bench: Bench) -> None:
    body = {"prompt": "waves", "response_format": {"type": "video"}}

    bench.submit(_call("interaction", "gemini-omni-1.1-flash", body))

    sent = bench.fake.seen[0].body
    assert sent["response_format"] == {"delivery": "uri", "type": "video"}
    assert (sent["background"], sent["store"]) == (True, True)


def test_what_early_lyria_models_give_is_read_as_well() -> None:
    answer = {"outputs": [{"type": "text", "text": "la"}, {"type": "audio", "data": "UklGRg=="}]}

    read = gemini.interacted(answer, "audio", lambda _: False)

    assert read.data == {"text": "la"}
    assert read.files[0].data == b"RIFF"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("SAFETY", ContentRefused),
        ("IMAGE_RECITATION", ContentRefused),
        ("NO_IMAGE", ProviderError),
    ],
)
def test_p8_reasons_to_finish_tell_refusals_from_failures(
    reason: str, kind: type[ProviderError]
) -> None:
    with pytest.raises(kind) as caught:
        gemini.generated({"candidates": [{"finishReason": reason}]}, "image", is_json=False)

    assert type(caught.value) is kind
    assert caught.value.retryable == (reason == "NO_IMAGE")


def test_an_answer_cut_off_before_it_began_says_so() -> None:
    answer = {"candidates": [{"finishReason": "MAX_TOKENS"}]}

    with pytest.raises(ProviderError, match="tokens"):
        gemini.generated(answer, "text", is_json=False)


def test_an_operation_of_an_odd_name_is_not_asked_for(bench: Bench) -> None:
    bench.fake.say_instead(b'{"name": "models/x/operations/../../secret"}')

    came = bench.submit(_call("text-to-video", "veo-3.1-generate-001", {"prompt": "waves"}))

    assert isinstance(came, Unanswered)


def test_a_forgotten_job_is_an_end_and_a_broken_answer_is_none(bench: Bench) -> None:
    came = bench.submit(_call("text-to-video", "veo-3.1-generate-001", {"prompt": "waves"}))
    assert isinstance(came, Submitted)
    bench.fake.jobs.clear()

    gone = bench.poll(came.handle)
    bench.fake.say_instead(b"{}")
    broken = bench.poll(came.handle)

    assert isinstance(gone, ProviderError)
    assert not gone.retryable
    assert isinstance(broken, Unanswered)


def test_a_film_of_which_nothing_is_left_was_filtered() -> None:
    filtered = {"generateVideoResponse": {"raiMediaFilteredReasons": ["A celebrity."]}}

    with pytest.raises(ContentRefused):
        gemini.filmed({"done": True, "response": filtered}, lambda _: False)


def test_an_error_of_a_job_is_no_error_of_asking(bench: Bench) -> None:
    came = bench.submit(_call("text-to-video", "veo-3.1-generate-001", {"prompt": "waves"}))
    assert isinstance(came, Submitted)
    bench.fake.say_instead(b'{"name": "x", "done": true, "error": {"code": 13, "message": "Oh."}}')

    ended = bench.poll(came.handle)

    assert isinstance(ended, Failed)
    assert ended.error.message == "Oh."


def test_a_file_that_is_too_large_is_refused_before_anything_is_sent(bench: Bench) -> None:
    huge = InputFile("video/mp4", None, lambda: b"", gemini.MAX_INLINE_BYTES + 1)
    call = _call("vision", "gemini-3.8-flash", {"prompt": "What?"})

    came = bench.submit_request(Request(call, {"video": [huge]}))

    assert isinstance(came, ProviderError)
    assert came.code == "invalid_value"
    assert bench.fake.seen == []


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"status": "INVALID_ARGUMENT", "message": "no"}, ProviderError),
        (400, {"status": "FAILED_PRECONDITION"}, AccountBlocked),
        (400, {"details": [{"reason": "API_KEY_INVALID"}]}, AccountBlocked),
        (404, {"status": "NOT_FOUND"}, ProviderError),
        (429, {"status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "1.5s"}]}, RateLimited),
    ],
)
@pytest.mark.parametrize("is_in_list", [True, False])
def test_errors_are_read_in_a_list_or_without(
    bench: Bench, status: int, error: object, kind: type[ProviderError], is_in_list: bool
) -> None:
    said = [{"error": error}] if is_in_list else {"error": error}
    rejection = Rejection(status, {}, json.dumps(said).encode(), None)

    judged = GoogleAdapter(Transport(), bench.fake.account()).judge(rejection)

    assert type(judged) is kind
    if isinstance(judged, RateLimited):
        assert judged.retry_after_s == 1.5
