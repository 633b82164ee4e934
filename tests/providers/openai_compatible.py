"""The contract of servers that speak OpenAI's language, as vLLM and llama.cpp serve it.

Source: the part on such servers of `shared/providers/openai.md`.
"""

from typing import Any

from aiohttp import web

from tests.providers.base import (
    FakeProvider,
    Outcome,
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
from tests.providers.openai import ERRORS, picture
from tests.providers.samples import kind_of, sample_file, sample_media
from workflows.catalogue.remote import ProviderCall

KNOWN_MODEL = "llama-9-70b-instruct"
SAMPLING: dict[str, Any] = {
    "temperature": between(0.0, 2.0),
    "top_p": between(0.0, 1.0),
    "top_k": int,
    "max_tokens": between(1, 1_000_000),
    "seed": int,
    "response_format": dict,
}


class OpenAiCompatibleFake(FakeProvider):
    """A server with one model, behind a gateway that knows about money."""

    name = "openai_compatible"
    base_path = "/v1"

    def routes(self) -> Any:
        yield "GET", "/v1/models", self.models
        yield "POST", "/v1/chat/completions", self.complete
        yield "POST", "/v1/embeddings", self.embed
        yield "POST", "/v1/images/generations", self.generate
        yield "POST", "/v1/audio/speech", self.speak
        yield "POST", "/v1/audio/transcriptions", self.transcribe

    def refusal(self, outcome: Outcome) -> web.Response | None:
        status, kind, code = ERRORS[outcome]
        body = {"error": {"message": f"{code} at {self.url}", "type": kind, "code": code}}
        return limited(body) if outcome is Outcome.RATE_LIMITED else reply(body, status)

    def invalid(self, message: str) -> web.Response:
        return reply({"error": {"message": message, "type": "BadRequestError", "code": 400}}, 400)

    async def models(self, seen: Seen) -> web.Response:
        return reply({"object": "list", "data": [{"id": KNOWN_MODEL, "object": "model"}]})

    async def complete(self, seen: Seen) -> web.Response:
        self.expect(
            seen.body,
            required={"model": text_of(200), "messages": list_of(self._is_message, 1, 2)},
            optional=SAMPLING,
        )
        self.take(seen)
        text = '{"answer": 42}' if "response_format" in seen.body else "A red fox."
        message: dict[str, Any] = {
            "role": "assistant",
            "content": text,
            "refusal": None,
            "tool_calls": [],
        }
        return reply(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16},
            }
        )

    async def embed(self, seen: Seen) -> web.Response:
        self.expect(
            seen.body,
            required={"model": str, "input": text_of(32_000)},
            optional={"encoding_format": one_of("float")},
        )
        self.take(seen)
        return reply({"object": "list", "data": [{"index": 0, "embedding": [1, 0.5, -0.25]}]})

    async def generate(self, seen: Seen) -> web.Response:
        self.expect(
            seen.body,
            required={"model": str, "prompt": str, "response_format": one_of("b64_json")},
            optional={"n": between(1, 4), "size": str},
        )
        self.take(seen)
        return reply({"created": 1_795_000_000, "data": [{"b64_json": picture()}]})

    async def speak(self, seen: Seen) -> web.Response:
        self.expect(
            seen.body,
            required={"model": str, "input": str, "voice": str},
            optional={"response_format": str, "speed": float},
        )
        self.take(seen)
        return raw_reply(sample_file("audio"), "audio/wav")

    async def transcribe(self, seen: Seen) -> web.Response:
        self.expect(
            seen.fields,
            required={"model": str},
            optional={
                "language": str,
                "prompt": str,
                "temperature": lambda given: float(given) >= 0,
            },
        )
        part = seen.part("file")
        self.require(part is not None and kind_of(part.content) == "audio", "file is a recording")
        self.take(seen)
        return reply({"text": "Hello there."})

    @staticmethod
    def _is_message(given: Any) -> bool:
        content = given["content"]
        if given["role"] == "system" or isinstance(content, str):
            return obeys(content, str)
        return all(
            obeys(part["text"], str) if part["type"] == "text" else uri(part["image_url"]["url"])
            for part in content
        )


FAKE = OpenAiCompatibleFake
SAMPLES = (
    ProviderCall(
        "openai_compatible",
        KNOWN_MODEL,
        {"prompt": "name an animal", "system": "be brief", "temperature": 0.5, "top_k": 40},
        operation="chat",
    ),
    ProviderCall(
        "openai_compatible",
        "",
        {"model": KNOWN_MODEL, "prompt": "what is it?", "json_schema": {"type": "object"}},
        {"image": [sample_media("image")]},
        operation="vision",
    ),
    ProviderCall("openai_compatible", "bge-m9", {"input": "a fox"}, operation="embedding"),
    ProviderCall(
        "openai_compatible", "flux", {"prompt": "a fox", "n": 1}, operation="text-to-image"
    ),
    ProviderCall(
        "openai_compatible",
        "kokoro",
        {"input": "Hello.", "voice": "af_sky"},
        operation="text-to-speech",
    ),
    ProviderCall(
        "openai_compatible",
        "whisper",
        {"language": "en"},
        {"audio": [sample_media("audio")]},
        operation="speech-to-text",
    ),
)
