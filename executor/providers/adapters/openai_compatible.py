"""Servers that speak OpenAI's language: vLLM, llama.cpp, Ollama, LocalAI, gateways.

Source: the stored page of OpenAI, its part on compatible servers, read 2026-11-21.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from executor.providers.answers import (
    get_any,
    get_list,
    get_str,
    need_dict,
    need_list,
    words,
)
from executor.providers.base import Answer, Request
from executor.providers.compose import as_data_uri, asking_for_json
from executor.providers.errors import ContentRefused, ProviderError, Unanswered
from executor.providers.openai_api import OpenAiApi, Verb, images_in, named, usage_in


class OpenAiCompatibleAdapter(OpenAiApi):
    """A server of the workspace's own, at the account's base URL, with a key or without.

    Which model runs is the file's or, where the workspace is to name it, the body's `model`. Texts
    go through `/chat/completions`: `prompt`, `system`, `json_mode`, `json_schema`, and whatever else the
    server knows (`temperature`, `max_tokens`, `top_k`, `seed`). Without pictures the message is plain
    text, which the simplest servers understand; pictures go inline, since the server may sit where
    nothing of ours can be fetched.
    """

    name: ClassVar[str] = "openai_compatible"

    def verbs(self) -> Mapping[str, Verb]:
        """Add those that answer in words."""
        words = {"chat": self._complete, "vision": self._complete}
        return {**super().verbs(), **words, "text-to-image": self._make_inline_images}

    async def _make_inline_images(self, request: Request) -> Answer:
        """Ask for pictures in the answer, where no second request has to reach them."""
        body = {"response_format": "b64_json", **named(request)}
        return images_in((await self.post("/images/generations", body=body)).json())

    async def _complete(self, request: Request) -> Answer:
        body = named(request)
        prompt, system, shape = body.pop("prompt", ""), body.pop("system", None), _shape(body)
        if shape is not None:
            body["response_format"] = shape
            system = asking_for_json(system)
        messages = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": await _content(prompt, request)})
        reply = await self.post("/chat/completions", body={**body, "messages": messages})
        answer = reply.json()
        return Answer(words(_text_in(answer), usage_in(answer), wants_json=shape is not None))


def _shape(body: dict[str, Any]) -> dict[str, Any] | None:
    """Take out of a body what its answer is to look like; None for plain words."""
    wants_json, schema = body.pop("json_mode", False), body.pop("json_schema", None)
    if schema is not None:
        wanted = {"name": "answer", "schema": schema}
        return {"type": "json_schema", "json_schema": wanted}
    return {"type": "json_object"} if wants_json else None


async def _content(prompt: str, request: Request) -> Any:
    pictures = [await as_data_uri(file) for files in request.files.values() for file in files]
    if not pictures:
        return prompt
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in pictures]
    return [{"type": "text", "text": prompt}, *parts]


def _text_in(answer: Any) -> str:
    """Return the text of the first choice.

    Raises:
        ProviderError: it was refused, or ended before it said anything.
        Unanswered: there is no message in it.
    """
    choice = need_dict(need_list(answer, "choices")[0])
    message = need_dict(choice, "message")
    reason = get_str(choice, "finish_reason")
    if reason == "content_filter" or get_str(message, "refusal"):
        raise ContentRefused
    content = message.get("content")
    if not content and reason == "length":  # null: all of it went into thinking
        raise ProviderError("The answer ended at its limit of tokens before it said anything.")
    return _text_of(content)


def _text_of(content: Any) -> str:
    """Return a message's text; some gateways give it in parts."""
    if isinstance(content, str):
        return content
    texts = [get_any(part, "text") for part in get_list(content)]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise Unanswered("the message has no text")
    return "".join(texts)
