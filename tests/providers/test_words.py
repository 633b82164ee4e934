"""Adapters that give words: what they send, and what they make of answers that end early."""

import dataclasses
import io
import json
from typing import Any

import pytest
from PIL import Image

from executor.media.formats import FORMATS
from executor.providers.adapters.anthropic import AnthropicAdapter
from executor.providers.adapters.elevenlabs import ElevenLabsAdapter
from executor.providers.adapters.openai import OpenAiAdapter
from executor.providers.adapters.openai_compatible import OpenAiCompatibleAdapter
from executor.providers.base import Done, InputFile, Request, Submitted
from executor.providers.errors import (
    AccountBlocked,
    ContentRefused,
    Overloaded,
    ProviderError,
    RateLimited,
    Unanswered,
)
from executor.providers.forms import file_name, text_parts
from tests.providers import anthropic, elevenlabs, openai, openai_compatible
from tests.providers.courses import Bench, Benches
from tests.providers.samples import sample_call, sample_file, sample_media
from workflows.catalogue.remote import ProviderCall


@pytest.fixture
def at_openai(benches: Benches) -> Bench:
    return benches.of(OpenAiAdapter, openai.FAKE)


@pytest.fixture
def at_server(benches: Benches) -> Bench:
    return benches.of(OpenAiCompatibleAdapter, openai_compatible.FAKE)


@pytest.fixture
def at_anthropic(benches: Benches) -> Bench:
    return benches.of(AnthropicAdapter, anthropic.FAKE)


@pytest.fixture
def at_elevenlabs(benches: Benches) -> Bench:
    return benches.of(ElevenLabsAdapter, elevenlabs.FAKE)


def answered(bench: Bench, call: ProviderCall, answer: Any, status: int = 200) -> Any:
    """Return what an adapter makes of an answer."""
    bench.fake.say_instead(json.dumps(answer).encode(), status=status)
    return bench.submit(call)


def data_of(came: Any) -> Any:
    assert isinstance(came, Done), came
    return came.answer.data


def test_openai_keeps_nothing_of_what_it_is_asked(at_openai: Bench) -> None:
    data = data_of(at_openai.submit(sample_call(openai, "chat")))

    assert data == {"text": "A red fox.", "usage": {"input_tokens": 12, "output_tokens": 4}}
    assert at_openai.fake.seen[-1].body == {
        "model": "gpt-6-luna",
        "reasoning": {"effort": "low"},
        "instructions": "be brief",
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "name an animal"}]}],
        "store": False,
    }


def test_json_that_was_asked_for_comes_as_json(
    at_openai: Bench, at_server: Bench, at_anthropic: Bench
) -> None:
    benches = {at_openai: openai, at_server: openai_compatible, at_anthropic: anthropic}

    found = [data_of(bench.submit(sample_call(made, "vision"))) for bench, made in benches.items()]

    assert [data["json"] for data in found] == [{"answer": 42}] * 3
    assert [data["text"] for data in found] == ['{"answer": 42}'] * 3


def test_json_of_any_shape_can_be_asked_for(
    at_openai: Bench, at_server: Bench, at_anthropic: Bench
) -> None:
    calls = {
        bench: sample_call(made, "chat")
        for bench, made in (
            (at_openai, openai),
            (at_server, openai_compatible),
            (at_anthropic, anthropic),
        )
    }

    for bench, call in calls.items():
        bench.submit(dataclasses.replace(call, body={**call.body, "json_mode": True}))

    asked = [bench.fake.seen[-1].body for bench in calls]
    assert asked[0]["text"] == {"format": {"type": "json_object"}}
    assert asked[1]["response_format"] == {"type": "json_object"}
    systems = [asked[0]["instructions"], asked[1]["messages"][0]["content"], asked[2]["system"]]
    assert [system.startswith("be brief\n") and "JSON" in system for system in systems] == [
        True
    ] * 3


def test_json_in_a_fence_is_taken_out_of_it(at_anthropic: Bench) -> None:
    call = ProviderCall("anthropic", "m", {"prompt": "x", "json_mode": True}, operation="chat")
    said = {"content": [{"type": "text", "text": '```json\n{"a": 1}\n```'}], "usage": {}}

    data = data_of(answered(at_anthropic, call, said))

    assert data == {"text": '{"a": 1}', "json": {"a": 1}, "usage": {}}


def test_a_message_without_pictures_is_plain_text_to_a_server(at_server: Bench) -> None:
    at_server.submit(sample_call(openai_compatible, "chat"))

    assert at_server.fake.seen[-1].body["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "name an animal"},
    ]


def test_a_server_without_a_key_is_asked_without_one(at_server: Bench) -> None:
    adapter = at_server.adapter()
    account = adapter.account  # type: ignore[attr-defined]

    assert adapter.key_headers() == {"Authorization": f"Bearer {account.key}"}
    keyless = OpenAiCompatibleAdapter(adapter.transport, type(account)("x", account.base_url))  # type: ignore[attr-defined]
    assert keyless.key_headers() == {}


MESSAGE = {"type": "message", "content": [{"type": "output_text", "text": "half"}]}
REFUSAL = {"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": "completed", "output": [REFUSAL]}, ContentRefused),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, ContentRefused),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, ProviderError),
        ({"status": "failed", "error": {"code": "rate_limit_exceeded"}}, RateLimited),
        ({"status": "failed", "error": {"code": "invalid_prompt", "message": "x"}}, ContentRefused),
        ({"status": "failed", "error": {"code": "server_error"}}, ProviderError),
        ({"status": "failed", "error": {"code": "image_too_large", "message": "x"}}, ProviderError),
        ({"status": "queued", "output": []}, Unanswered),
        ({"status": "completed", "output": []}, Unanswered),
    ],
)  # fmt: skip
def test_a_response_that_is_not_whole_is_told_apart(
    at_openai: Bench, answer: Any, kind: type[Exception]
) -> None:
    assert type(answered(at_openai, sample_call(openai, "chat"), answer)) is kind


def test_what_was_said_before_the_limit_is_kept(at_openai: Bench) -> None:
    cut = {
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
        "output": [MESSAGE],
    }

    assert data_of(answered(at_openai, sample_call(openai, "chat"), cut))["text"] == "half"


@pytest.mark.parametrize(
    ("choice", "kind"),
    [
        ({"message": {"content": ""}, "finish_reason": "content_filter"}, ContentRefused),
        ({"message": {"content": None, "refusal": "no"}, "finish_reason": "stop"}, ContentRefused),
        ({"message": {"content": ""}, "finish_reason": "length"}, ProviderError),
        ({"message": {"content": None}, "finish_reason": "length"}, ProviderError),
        ({"message": {"content": None}, "finish_reason": "tool_calls"}, Unanswered),
        ({"message": {"content": [{"type": "text", "text": "a"}]}, "finish_reason": "stop"}, Done),
    ],
)
def test_a_choice_that_is_not_whole_is_told_apart(
    at_server: Bench, choice: Any, kind: type[Any]
) -> None:
    came = answered(at_server, sample_call(openai_compatible, "chat"), {"choices": [choice]})

    assert type(came) is kind


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (400, "invalid_request_error", ProviderError),
        (413, "request_too_large", ProviderError),
        (504, "timeout_error", Unanswered),
        (529, "overloaded_error", Overloaded),
        (529, None, Overloaded),
        (504, None, Unanswered),
    ],
)
def test_anthropic_says_by_a_type_what_went_wrong(
    at_anthropic: Bench, status: int, kind: str | None, error: type[Exception]
) -> None:
    said = {"type": "error", "error": {"type": kind, "message": "m"}}

    assert type(answered(at_anthropic, sample_call(anthropic, "chat"), said, status)) is error


def test_a_message_that_hits_its_limit_before_a_word_is_an_error(at_anthropic: Bench) -> None:
    said = {"content": [], "stop_reason": "max_tokens"}

    assert isinstance(answered(at_anthropic, sample_call(anthropic, "chat"), said), ProviderError)


def test_a_picture_that_anthropic_does_not_take_is_refused_before_it_is_sent(
    at_anthropic: Bench,
) -> None:
    call = sample_call(anthropic, "vision")
    files = [
        InputFile("image/tiff", None, lambda: b"II*", 3),
        InputFile("image/png", None, bytes, 6_000_000),
    ]

    errors = [at_anthropic.submit_request(Request(call, {"image": [file]})) for file in files]

    assert [getattr(error, "code", None) for error in errors] == ["invalid_value"] * 2
    assert at_anthropic.fake.seen == []


def test_a_mask_is_transparent_where_ours_is_white(at_openai: Bench) -> None:
    mask = Image.new("L", (4, 4), 0)
    mask.putpixel((1, 2), 255)
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    files = {
        "image": [InputFile("image/png", None, lambda: sample_file("image"), 100)],
        "mask": [InputFile("image/png", None, buffer.getvalue, 100)],
    }

    came = at_openai.submit_request(Request(sample_call(openai, "inpaint"), files))

    assert isinstance(came, Done)
    part = at_openai.fake.seen[-1].part("mask")
    assert part is not None
    with Image.open(io.BytesIO(part.content)) as sent:
        assert sent.mode == "RGBA"
        alpha = sent.getchannel("A")
    assert [alpha.getpixel(at) for at in ((1, 2), (0, 0))] == [0, 255]


@pytest.mark.parametrize("content", [b"", b"no picture", sample_file("video")])
def test_a_mask_that_is_no_picture_is_refused_before_anything_is_sent(
    at_openai: Bench, content: bytes
) -> None:
    files = {"mask": [InputFile("image/png", None, lambda: content, len(content))]}

    error = at_openai.submit_request(Request(sample_call(openai, "inpaint"), files))

    assert isinstance(error, ProviderError)
    assert error.code == "invalid_value"
    assert at_openai.fake.seen == []


def test_every_format_that_is_taken_has_an_ending_that_says_what_it_is() -> None:
    files = [InputFile(each.content_type, None, bytes) for each in FORMATS.values()]

    assert [file.content_type for file in files if file_name(file).endswith(".bin")] == []


def test_an_object_in_a_form_is_json() -> None:
    values = {"chunking_strategy": {"type": "server_vad"}, "n": 2, "x": True, "list": [0.5]}

    parts = text_parts(values, list_mark="[]")

    assert [(part.name, part.value) for part in parts] == [
        ("chunking_strategy", '{"type":"server_vad"}'),
        ("n", "2"),
        ("x", "true"),
        ("list[]", "0.5"),
    ]


def test_a_list_of_texts_gives_a_list_of_vectors(at_openai: Bench) -> None:
    call = ProviderCall(
        "openai", "text-embedding-3-small", {"input": ["a", "b"]}, operation="embedding"
    )

    assert data_of(at_openai.submit(call))["json"] == [[0.5] * 8, [0.75] * 8]


def test_a_transcript_tells_who_said_what_when(at_elevenlabs: Bench, at_openai: Bench) -> None:
    spoken = data_of(at_elevenlabs.submit(sample_call(elevenlabs, "speech-to-text")))
    written = data_of(at_openai.submit(sample_call(openai, "speech-to-text")))

    assert spoken["json"] == [{"text": "Hello", "start": 0.1, "end": 0.4, "speaker": "speaker_0"}]
    assert written["json"] == [{"text": "Hello there.", "start": 0, "end": 1.5}]
    assert written["usage"] == {"seconds": 2}


@pytest.mark.parametrize("module", [openai, openai_compatible, elevenlabs])
def test_silence_is_a_transcript_too(module: Any, benches: Benches) -> None:
    classes = {
        openai: OpenAiAdapter,
        openai_compatible: OpenAiCompatibleAdapter,
        elevenlabs: ElevenLabsAdapter,
    }
    bench = benches.of(classes[module], module.FAKE)

    assert (
        data_of(answered(bench, sample_call(module, "speech-to-text"), {"text": ""}))["text"] == ""
    )


def test_the_voice_stands_in_the_path_and_the_format_in_the_query(at_elevenlabs: Bench) -> None:
    call = sample_call(elevenlabs, "text-to-speech")
    strange = ProviderCall(
        "elevenlabs",
        "m",
        {**call.body, "voice": "usual", "voice_id": "../a?b"},
        operation=call.operation,
    )

    at_elevenlabs.submit(call)
    at_elevenlabs.submit(strange)

    seen = at_elevenlabs.fake.seen
    assert seen[0].path == "/v1/text-to-speech/21m00Tcm4TlvDq8ikWAM"
    assert seen[0].query == {"output_format": "mp3_44100_128"}
    assert seen[1].params["voice_id"] == "../a?b"
    assert "voice_id" not in seen[0].body


def test_a_dubbing_that_fails_says_why(at_elevenlabs: Bench) -> None:
    came = at_elevenlabs.submit(sample_call(elevenlabs, "dubbing"))
    assert isinstance(came, Submitted)
    at_elevenlabs.fake.say_instead(b'{"status": "failed", "error": "no speech found"}')

    error = at_elevenlabs.follow(came.handle).end

    assert isinstance(error, ProviderError)
    assert error.message == "no speech found"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "voice_access_denied", ProviderError),
        (402, "paid_plan_required", ProviderError),
        (401, "free_users_not_allowed", ProviderError),
        (402, "payment_required", AccountBlocked),
        (403, None, AccountBlocked),
        (401, "quota_exceeded", AccountBlocked),
    ],
)
def test_a_voice_that_one_may_not_have_blocks_nobody_else(
    at_elevenlabs: Bench, status: int, code: str | None, kind: type[Exception]
) -> None:
    said = {"detail": {"status": code, "message": "m"}}

    assert type(answered(at_elevenlabs, sample_call(elevenlabs, "music"), said, status)) is kind


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (403, {"message": "Your organization must be verified to use the model x."}, ProviderError),
        (404, {"message": "no such model", "code": "model_not_found"}, ProviderError),
        (403, {"message": "Country not supported."}, AccountBlocked),
    ],
)
def test_a_model_that_openai_does_not_give_us_is_looked_for_elsewhere(
    at_openai: Bench, status: int, error: Any, kind: type[ProviderError]
) -> None:
    came = answered(at_openai, sample_call(openai, "chat"), {"error": error}, status)

    assert type(came) is kind
    assert (came.code, came.retryable) == ("provider_unavailable", False)


def test_a_recording_that_is_too_large_is_refused_before_it_is_read(at_elevenlabs: Bench) -> None:
    call = sample_call(elevenlabs, "speech-to-text")
    film = InputFile("audio/wav", None, lambda: pytest.fail("was read"), 500_000_000)

    error = at_elevenlabs.submit_request(Request(call, {"audio": [film]}))

    assert isinstance(error, ProviderError)
    assert error.code == "invalid_value"


def test_f16_a_dubbing_whose_id_leads_elsewhere_is_not_followed(at_elevenlabs: Bench) -> None:
    came = answered(at_elevenlabs, sample_call(elevenlabs, "dubbing"), {"dubbing_id": ".."})

    assert isinstance(came, Unanswered)


@pytest.mark.parametrize(
    "detail",
    [
        {"status": "voice_not_found", "message": "no such voice"},
        "no such voice",
        [{"loc": ["body"], "msg": "no such voice", "type": "x"}],
    ],
)
def test_elevenlabs_own_words_are_passed_on(at_elevenlabs: Bench, detail: Any) -> None:
    error = answered(at_elevenlabs, sample_call(elevenlabs, "music"), {"detail": detail}, 404)

    assert isinstance(error, ProviderError)
    assert (error.code, "no such voice" in error.message) == ("invalid_value", True)


@pytest.mark.parametrize(
    ("cls", "module"),
    [
        (OpenAiAdapter, openai),
        (OpenAiCompatibleAdapter, openai_compatible),
        (AnthropicAdapter, anthropic),
        (ElevenLabsAdapter, elevenlabs),
    ],
)
def test_an_operation_that_is_not_known_is_never_sent(
    benches: Benches, cls: Any, module: Any
) -> None:
    bench = benches.of(cls, module.FAKE)
    call = ProviderCall(cls.name, "m", {}, {"x": [sample_media("image")]}, operation="image-to-3d")

    error = bench.submit(call)

    assert isinstance(error, ProviderError)
    assert error.code == "invalid_value"
    assert bench.fake.seen == []
