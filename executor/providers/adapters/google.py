"""Google's Gemini API by key: text, pictures, speech, vectors, films and music."""

import re
from collections.abc import Mapping
from typing import Any

from executor.providers import gemini
from executor.providers.adapter import HttpAdapter
from executor.providers.answers import (
    get_any,
    get_dict,
    get_list,
    get_str,
    need_str,
    provider_words,
)
from executor.providers.base import (
    Correlation,
    Done,
    Failed,
    Handle,
    KeyCheck,
    OutcomeClass,
    Request,
    Running,
    Submitted,
)
from executor.providers.compose import composed
from executor.providers.errors import (
    AccountBlocked,
    ProviderError,
    RateLimited,
    Unanswered,
)
from executor.providers.transport import Rejection

# What `generateContent` is asked for, by operation.
_GENERATES: Mapping[str, str] = {
    "chat": "text",
    "vision": "text",
    "text-to-image": "image",
    "image-edit": "image",
    "image-to-image": "image",
    "inpaint": "image",
    "style-transfer": "image",
    "text-to-speech": "audio",
}
_FILMS = ("text-to-video", "image-to-video")
_INTERACTS = ("interaction", "music", "speech-to-text", "video-to-video")
_OVER = {
    "completed": "", "failed": "", "cancelled": "The provider ended the job.",
    "incomplete": "The provider did not finish.",
    "budget_exceeded": "The provider's limit for one job is reached.",
    "requires_action": "The provider wants an answer that nobody can give.",
    "requires_continuation": "The provider did not finish.",
}  # fmt: skip
_OPERATION = re.compile(r"(models/[\w.-]+/)?operations/[\w.-]+")
_ID = re.compile(r"[\w.~-]+")
_DELAY = re.compile(r"(\d{1,5}(?:\.\d{1,9})?)s")


class GoogleAdapter(HttpAdapter):
    """The Gemini API with a key, as google-genai 3.4.0 and the provider page of 2026-11-21 have it.

    The operation chooses the call; all pictures, films and sounds go along inline.

    - `chat`, `vision`, `text-to-image`, `image-edit`, …, `text-to-speech`: `generateContent`. Body:
      `prompt`, `system`, and the rest by Google's names (`generationConfig.temperature`,
      `generationConfig.imageConfig.aspectRatio`, `safetySettings`). Media under any name.
    - `embedding`: `embedContent`. Body: `prompt`, `taskType`, `outputDimensionality`.
    - `text-to-video`, `image-to-video`: Veo's long-running operation. Body: `prompt` and
      `parameters.…`; media `image`, `lastFrame`, `video`, `referenceImages[]`.
    - `music`, `speech-to-text`, `video-to-video`, `interaction`: an interaction in the background.
      Body: `prompt`, `system`, `generation_config.…`, and `response_format.…`, whose `type` says
      what comes back (`audio`, `video`, `image`; text without it). Media under any name.
    - `predict`: Imagen. Body: `prompt` and `parameters.…`.

    No call takes a reference of ours, and none can be looked up: class D.
    """

    name = "google"
    outcome_class = OutcomeClass.D
    poll_interval_s = 10.0
    submit_timeout_s = 300.0  # a large picture takes minutes
    max_answer_bytes = 96 * 1024 * 1024  # a picture of 4K, or 25 minutes of speech, in base64

    def key_headers(self) -> Mapping[str, str]:
        """Return the header of the key."""
        return {"x-goog-api-key": self.account.key}

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Read Google's error, which may stand in a list."""
        answer = rejection.json()
        error = get_dict(answer, 0, "error") or get_dict(answer, "error")
        match rejection.status:
            case 429:
                return RateLimited(retry_after_s=_delay_in(error) or rejection.retry_after_s)
            case 400 if _is_about_account(error):
                return AccountBlocked()
            case 400:
                return ProviderError(provider_words(error.get("message")), code="invalid_value")
            case 404:
                return ProviderError("Google does not offer this model, or has forgotten this job.")
        return None

    async def submit(
        self,
        request: Request,
        correlation: Correlation,  # noqa: ARG002
    ) -> Submitted | Done:
        """Ask by the call that the operation stands for."""
        operation = request.call.operation
        if operation in _GENERATES:
            return await self._generate(request, _GENERATES[operation])
        if operation in _FILMS:
            return await self._film(request)
        if operation in _INTERACTS:
            return await self._interact(request)
        if operation == "embedding":
            return await self._embed(request)
        if operation == "predict":
            return await self._predict(request)
        raise ProviderError(f"Google is not asked for {operation} here.")

    async def poll(self, handle: Handle) -> Running | Done | Failed:
        """Ask for an operation of Veo or an interaction."""
        is_film = "operation" in handle
        path = handle["operation"] if is_film else f"interactions/{handle['interaction']}"
        answer = (await self.ask("GET", f"/v1beta/{path}")).json()
        try:
            return self._filmed(answer) if is_film else self._interacted(answer, handle["kind"])
        except ProviderError as error:
            return Failed(error)

    async def cancel(self, handle: Handle) -> None:
        """Cancel an interaction; Veo knows no such thing."""
        if "interaction" not in handle:
            return
        try:
            await self.ask("POST", f"/v1beta/interactions/{handle['interaction']}/cancel")
        except ProviderError as error:  # FAILED_PRECONDITION: it is over
            if error.retryable:
                raise

    async def check(self) -> KeyCheck:
        """List one model."""
        await self.ask("GET", "/v1beta/models?pageSize=1")
        return KeyCheck()

    async def _generate(self, request: Request, kind: str) -> Done:
        files = await gemini.inline_files(request)
        body = gemini.generate_body(request.call.body, files, kind)
        answer = await self._post(f"models/{request.call.model}:generateContent", body)
        wanted = get_str(body, "generationConfig", "responseMimeType")
        return Done(gemini.generated(answer, kind, is_json=wanted == "application/json"))

    async def _embed(self, request: Request) -> Done:
        body = gemini.generate_body(request.call.body, await gemini.inline_files(request), "text")
        content = body.pop("contents")[0]
        body["content"] = {"parts": content["parts"]}
        answer = await self._post(f"models/{request.call.model}:embedContent", body)
        return Done(gemini.embedded(answer))

    async def _predict(self, request: Request) -> Done:
        answer = await self._post(
            f"models/{request.call.model}:predict", await self._instances(request)
        )
        return Done(gemini.predicted(answer))

    async def _film(self, request: Request) -> Submitted:
        answer = await self._post(
            f"models/{request.call.model}:predictLongRunning", await self._instances(request)
        )
        name = need_str(answer, "name")
        if not _OPERATION.fullmatch(name):
            raise Unanswered("the operation has an odd name")
        return Submitted({"operation": name})

    async def _interact(self, request: Request) -> Submitted:
        kind = get_str(dict(request.call.body), "response_format", "type") or "text"
        files = await gemini.inline_files(request)
        body = gemini.interaction_body(request.call.body, files, request.call.model, kind)
        answer = await self._post("interactions", body)
        job = need_str(answer, "id")
        if not _ID.fullmatch(job):
            raise Unanswered("the interaction has an odd id")
        return Submitted({"interaction": job, "kind": kind})

    async def _instances(self, request: Request) -> dict[str, Any]:
        """Return the body of `predict` and its long-running form."""
        instance = await composed(request, gemini.bytes_encoded)
        parameters = instance.pop("parameters", None)
        references = instance.get("referenceImages")
        if references:
            instance["referenceImages"] = [
                {"image": image, "referenceType": "asset"} for image in references
            ]
        return {"instances": [instance], **({"parameters": parameters} if parameters else {})}

    async def _post(self, what: str, body: Any) -> Any:
        reply = await self.ask(
            "POST", f"/v1beta/{what}", body=body, timeout_s=self.submit_timeout_s
        )
        return reply.json()

    def _filmed(self, answer: Any) -> Running | Done:
        if get_any(answer, "done") is not True:
            need_str(answer, "name")
            return Running()
        return Done(gemini.filmed(answer, self.account.trusts))

    def _interacted(self, answer: Any, kind: str) -> Running | Done:
        state = need_str(answer, "status")
        if state not in _OVER:  # queued, in_progress, and whatever comes to be
            return Running()
        if state == "completed":
            return Done(gemini.interacted(answer, kind, self.account.trusts))
        if _OVER[state]:
            raise ProviderError(_OVER[state])
        raise gemini.failure_of(get_any(answer, "errors", 0))


def _is_about_account(error: Mapping[str, Any]) -> bool:
    """Say whether a 400 is about billing, region or the key itself."""
    if error.get("status") == "FAILED_PRECONDITION":
        return True
    details = get_list(dict(error), "details")
    return any(get_str(detail, "reason") == "API_KEY_INVALID" for detail in details)


def _delay_in(error: Mapping[str, Any]) -> float | None:
    """Return the seconds that `RetryInfo` names."""
    for detail in get_list(dict(error), "details"):
        told = _DELAY.fullmatch(get_str(detail, "retryDelay") or "")
        if told:
            return float(told.group(1))
    return None
