"""What is particular to Kling, ModelArk, Luma and MiniMax."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from common.clock import FixedClock
from executor.providers.adapters.bytedance import BytedanceAdapter
from executor.providers.adapters.kling import KlingAdapter
from executor.providers.adapters.luma import LumaAdapter
from executor.providers.adapters.minimax import MinimaxAdapter
from executor.providers.adapters.runway import RunwayAdapter
from executor.providers.base import Done, Failed, KeyCheck, Submitted
from executor.providers.errors import (
    AccountBlocked,
    ContentRefused,
    ProviderError,
    Unanswered,
)
from executor.providers.outputs import MAX_FILES
from executor.providers.tokens import signed
from tests.providers import bytedance, kling, luma, minimax, runway
from tests.providers.base import Outcome
from tests.providers.courses import Bench, Benches
from tests.providers.samples import request_of, sample_call, sample_file


@pytest.fixture
def at_kling(benches: Benches) -> Bench:
    return benches.of(KlingAdapter, kling.FAKE)


@pytest.fixture
def at_ark(benches: Benches) -> Bench:
    return benches.of(BytedanceAdapter, bytedance.FAKE)


@pytest.fixture
def at_runway(benches: Benches) -> Bench:
    return benches.of(RunwayAdapter, runway.FAKE)


@pytest.fixture
def at_luma(benches: Benches) -> Bench:
    return benches.of(LumaAdapter, luma.FAKE)


@pytest.fixture
def at_minimax(benches: Benches) -> Bench:
    return benches.of(MinimaxAdapter, minimax.FAKE)


def sent(bench: Bench, operation: str, fake: Any) -> Any:
    """Return the body that the sample call of an operation is sent with."""
    bench.submit(sample_call(fake, operation))
    return bench.fake.jobs[0].request.body


# --- Kling


def test_a_token_is_signed_as_the_standard_has_it() -> None:
    claims = {"sub": "1234567890", "name": "John Doe", "iat": 1516239022}

    token = signed(claims, "your-256-bit-secret")

    assert token.startswith("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwi")
    assert token.endswith(".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c")


def test_a_token_of_another_time_is_no_key(at_kling: Bench) -> None:
    class Late(KlingAdapter):
        clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))

    late = Bench(at_kling._runner, at_kling._transport, Late, at_kling.fake)

    assert isinstance(at_kling.check(), KeyCheck)
    assert isinstance(late.check(), AccountBlocked)


def test_what_is_left_of_the_packs_is_told(at_kling: Bench) -> None:
    assert at_kling.check() == KeyCheck("118 units")


def test_a_job_that_is_in_no_list_was_never_taken(at_kling: Bench) -> None:
    assert at_kling.look_up() is None


def test_x34_a_task_without_a_name_may_be_ours_and_keeps_us_from_asking_again(
    at_kling: Bench,
) -> None:
    at_kling.submit(sample_call(kling, "try-on"))
    at_kling.fake.jobs[0].reference = ""

    assert isinstance(at_kling.look_up(), Unanswered)


def test_a_task_without_a_name_from_before_our_time_is_not_ours(at_kling: Bench) -> None:
    fake = at_kling.fake
    assert isinstance(fake, kling.FakeKling)
    at_kling.submit(sample_call(kling, "try-on"))
    fake.jobs[0].reference = ""
    fake.age_s = 3_600

    found = at_kling.look_up()
    fake.age_s = 0

    assert found is None


def test_our_job_is_found_behind_those_of_others(at_kling: Bench) -> None:
    at_kling.submit(sample_call(kling, "try-on"))
    ours = at_kling.fake.jobs[0]
    others = [dataclasses.replace(ours, id=f"other-{n}", reference=f"o{n}") for n in range(600)]
    at_kling.fake.jobs.extend(others)

    assert at_kling.look_up() == {"endpoint": "images/kolors-virtual-try-on", "id": ours.id}


def test_an_address_of_another_making_is_not_polled(at_kling: Bench) -> None:
    came = at_kling.poll({"endpoint": "../../account", "id": "1"})

    assert isinstance(came, ProviderError)
    assert at_kling.fake.seen == []


def test_an_omni_model_gets_its_media_in_lists(at_kling: Bench) -> None:
    body = sent(at_kling, "video-to-video", kling)

    assert [item.get("type") for item in body["image_list"]] == [None, "first_frame"]
    assert body["video_list"] == [
        {
            "video_url": "https://files.example.com/in/f-video.mp4",
            "refer_type": "base",
            "keep_original_sound": "yes",
        }
    ]
    assert body.keys().isdisjoint({"images", "first_frame", "video", "refer_type"})


@pytest.mark.parametrize("operation", ["try-on", "text-to-video"])
def test_a_job_is_looked_for_where_it_was_asked_for(at_kling: Bench, operation: str) -> None:
    at_kling.submit(sample_call(kling, operation))
    at_kling.fake.seen.clear()

    found = at_kling.look_up()

    assert isinstance(found, dict)
    assert [seen.path for seen in at_kling.fake.seen] == [f"/v1/{found['endpoint']}"]


# --- ModelArk


def test_a_film_is_asked_for_by_a_list_of_parts(at_ark: Bench) -> None:
    body = sent(at_ark, "image-to-video", bytedance)

    kinds = [(part["type"], part.get("role")) for part in body["content"]]
    assert kinds == [("text", None), ("image_url", "first_frame"), ("image_url", "last_frame")]
    assert body["callback_url"].startswith("https://")
    assert "prompt" not in body


def test_pictures_that_were_made_beside_refused_ones_are_given(at_ark: Bench) -> None:
    refused = b'{"error": {"code": "OutputImageSensitiveContentDetected", "message": "no"}}'
    at_ark.fake.say_instead(b'{"data": [{"url": "https://x.example.com/1.png"}, %b]}' % refused)

    came = at_ark.submit(sample_call(bytedance, "text-to-image"))

    assert isinstance(came, Done)
    assert [file.url for file in came.answer.files] == ["https://x.example.com/1.png"]
    assert came.answer.data["missing"] == 1


def test_pictures_that_were_all_refused_are_a_refusal(at_ark: Bench) -> None:
    refused = b'{"error": {"code": "OutputImageSensitiveContentDetected", "message": "no"}}'
    at_ark.fake.say_instead(b'{"data": [%b, %b]}' % (refused, refused))

    assert isinstance(at_ark.submit(sample_call(bytedance, "text-to-image")), ContentRefused)


def test_a_film_tells_its_seed_tokens_and_last_frame(at_ark: Bench) -> None:
    answer = at_ark.course(sample_call(bytedance, "image-to-video")).answer

    assert [file.kind for file in answer.files] == ["video", "image"]
    assert answer.data == {"seed": 7, "usage": {"output_tokens": 108_900, "seconds": 5}}


def test_x38_one_model_that_is_not_open_leaves_the_account_open_for_others(
    at_ark: Bench, at_kling: Bench
) -> None:
    at_ark.fake.say_instead(b'{"error": {"code": "AccessDenied", "message": "no"}}', status=403)
    at_kling.fake.say_instead(b'{"code": 1103, "message": "no"}', status=403)

    errors = [
        at_ark.submit(sample_call(bytedance, "text-to-image")),
        at_kling.submit(sample_call(kling, "try-on")),
    ]

    assert [type(error) for error in errors] == [ProviderError, ProviderError]
    assert [getattr(error, "code", "") for error in errors] == ["provider_unavailable"] * 2


def test_p7_more_files_than_anybody_asked_for_are_left(at_ark: Bench, at_runway: Bench) -> None:
    many = b",".join(b'{"url": "https://x.example.com/%d.png"}' % n for n in range(500))
    at_ark.fake.say_instead(b'{"data": [%b]}' % many)
    pictures = at_ark.submit(sample_call(bytedance, "text-to-image"))
    came = at_runway.submit(sample_call(runway, "text-to-image"))
    assert isinstance(came, Submitted)
    urls = b",".join(b'"https://x.example.com/%d.png"' % n for n in range(500))
    at_runway.fake.say_instead(b'{"status": "SUCCEEDED", "output": [%b]}' % urls)

    films = at_runway.poll(came.handle)

    assert isinstance(pictures, Done)
    assert isinstance(films, Done)
    assert [len(done.answer.files) for done in (pictures, films)] == [MAX_FILES] * 2


def test_a_file_for_a_part_that_nobody_plays_is_an_error(at_ark: Bench) -> None:
    call = sample_call(bytedance, "image-to-video")
    odd = dataclasses.replace(call, media={"music": call.media["first_frame"]})

    assert isinstance(at_ark.submit(odd), ProviderError)
    assert at_ark.fake.seen == []


# --- Luma


def test_a_file_that_luma_cannot_fetch_is_an_error_before_anything_is_asked(at_luma: Bench) -> None:
    request = request_of(sample_call(luma, "image-to-video"), with_urls=False)

    came = at_luma.submit_request(request)

    assert isinstance(came, ProviderError)
    assert came.code == "provider_unavailable"
    assert at_luma.fake.seen == []


def test_pictures_to_go_by_have_their_weights(at_luma: Bench) -> None:
    body = sent(at_luma, "text-to-image", luma)

    url = "https://files.example.com/in/f-image.png"
    assert body["image_ref"] == [{"url": url}] * 2
    assert body["style_ref"] == [{"url": url, "weight": 0.4}]
    assert body["character_ref"] == {"identity0": {"images": [url]}}
    assert "style_ref_weight" not in body


def test_refused_prompts_are_told_from_wrong_inputs(at_luma: Bench) -> None:
    at_luma.fake.say_instead(b'{"detail": "Prompt failed moderation"}', status=400)
    refused = at_luma.submit(sample_call(luma, "text-to-video"))
    at_luma.fake.say_instead(b'{"detail": "duration must be 5s or 9s"}', status=400)
    wrong = at_luma.submit(sample_call(luma, "text-to-video"))

    assert isinstance(refused, ContentRefused)
    assert isinstance(wrong, ProviderError)
    assert wrong.code == "invalid_value"


def test_the_money_that_is_left_is_told(at_luma: Bench) -> None:
    assert at_luma.check() == KeyCheck("$12.34")


# --- MiniMax


def test_a_film_that_failed_for_a_passing_reason_is_failed_all_the_same(at_minimax: Bench) -> None:
    came = at_minimax.submit(sample_call(minimax, "text-to-video"))
    assert isinstance(came, Submitted)
    at_minimax.fake.say_instead(b'{"status": "Fail", "base_resp": {"status_code": 1000}}')

    assert isinstance(at_minimax.poll(came.handle), Failed)


def test_a_job_of_the_first_api_is_found_by_the_name_alone(at_minimax: Bench) -> None:
    at_minimax.submit(sample_call(minimax, "text-to-video"))
    at_minimax.submit(sample_call(minimax, "video-v2"))

    assert at_minimax.look_up("job-0001") == {"api": 1, "id": "job-0001"}
    assert at_minimax.look_up("job-0002") == {"api": 2, "id": "job-0002"}


@pytest.mark.parametrize(
    ("code", "kind"), [(1001, Unanswered), (1000, ProviderError), (1024, ProviderError)]
)
def test_a_provider_that_waited_in_vain_for_itself_may_have_done_it(
    at_minimax: Bench, code: int, kind: type
) -> None:
    at_minimax.fake.say_instead(b'{"base_resp": {"status_code": %d}}' % code)

    assert isinstance(at_minimax.submit(sample_call(minimax, "text-to-speech")), kind)


def test_a_film_that_failed_by_waiting_is_failed(at_minimax: Bench) -> None:
    came = at_minimax.submit(sample_call(minimax, "text-to-video"))
    assert isinstance(came, Submitted)
    at_minimax.fake.say_instead(b'{"status": "Fail", "base_resp": {"status_code": 1001}}')

    assert isinstance(at_minimax.poll(came.handle), Failed)


def test_a_film_that_was_refused_is_found_by_its_name_all_the_same(at_minimax: Bench) -> None:
    at_minimax.submit(sample_call(minimax, "text-to-video"))
    refused = b'{"task_id": "job-0001", "status": "Fail", "base_resp": {"status_code": 1026}}'
    at_minimax.fake.say_instead(refused, after=1)

    assert at_minimax.look_up("job-0001") == {"api": 1, "id": "job-0001"}


def test_jobs_of_the_first_api_are_not_ended_and_those_of_the_second_are(at_minimax: Bench) -> None:
    for operation in ("text-to-video", "video-v2"):
        came = at_minimax.submit(sample_call(minimax, operation))
        assert isinstance(came, Submitted)
        at_minimax.cancel(came.handle)

    assert [job.is_cancelled for job in at_minimax.fake.jobs] == [False, True]


def test_speech_comes_as_bytes_with_its_length(at_minimax: Bench) -> None:
    answer = at_minimax.course(sample_call(minimax, "text-to-speech")).answer

    assert answer.files[0].data == sample_file("audio")
    assert answer.data == {"usage": {"characters": 11, "seconds": 1.5}}


def test_a_chat_has_its_roles_and_its_words_are_clean(at_minimax: Bench) -> None:
    answer = at_minimax.course(sample_call(minimax, "chat")).answer

    body = at_minimax.fake.jobs[0].request.body
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert answer.data["text"] == "A  kite."
    assert answer.data["usage"] == {"input_tokens": 9, "output_tokens": 4}


def test_an_error_that_comes_with_a_status_of_200_is_one(at_minimax: Bench) -> None:
    at_minimax.fake.script(Outcome.OUT_OF_CREDIT)

    assert isinstance(at_minimax.submit(sample_call(minimax, "chat")), AccountBlocked)
