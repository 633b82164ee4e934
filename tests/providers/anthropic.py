"""Anthropic's contract: `shared/providers/anthropic.md`, and PyPI `anthropic` 2.11.0."""

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
    reply,
)
from tests.providers.samples import sample_media
from workflows.catalogue.remote import ProviderCall

ERRORS = {
    Outcome.UNAUTHORIZED: (401, "authentication_error"),
    Outcome.OUT_OF_CREDIT: (402, "billing_error"),
    Outcome.RATE_LIMITED: (429, "rate_limit_error"),
    Outcome.FAILED: (500, "api_error"),
}
IMAGE_TYPES = one_of("image/jpeg", "image/png", "image/gif", "image/webp")


def error(status: int, kind: str, message: str) -> web.Response:
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
    return limited(body) if kind == "rate_limit_error" else reply(body, status)


class AnthropicFake(FakeProvider):
    """Messages; a refusal comes with 200."""

    name = "anthropic"

    def routes(self) -> Any:
        yield "GET", "/v1/models", self.models
        yield "POST", "/v1/messages", self.create

    def is_authorized(self, seen: Seen) -> bool:
        return seen.headers.get("x-api-key") == self.key

    def refusal(self, outcome: Outcome) -> web.Response | None:
        if outcome is Outcome.REFUSED:
            return None
        status, kind = ERRORS[outcome]
        return error(status, kind, f"{kind}: see {self.url}")

    def invalid(self, message: str) -> web.Response:
        return error(400, "invalid_request_error", message)

    async def models(self, seen: Seen) -> web.Response:
        return reply({"data": [{"id": "claude-haiku-5-5", "type": "model"}], "has_more": False})

    async def create(self, seen: Seen) -> web.Response:
        self.require("anthropic-version" in seen.headers, "anthropic-version: header is required")
        self.expect(
            seen.body,
            required={
                "model": str,
                "max_tokens": between(1, 1_000_000),
                "messages": list_of(self._is_message, 1, 1),
            },
            optional={
                "system": str,
                "stop_sequences": list_of(str),
                "output_config": self._is_output_config,
                "temperature": between(0.0, 1.0),
                "thinking": dict,
            },
        )
        is_refused = self.take(seen).outcome is Outcome.REFUSED
        text = '{"answer": 42}' if "output_config" in seen.body else "A red fox."
        content = [{"type": "thinking", "thinking": "…"}, {"type": "text", "text": text}]
        return reply(
            {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": seen.body["model"],
                "content": [] if is_refused else content,
                "stop_reason": "refusal" if is_refused else "end_turn",
                "stop_sequence": None,
                "usage": {"input_tokens": 12, "output_tokens": 4, "cache_read_input_tokens": 0},
            }
        )

    @staticmethod
    def _is_output_config(given: Any) -> bool:
        made = given.get("format", {"type": "json_schema", "schema": {}})
        return made["type"] == "json_schema" and isinstance(made["schema"], dict)

    @staticmethod
    def _is_message(given: Any) -> bool:
        return given["role"] == "user" and all(
            obeys(part["text"], str)
            if part["type"] == "text"
            else part["source"]["type"] == "base64" and IMAGE_TYPES(part["source"]["media_type"])
            for part in given["content"]
        )


FAKE = AnthropicFake
SAMPLES = (
    ProviderCall(
        "anthropic",
        "claude-haiku-5-5",
        {"prompt": "name an animal", "system": "be brief", "max_tokens": 100},
        operation="chat",
    ),
    ProviderCall(
        "anthropic",
        "claude-sonnet-5-5",
        {"prompt": "what is it?", "json_schema": {"type": "object"}},
        {"image": [sample_media("image")]},
        operation="vision",
    ),
)
