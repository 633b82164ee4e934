"""OpenAI: pictures, texts, vision, vectors, moderation, speech and transcripts.

Source: the stored page of OpenAI and PyPI `openai` 3.52.0 (types/responses/), read 2026-11-21.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from executor.providers.answers import (
    get_any,
    get_dict,
    get_list,
    get_str,
    known,
    need_list,
    words,
)
from executor.providers.base import Answer, Request
from executor.providers.compose import as_uri, asking_for_json
from executor.providers.errors import ContentRefused, ProviderError, RateLimited, Unanswered
from executor.providers.openai_api import (
    OpenAiApi,
    Verb,
    error_named,
    named,
    usage_in,
)
from executor.providers.transport import Rejection
from workflows.catalogue.wire import put

MAX_INLINE_BYTES = 20_000_000  # of a picture in a request; general knowledge, the page has none


class OpenAiAdapter(OpenAiApi):
    """OpenAI's own API.

    Texts and vision go through `/responses`, which is told to keep nothing. Body names of model
    files: `prompt`, `system`, `json_mode` and `json_schema` (JSON is wanted, and comes as `json` too),
    the rest as in the documents (`temperature`, `max_output_tokens`, `reasoning.effort`); all
    media are pictures.
    """

    name: ClassVar[str] = "openai"
    max_answer_bytes: ClassVar[int] = 128 * 1024 * 1024  # ten large pictures in base64

    def verbs(self) -> Mapping[str, Verb]:
        """Add those that answer in words."""
        return {**super().verbs(), "chat": self._respond, "vision": self._respond}

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Tell a model that the account may not use, or that is gone, from an account that is blocked."""
        error = get_dict(rejection.json(), "error")
        is_forbidden = rejection.status == 403 and "model" in (get_str(error, "message") or "")
        if is_forbidden or get_str(error, "code") == "model_not_found":
            return ProviderError(
                "The provider does not offer this model.", code="provider_unavailable"
            )
        return super().judge(rejection)

    async def _respond(self, request: Request) -> Answer:
        body = named(request)
        shape = _shape(body)
        prompt = {"type": "input_text", "text": body.pop("prompt", "")}
        message = {"role": "user", "content": [prompt, *await _pictures(request)]}
        system = body.pop("system", None)
        if shape is not None:
            put(body, "text.format", shape)
            system = asking_for_json(system)
        whole = {**body, **known({"instructions": system}), "input": [message], "store": False}
        answer = (await self.post("/responses", body=whole)).json()
        return Answer(words(_text_in(answer), usage_in(answer), wants_json=shape is not None))


def _shape(body: dict[str, Any]) -> dict[str, Any] | None:
    """Take out of a body what its answer is to look like; None for plain words."""
    wants_json, schema = body.pop("json_mode", False), body.pop("json_schema", None)
    if schema is not None:
        return {"type": "json_schema", "name": "answer", "schema": schema}
    return {"type": "json_object"} if wants_json else None


async def _pictures(request: Request) -> list[dict[str, str]]:
    encode = as_uri(MAX_INLINE_BYTES)
    return [
        {"type": "input_image", "detail": "auto", "image_url": await encode(file)}
        for files in request.files.values()
        for file in files
    ]


def _text_in(answer: Any) -> str:
    """Return the text of a finished response.

    Raises:
        ProviderError: it failed, was refused, or ended before it said anything.
        Unanswered: it is no finished response.
    """
    status = get_str(answer, "status")
    if status in ("failed", "cancelled"):
        raise _failure(get_dict(answer, "error"))
    if status not in ("completed", "incomplete"):
        raise Unanswered("this is no finished response")
    return _text_of(need_list(answer, "output")) if status == "completed" else _cut_text_of(answer)


def _cut_text_of(answer: Any) -> str:
    if get_str(answer, "incomplete_details", "reason") == "content_filter":
        raise ContentRefused
    text = _text_of(get_list(answer, "output"))
    if not text:
        raise ProviderError("The answer ended at its limit of tokens before it said anything.")
    return text


def _text_of(output: list[Any]) -> str:
    parts = [part for item in output for part in get_list(item, "content")]
    if any(get_str(part, "type") == "refusal" for part in parts):
        raise ContentRefused
    texts = [get_any(part, "text") for part in parts if get_str(part, "type") == "output_text"]
    return "".join(text for text in texts if isinstance(text, str))


def _failure(error: Mapping[str, Any]) -> ProviderError:
    code = get_str(error, "code")
    if code == "rate_limit_exceeded":
        return RateLimited()
    return error_named(code, get_str(error, "message"))
