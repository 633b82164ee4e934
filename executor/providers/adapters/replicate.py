"""Replicate: predictions of anybody's models, by name or by the id of a version.

Read from `replicate` 1.0.7, its SDK's pages, changelog and webhook documents, 2026-11-21.
"""

import re
from typing import Any
from urllib.parse import quote

from executor.providers.adapter import HttpAdapter
from executor.providers.answers import (
    clean_json,
    get_any,
    get_number,
    get_str,
    known,
    need_str,
    provider_words,
)
from executor.providers.base import (
    Answer,
    Correlation,
    Done,
    Failed,
    Handle,
    InputFile,
    KeyCheck,
    OutcomeClass,
    Request,
    Running,
    Submitted,
)
from executor.providers.callbacks import callback_for
from executor.providers.compose import composed
from executor.providers.errors import ContentRefused, ProviderError, Unanswered
from executor.providers.forms import file_part
from executor.providers.jobs import get_id, if_there, need_id
from executor.providers.outputs import WORD_TASKS, files_in, text_in
from executor.providers.transport import Rejection
from executor.providers.uploads import as_link

MAX_INLINE_BYTES = 190_000  # "<= 256 KB" as a data URI, which is a third larger than its file
MAX_UPLOAD_BYTES = 100_000_000  # not documented

# Refusals have no code: models write them into the error's text.
_REFUSED = re.compile(
    r"nsfw|\bE005\b|flagged as sensitive|content[ _]policy|moderation", re.IGNORECASE
)


class ReplicateAdapter(HttpAdapter):
    """Replicate. The body is a model's input as it is; media names are places in it.

    `model` is `owner/name` of an official model, `owner/name:version` or a version's id of any
    other, or `deployments/owner/name`. The operation is the task; it says which of the files that
    came back are meant.
    """

    name = "replicate"
    outcome_class = OutcomeClass.C
    poll_interval_s = 2.0

    async def submit(self, request: Request, correlation: Correlation) -> Submitted:
        """Create the prediction, without waiting for it."""
        call = request.call
        encode = as_link(
            self._upload, max_inline_bytes=MAX_INLINE_BYTES, max_bytes=MAX_UPLOAD_BYTES
        )
        path, body = _place_of(call.model)
        body["input"] = await composed(request, encode)
        callback = callback_for(self.account, correlation)
        if callback:
            body |= {"webhook": callback, "webhook_events_filter": ["start", "completed"]}
        reply = await self.ask("POST", path, body=body, timeout_s=self.submit_timeout_s)
        return Submitted({"id": need_id(reply.json(), "id"), "task": call.operation})

    async def poll(self, handle: Handle) -> Running | Done | Failed:
        """Ask how the prediction stands."""
        prediction = (await self.ask("GET", f"/v1/predictions/{handle['id']}")).json()
        match get_str(prediction, "status"):
            case "starting" | "processing":
                return Running()
            case "succeeded":
                return Done(_answer(prediction, handle["task"]))
            case "failed":
                return Failed(_failure(get_str(prediction, "error")))
            case "canceled" | "aborted":
                return Failed(ProviderError("The provider ended this early.", retryable=True))
            case status:
                raise Unanswered(f"status {status}")

    async def look_up(self, correlation: Correlation) -> Handle | None:
        """Return the prediction that a callback named, if there is one of that name."""
        job = get_id(correlation.named_job)
        if job is None or await if_there(self.ask("GET", f"/v1/predictions/{job}")) is None:
            return None
        return {"id": job, "task": correlation.operation}

    async def cancel(self, handle: Handle) -> None:
        """End the prediction; what has run by then is paid for."""
        await if_there(self.ask("POST", f"/v1/predictions/{handle['id']}/cancel"))

    async def check(self) -> KeyCheck:
        """Ask whose the key is."""
        need_str((await self.ask("GET", "/v1/account")).json(), "username")
        return KeyCheck()

    @classmethod
    def job_named_in(cls, callback: Any) -> str | None:
        """Return the id of the prediction that this is."""
        return get_id(callback, "id")

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Pass on what is wrong with an input (RFC 7807)."""
        if rejection.status not in (400, 404, 422):
            return None
        words = get_str(rejection.json(), "detail") or get_str(rejection.json(), "title")
        code = None if rejection.status == 404 else "invalid_value"
        return ProviderError(provider_words(words), code=code)

    async def _upload(self, file: InputFile) -> str:
        """Return where a file lies now; with the key, and therefore for predictions, only."""
        content = await file_part("content", file, max_bytes=MAX_UPLOAD_BYTES)
        return need_str((await self.ask("POST", "/v1/files", form=[content])).json(), "urls", "get")


def _place_of(model: str) -> tuple[str, dict[str, Any]]:
    """Return the path that a model is asked at, and what of it stands in the body."""
    if model.startswith("deployments/"):
        return f"/v1/{quote(model)}/predictions", {}
    if ":" in model or "/" not in model:
        return "/v1/predictions", {"version": model}
    return f"/v1/models/{quote(model)}/predictions", {}


def _failure(words: str | None) -> ProviderError:
    if words is not None and _REFUSED.search(words):
        return ContentRefused()
    return ProviderError(provider_words(words, ProviderError.default_message))


def _answer(prediction: Any, task: str) -> Answer:
    """Return what a prediction gave; one whose data was removed gives nothing."""
    output = get_any(prediction, "output")
    words = task in WORD_TASKS
    usage = known(
        {
            "compute_seconds": get_number(prediction, "metrics", "predict_time"),
            "input_tokens": get_number(prediction, "metrics", "input_token_count"),
            "output_tokens": get_number(prediction, "metrics", "output_token_count"),
        }
    )
    data = known(
        {
            "text": text_in(output) if words else None,
            "json": clean_json(output) if words else None,
            "usage": usage or None,
        }
    )
    return Answer(data, files_in(output, task))
