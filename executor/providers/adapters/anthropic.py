"""Anthropic: texts, and texts about pictures.

Source: the stored page of Anthropic and PyPI `anthropic` 2.11.0 (types/message_create_params.py,
types/output_config_param.py, types/shared/), read 2026-11-21.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from executor.providers.adapter import HttpAdapter
from executor.providers.answers import (
    get_any,
    get_dict,
    get_number,
    get_str,
    need_list,
    provider_words,
    words,
)
from executor.providers.base import Answer, Correlation, Done, InputFile, KeyCheck, Request
from executor.providers.compose import as_base64, asking_for_json, too_large
from executor.providers.errors import (
    AccountBlocked,
    ContentRefused,
    Overloaded,
    ProviderError,
    RateLimited,
    Unanswered,
)
from executor.providers.transport import Rejection
from workflows.catalogue.wire import put

API_VERSION = "2026-10-21"  # what the package sends (_constants.py)
MAX_TOKENS = 4096  # of an answer, which must be said; where the model's file does not
MAX_IMAGE_BYTES = 5_000_000  # general knowledge; the page has no limit
IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")


class AnthropicAdapter(HttpAdapter):
    """Anthropic's messages: synchronous, nothing can be looked up.

    Body names of model files: `prompt`, `system`, `json_mode` and `json_schema` (JSON is wanted, and
    comes as `json` too), the rest as in the documents (`max_tokens`, `output_config.effort`,
    `stop_sequences`; `temperature` and `top_p` only for models that still know them). All media are
    pictures, and go inline.
    """

    name: ClassVar[str] = "anthropic"
    submit_timeout_s: ClassVar[float] = 600.0  # the package's

    def key_headers(self) -> Mapping[str, str]:
        """Return the key's header, and the version that all requests name."""
        return {"x-api-key": self.account.key, "anthropic-version": API_VERSION}

    async def submit(self, request: Request, correlation: Correlation) -> Done:  # noqa: ARG002
        """Send a message, and wait for the answer."""
        if request.call.operation not in ("chat", "vision"):
            raise ProviderError("This provider cannot do this.", code="invalid_value")
        body = {"model": request.call.model, "max_tokens": MAX_TOKENS, **request.call.body}
        wants_json = _shaped(body)
        pictures = [await _picture(file) for files in request.files.values() for file in files]
        prompt = {"type": "text", "text": body.pop("prompt", "")}
        body["messages"] = [{"role": "user", "content": [*pictures, prompt]}]
        reply = await self.ask("POST", "/v1/messages", body=body, timeout_s=self.submit_timeout_s)
        answer = reply.json()
        return Done(Answer(words(_text_in(answer), _usage_in(answer), wants_json=wants_json)))

    async def check(self) -> KeyCheck:
        """List the models, which costs nothing."""
        need_list((await self.ask("GET", "/v1/models")).json(), "data")
        return KeyCheck()

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Return what the type of an error says."""
        error = get_dict(rejection.json(), "error")
        wait_s = rejection.retry_after_s
        match get_str(error, "type"):
            case "invalid_request_error" | "not_found_error" | "request_too_large":
                return ProviderError(provider_words(error.get("message")), code="invalid_value")
            case "authentication_error" | "billing_error" | "permission_error":
                return AccountBlocked()
            case "rate_limit_error":
                return RateLimited(retry_after_s=wait_s)
            case "overloaded_error":
                return Overloaded(retry_after_s=wait_s)
            case "timeout_error":  # whether the words were made, and paid for, it does not say
                return Unanswered("the provider took too long")
        return Overloaded(retry_after_s=wait_s) if rejection.status == 529 else None


def _shaped(body: dict[str, Any]) -> bool:
    """Say in a body what the answer is to look like; says whether it is to be JSON.

    A mode for JSON of any shape is not among the parameters: it is asked for in words.
    """
    wants_json, schema = body.pop("json_mode", False), body.pop("json_schema", None)
    if schema is not None:
        put(body, "output_config.format", {"type": "json_schema", "schema": schema})
    elif wants_json:
        body["system"] = asking_for_json(body.get("system"))
    return bool(wants_json) or schema is not None


async def _picture(file: InputFile) -> dict[str, Any]:
    """Return a picture as a part of a message.

    Raises:
        ProviderError: it is too large, or of a format that is not taken.
    """
    if file.size > MAX_IMAGE_BYTES:
        raise too_large(MAX_IMAGE_BYTES)
    if file.content_type not in IMAGE_TYPES:
        raise ProviderError("This provider takes JPEG, PNG, GIF and WebP.", code="invalid_value")
    data = await as_base64(file)
    source = {"type": "base64", "media_type": file.content_type, "data": data}
    return {"type": "image", "source": source}


def _text_in(answer: Any) -> str:
    """Return the text of a message.

    Raises:
        ProviderError: it was refused, or ended before it said anything.
        Unanswered: it is no message.
    """
    reason = get_str(answer, "stop_reason")
    if reason == "refusal":
        raise ContentRefused
    content = answer.get("content") if isinstance(answer, dict) else None
    if not isinstance(content, list):
        raise Unanswered("the answer has no content")
    texts = [get_any(part, "text") for part in content if get_str(part, "type") == "text"]
    text = "".join(text for text in texts if isinstance(text, str))
    if not text and reason in ("max_tokens", "model_context_window_exceeded"):
        raise ProviderError("The answer ended at its limit of tokens before it said anything.")
    return text


def _usage_in(answer: Any) -> dict[str, Any]:
    usage = get_dict(answer, "usage")
    return {
        "input_tokens": get_number(usage, "input_tokens"),
        "output_tokens": get_number(usage, "output_tokens"),
        "cache_write_tokens": get_number(usage, "cache_creation_input_tokens"),
        "cache_read_tokens": get_number(usage, "cache_read_input_tokens"),
    }
