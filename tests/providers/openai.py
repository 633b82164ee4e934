"""OpenAI's contract: `shared/providers/openai.md`, and the parameters of PyPI `openai` 3.52.0."""

import base64
from typing import Any

from aiohttp import web

from tests.providers.base import (
    FakeProvider,
    Job,
    Outcome,
    Rule,
    Seen,
    between,
    limited,
    list_of,
    obeys,
    one_of,
    raw_reply,
    reply,
    text_of,
    uri,
)
from tests.providers.samples import kind_of, sample_file, sample_media
from workflows.catalogue.remote import ProviderCall

VOICES = one_of(
    "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse",
    "marin", "cedar",
)  # fmt: skip
IMAGE_FIELDS: dict[str, Any] = {
    "n": between(1, 10),
    "size": str,
    "quality": one_of("auto", "low", "medium", "high", "xhigh", "max"),
    "background": one_of("auto", "opaque", "transparent"),
    "output_format": one_of("png", "jpeg", "webp"),
    "output_compression": between(0, 100),
    "safety_identifier": str,
    "complexity": one_of("low", "medium", "high"),
}
CONTENT: dict[str, tuple[str, Rule]] = {
    "text": ("input_text", str),
    "image_url": ("input_image", uri),
}
ERRORS = {
    Outcome.UNAUTHORIZED: (401, "invalid_request_error", "invalid_api_key"),
    Outcome.OUT_OF_CREDIT: (429, "insufficient_quota", "insufficient_quota"),
    Outcome.RATE_LIMITED: (429, "requests", "rate_limit_exceeded"),
    Outcome.REFUSED: (400, "image_generation_user_error", "moderation_blocked"),
    Outcome.FAILED: (500, "server_error", "server_error"),
}
IMAGE_USAGE = {
    "input_tokens": 50,
    "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
    "output_tokens": 1056,
    "total_tokens": 1106,
}


def error(status: int, kind: str, code: str | None, message: str) -> web.Response:
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return limited(body) if code == "rate_limit_exceeded" else reply(body, status)


def picture() -> str:
    return base64.b64encode(sample_file("image")).decode()


class OpenAiFake(FakeProvider):
    """Pictures, responses, vectors, verdicts, speech, transcripts."""

    name = "openai"
    base_path = "/v1"

    def routes(self) -> Any:
        yield "GET", "/v1/models", self.models
        yield "POST", "/v1/images/generations", self.generate
        yield "POST", "/v1/images/edits", self.edit
        yield "POST", "/v1/responses", self.respond
        yield "POST", "/v1/embeddings", self.embed
        yield "POST", "/v1/moderations", self.moderate
        yield "POST", "/v1/audio/speech", self.speak
        yield "POST", "/v1/audio/transcriptions", self.transcribe

    def refusal(self, outcome: Outcome) -> web.Response | None:
        status, kind, code = ERRORS[outcome]
        return error(status, kind, code, f"Incorrect key {self.key} at {self.url}/v1: {code}.")

    def invalid(self, message: str) -> web.Response:
        return error(400, "invalid_request_error", "invalid_value", message)

    async def models(self, seen: Seen) -> web.Response:
        return reply({"object": "list", "data": [{"id": "gpt-6-sol", "object": "model"}]})

    async def generate(self, seen: Seen) -> web.Response:
        self.expect(
            seen.body,
            required={"prompt": text_of(32_000), "model": str},
            optional={**IMAGE_FIELDS, "moderation": one_of("auto", "low")},
        )
        self._check_size(seen.body.get("size", "auto"))
        self.take(seen)
        return self._images(int(seen.body.get("n", 1)))

    async def edit(self, seen: Seen) -> web.Response:
        texts: dict[str, Any] = dict(seen.fields)
        for name in ("n", "output_compression"):
            if name in texts:
                texts[name] = int(texts[name])
        self.expect(
            texts,
            required={"prompt": text_of(32_000), "model": str},
            optional={**IMAGE_FIELDS, "input_fidelity": one_of("high", "low")},
        )
        pictures = [part for part in seen.form if part.name in ("image", "image[]")]
        self.require(1 <= len(pictures) <= 16, "1 to 16 pictures")
        self.require(all(kind_of(part.content) == "image" for part in pictures), "pictures")
        self.require(len({part.name for part in pictures}) == 1, "image or image[]")
        mask = seen.part("mask")
        self.require(mask is None or mask.content_type == "image/png", "the mask is a PNG")
        self.take(seen)
        return self._images(int(texts.get("n", 1)))

    async def respond(self, seen: Seen) -> web.Response:
        self.expect(
            seen.body,
            required={"model": str, "input": self._is_input},
            optional={
                "instructions": str,
                "max_output_tokens": between(16, 1_000_000),
                "temperature": between(0.0, 2.0),
                "top_p": between(0.0, 1.0),
                "reasoning": dict,
                "text": dict,
                "store": one_of(False),
                "safety_identifier": str,
            },
        )
        return reply(self._response(self.take(seen)))

    async def embed(self, seen: Seen) -> web.Response:
        self.expect(
            seen.body,
            required={"model": str, "input": self._is_embedded},
            optional={"dimensions": between(1, 3072), "encoding_format": one_of("float")},
        )
        self.take(seen)
        texts = seen.body["input"] if isinstance(seen.body["input"], list) else [seen.body["input"]]
        size = min(seen.body.get("dimensions", 8), 8)
        data = [
            {"object": "embedding", "index": index, "embedding": [0.25 * index + 0.5] * size}
            for index in range(len(texts))
        ]
        return reply(
            {"object": "list", "data": data, "usage": {"prompt_tokens": 3, "total_tokens": 3}}
        )

    async def moderate(self, seen: Seen) -> web.Response:
        self.expect(seen.body, required={"input": self._is_moderated}, optional={"model": str})
        self.take(seen)
        verdict = {
            "flagged": True,
            "categories": {"violence": True, "hate": False},
            "category_scores": {"violence": 0.93, "hate": 0.01},
        }
        return reply({"id": "modr-1", "model": "omni-moderation-latest", "results": [verdict]})

    async def speak(self, seen: Seen) -> web.Response:
        self.expect(
            seen.body,
            required={"input": text_of(4096), "model": str, "voice": VOICES},
            optional={
                "instructions": text_of(4096),
                "response_format": one_of("mp3", "opus", "aac", "flac", "wav", "pcm"),
                "speed": between(0.25, 4.0),
            },
        )
        self.take(seen)
        return raw_reply(sample_file("audio"), "audio/mpeg")

    async def transcribe(self, seen: Seen) -> web.Response:
        self.expect(
            seen.fields,
            required={"model": str},
            optional={
                "language": str,
                "prompt": str,
                "response_format": one_of("json", "verbose_json", "diarized_json"),
                "temperature": lambda given: 0 <= float(given) <= 1,
                "timestamp_granularities[]": one_of("word", "segment"),
            },
        )
        part = seen.part("file")
        self.require(part is not None and kind_of(part.content) == "audio", "file is a recording")
        self.take(seen)
        answer: dict[str, Any] = {
            "text": "Hello there.",
            "usage": {"type": "duration", "seconds": 2},
        }
        if seen.fields.get("response_format") == "verbose_json":
            answer |= {
                "duration": 1.5,
                "segments": [{"id": 0, "start": 0, "end": 1.5, "text": "Hello there."}],
            }
        return reply(answer)

    def _response(self, job: Job) -> dict[str, Any]:
        text = '{"answer": 42}' if "text" in job.request.body else "A red fox."
        content = [{"type": "output_text", "text": text, "annotations": []}]
        return {
            "id": "resp_1",
            "object": "response",
            "status": "completed",
            "error": None,
            "incomplete_details": None,
            "output": [
                {"type": "reasoning", "id": "rs_1", "summary": []},
                {"type": "message", "role": "assistant", "status": "completed", "content": content},
            ],
            "usage": {"input_tokens": 12, "output_tokens": 4, "total_tokens": 16},
        }

    def _images(self, count: int) -> web.Response:
        data = [{"b64_json": picture()} for _ in range(count)]
        return reply(
            {"created": 1_795_000_000, "output_format": "png", "data": data, "usage": IMAGE_USAGE}
        )

    def _check_size(self, size: str) -> None:
        if size == "auto":
            return
        width, height = (int(side) for side in size.split("x"))
        fits = width % 16 == height % 16 == 0 and max(width, height) <= 3 * min(width, height)
        self.require(fits and max(width, height) <= 3840, "size")
        self.require(width * height <= 3840 * 2160, "size")

    @staticmethod
    def _is_input(given: Any) -> bool:
        if not isinstance(given, list) or not all(item.get("role") == "user" for item in given):
            return False
        parts = [part for item in given for part in item["content"]]
        return bool(parts) and all(
            part["type"] == kind and obeys(part[name], rule)
            for part in parts
            for name, (kind, rule) in CONTENT.items()
            if name in part
        )

    @staticmethod
    def _is_embedded(given: Any) -> bool:
        return obeys(given, text_of(32_000)) or obeys(given, list_of(str, 1, 2048))

    @staticmethod
    def _is_moderated(given: Any) -> bool:
        if isinstance(given, str):
            return True
        return isinstance(given, list) and all(
            obeys(part["text"], str) if part["type"] == "text" else uri(part["image_url"]["url"])
            for part in given
        )


FAKE = OpenAiFake
SAMPLES = (
    ProviderCall(
        "openai",
        "gpt-image-2",
        {"prompt": "a red fox", "size": "1024x1536", "n": 2, "quality": "low"},
        operation="text-to-image",
    ),
    ProviderCall(
        "openai",
        "gpt-image-2.5-sunburst",
        {"prompt": "make it snow", "n": 1},
        {"image": [sample_media("image")], "references[]": [sample_media("image")]},
        operation="image-edit",
    ),
    ProviderCall(
        "openai",
        "gpt-image-2.5-flare",
        {"prompt": "a hat"},
        {"image": [sample_media("image")], "mask": [sample_media("mask")]},
        operation="inpaint",
    ),
    ProviderCall(
        "openai",
        "gpt-6-luna",
        {"prompt": "name an animal", "system": "be brief", "reasoning": {"effort": "low"}},
        operation="chat",
    ),
    ProviderCall(
        "openai",
        "gpt-6-sol",
        {"prompt": "what is it?", "max_output_tokens": 200, "json_schema": {"type": "object"}},
        {"image": [sample_media("image")]},
        operation="vision",
    ),
    ProviderCall(
        "openai",
        "text-embedding-3-small",
        {"input": "a fox", "dimensions": 8},
        operation="embedding",
    ),
    ProviderCall(
        "openai",
        "omni-moderation-latest",
        {"input": "a fight"},
        {"image": [sample_media("image")]},
        operation="moderation",
    ),
    ProviderCall(
        "openai",
        "gpt-4o-mini-tts",
        {"input": "Hello.", "voice": "marin", "response_format": "wav"},
        operation="text-to-speech",
    ),
    ProviderCall(
        "openai",
        "whisper-1",
        {"response_format": "verbose_json", "language": "en", "temperature": 0.2},
        {"audio": [sample_media("audio")]},
        operation="speech-to-text",
    ),
)
