"""ElevenLabs' contract: `shared/providers/elevenlabs.md`, and PyPI `elevenlabs` 2.78.0."""

import json
from typing import Any

from aiohttp import web

from tests.providers.base import (
    FakeProvider,
    Outcome,
    Seen,
    between,
    limited,
    one_of,
    raw_reply,
    reply,
    text_of,
)
from tests.providers.samples import kind_of, sample_file, sample_media
from workflows.catalogue.remote import ProviderCall

FORMATS = ("mp3_", "pcm_", "wav_", "ulaw_", "alaw_", "opus_", "auto")
SETTINGS = {"stability", "similarity_boost", "style", "speed", "use_speaker_boost"}
ERRORS = {
    Outcome.UNAUTHORIZED: (401, "invalid_api_key"),
    Outcome.OUT_OF_CREDIT: (401, "quota_exceeded"),
    Outcome.RATE_LIMITED: (429, "too_many_concurrent_requests"),
    Outcome.REFUSED: (400, "content_policy_violation"),
    Outcome.FAILED: (500, "internal_error"),
}
SEED = between(0, 4_294_967_295)


def is_settings(given: Any) -> bool:
    return isinstance(given, dict) and given.keys() <= SETTINGS


def is_flag(given: str) -> bool:
    return given in ("true", "false")


class ElevenLabsFake(FakeProvider):
    """Sounds as bytes; dubbing is a job."""

    name = "elevenlabs"

    def routes(self) -> Any:
        yield "GET", "/v1/user", self.user
        yield "POST", "/v1/text-to-speech/{voice_id}", self.speak
        yield "POST", "/v1/sound-generation", self.make_sound
        yield "POST", "/v1/music", self.make_music
        yield "POST", "/v1/voice-changer/{voice_id}", self.change_voice
        yield "POST", "/v1/audio-isolation", self.isolate
        yield "POST", "/v1/speech-to-text", self.transcribe
        yield "POST", "/v1/dubbing", self.dub
        yield "GET", "/v1/dubbing/{id}", self.show_dub
        yield "GET", "/v1/dubbing/{id}/audio/{lang}", self.dubbed

    def is_authorized(self, seen: Seen) -> bool:
        return seen.headers.get("xi-api-key") == self.key

    def refusal(self, outcome: Outcome) -> web.Response | None:
        status, code = ERRORS[outcome]
        body = {"detail": {"status": code, "message": f"{code}, see https://elevenlabs.io/help"}}
        return limited(body) if outcome is Outcome.RATE_LIMITED else reply(body, status)

    def invalid(self, message: str) -> web.Response:
        return reply(
            {"detail": [{"loc": ["body", "text"], "msg": message, "type": "value_error"}]}, 422
        )

    async def user(self, seen: Seen) -> web.Response:
        plan = {"tier": "creator", "character_count": 1_200, "character_limit": 10_000}
        return reply({"user_id": "u1", "subscription": plan})

    async def speak(self, seen: Seen) -> web.Response:
        self.expect(
            seen.body,
            required={"text": text_of(40_000)},
            optional={
                "model_id": str,
                "language_code": text_of(3),
                "voice_settings": is_settings,
                "seed": SEED,
                "previous_text": str,
                "next_text": str,
                "apply_text_normalization": one_of("auto", "on", "off"),
            },
        )
        return self._sound(seen)

    async def make_sound(self, seen: Seen) -> web.Response:
        self.expect(
            seen.body,
            required={"text": text_of(10_000)},
            optional={
                "duration_seconds": between(0.5, 30.0),
                "prompt_influence": between(0.0, 1.0),
                "loop": bool,
                "model_id": one_of("eleven_text_to_sound_v2", "eleven_text_to_sound_v3"),
            },
        )
        return self._sound(seen)

    async def make_music(self, seen: Seen) -> web.Response:
        self.expect(
            seen.body,
            optional={
                "prompt": text_of(10_000),
                "composition_plan": dict,
                "music_length_ms": between(3_000, 600_000),
                "model_id": one_of("music_v1", "music_v2", "music_v2_5"),
                "seed": SEED,
                "force_instrumental": bool,
            },
        )
        self.require(("prompt" in seen.body) != ("composition_plan" in seen.body), "one of them")
        self.require(not {"prompt", "seed"} <= seen.body.keys(), "no seed with a prompt")
        return self._sound(seen)

    async def change_voice(self, seen: Seen) -> web.Response:
        self.expect(
            seen.fields,
            optional={
                "model_id": str,
                "voice_settings": lambda given: is_settings(json.loads(given)),
                "seed": lambda given: SEED(int(given)),
                "remove_background_noise": is_flag,
            },
        )
        self._check_file(seen, "audio", "audio")
        return self._sound(seen)

    async def isolate(self, seen: Seen) -> web.Response:
        self.expect(seen.fields, optional={"file_format": one_of("other")})
        self._check_file(seen, "audio", "audio")
        return self._sound(seen)

    async def transcribe(self, seen: Seen) -> web.Response:
        self.expect(
            seen.fields,
            required={"model_id": one_of("scribe_v2", "scribe_v3")},
            optional={
                "language_code": text_of(3),
                "diarize": is_flag,
                "tag_audio_events": is_flag,
                "num_speakers": lambda given: 1 <= int(given) <= 32,
                "timestamps_granularity": one_of("none", "word", "character"),
                "temperature": lambda given: 0 <= float(given) <= 2,
                "seed": lambda given: SEED(int(given)),
            },
        )
        self._check_file(seen, "file", "audio")
        self.take(seen)
        words = [
            {"text": "Hello", "start": 0.1, "end": 0.4, "type": "word", "speaker_id": "speaker_0"},
            {"text": " ", "start": 0.4, "end": 0.5, "type": "spacing"},
        ]
        return reply({"language_code": "eng", "text": "Hello", "words": words})

    async def dub(self, seen: Seen) -> web.Response:
        self.expect(
            seen.fields,
            required={"target_lang": text_of(3)},
            optional={
                "source_lang": text_of(4),
                "num_speakers": lambda given: 0 <= int(given) <= 32,
                "drop_background_audio": is_flag,
            },
        )
        self._check_file(seen, "file", "audio")
        return reply({"dubbing_id": self.take(seen).id, "expected_duration_sec": 12.5})

    async def show_dub(self, seen: Seen) -> web.Response:
        job = self.find(seen)
        if job is None:
            return reply({"detail": {"status": "dubbing_not_found", "message": "not found"}}, 404)
        status = "dubbed" if job.is_done else "dubbing"
        return reply(
            {
                "dubbing_id": job.id,
                "name": "dub",
                "status": status,
                "target_languages": ["de"],
                "media_metadata": {"content_type": "audio/mpeg", "duration": 1.5},
            }
        )

    async def dubbed(self, seen: Seen) -> web.Response:
        job = self.job(seen.params["id"])
        self.require(job is not None and job.is_done and seen.params["lang"] == "de", "not there")
        assert job is not None
        if job.outcome is Outcome.EXPIRED_URL and job.asked_when_done < 2:
            return reply({"detail": {"status": "too_early", "message": "wait"}}, 425)
        return raw_reply(sample_file("audio"), "audio/mpeg")

    def _check_file(self, seen: Seen, name: str, kind: str) -> None:
        part = seen.part(name)
        self.require(part is not None and kind_of(part.content) == kind, f"{name} is a file")

    def _sound(self, seen: Seen) -> web.Response:
        output_format = seen.query.get("output_format", "auto")
        self.require(output_format.startswith(FORMATS), "output_format")
        self.require(seen.query.keys() <= {"output_format"}, "unknown in the query")
        self.take(seen)
        return raw_reply(sample_file("audio"), "audio/mpeg", request_id="req-1")


FAKE = ElevenLabsFake
SAMPLES = (
    ProviderCall(
        "elevenlabs",
        "eleven_v4",
        {
            "voice_id": "21m00Tcm4TlvDq8ikWAM",
            "text": "Hello.",
            "output_format": "mp3_44100_128",
            "voice_settings": {"stability": 0.5, "use_speaker_boost": True},
            "seed": 7,
        },
        operation="text-to-speech",
    ),
    ProviderCall(
        "elevenlabs",
        "eleven_text_to_sound_v3",
        {"text": "a door", "duration_seconds": 2.5, "loop": False},
        operation="sound-effect",
    ),
    ProviderCall(
        "elevenlabs",
        "music_v2_5",
        {"prompt": "a waltz", "duration": 10.5, "force_instrumental": True},
        operation="music",
    ),
    ProviderCall(
        "elevenlabs",
        "eleven_multilingual_sts_v2",
        {
            "voice": "21m00Tcm4TlvDq8ikWAM",
            "voice_settings": {"stability": 0.4},
            "remove_background_noise": True,
        },
        {"audio": [sample_media("audio")]},
        operation="speech-to-speech",
    ),
    ProviderCall(
        "elevenlabs",
        "audio-isolation",
        {},
        {"audio": [sample_media("audio")]},
        operation="audio-isolation",
    ),
    ProviderCall(
        "elevenlabs",
        "scribe_v3",
        {"diarize": True, "num_speakers": 2, "timestamps_granularity": "word"},
        {"audio": [sample_media("audio")]},
        operation="speech-to-text",
    ),
    ProviderCall(
        "elevenlabs",
        "dubbing",
        {"target_lang": "de"},
        {"audio": [sample_media("audio")]},
        operation="dubbing",
    ),
)
