"""fal: a queue for thousands of models, each an endpoint with a body of its own.

Read from the typed client, docs.fal.ai (queue, webhooks, errors) and `fal-client` 1.0.3, 2026-11-21.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from executor.providers.adapter import HttpAdapter
from executor.providers.answers import (
    clean_json,
    get_list,
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
from executor.providers.compose import composed, read_bytes
from executor.providers.errors import (
    AccountBlocked,
    ContentRefused,
    ProviderError,
    RateLimited,
    Unanswered,
)
from executor.providers.forms import file_name
from executor.providers.jobs import get_id, if_there, need_id
from executor.providers.outputs import MAX_URL, WORD_TASKS, files_in, text_in
from executor.providers.transport import Rejection
from executor.providers.uploads import as_link, check_store, judge_store

MAX_INLINE_BYTES = 2_000_000  # of a data URI; the queue's own limit is not documented
MAX_UPLOAD_BYTES = 100_000_000  # above that the storage wants pieces (fal-client 1.0.3)
KEPT_S = 24 * 3600  # results are copied at once; a day is for those who have to ask again

_QUEUE, _STORAGE = "https://queue.fal.run", "https://rest.fal.ai"
_STORES = (".fal.ai", ".fal.media", ".googleapis.com")  # where the storage lets files be put
_REFUSALS = frozenset({"content_policy_violation", "no_media_generated"})
_URLS = ("status_url", "response_url", "cancel_url")


class JobFailed(ProviderError):
    """What asking for a result gave was the error that the job ended in, or its gateway's."""

    is_gateways = False


class FalAdapter(HttpAdapter):
    """fal's queue. `model` is the endpoint's id, the body its input as it is, without a wrapper.

    Media names are places in the input: `image_url`, `image_urls[]`. The operation is the task; it
    says which of the files that came back are meant.
    """

    name = "fal"
    outcome_class = OutcomeClass.C
    poll_interval_s = 2.0

    def key_headers(self) -> Mapping[str, str]:
        """Return the headers that the key goes in."""
        return {"Authorization": f"Key {self.account.key}"}

    async def submit(self, request: Request, correlation: Correlation) -> Submitted:
        """Put the job into the queue."""
        call = request.call
        encode = as_link(
            self._upload, max_inline_bytes=MAX_INLINE_BYTES, max_bytes=MAX_UPLOAD_BYTES
        )
        body = await composed(request, encode)
        callback = callback_for(self.account, correlation)
        query = f"?{urlencode({'fal_webhook': callback})}" if callback else ""
        headers = {
            "X-Fal-Request-Timeout": f"{max(call.give_up_s, 2):.0f}",
            "X-Fal-Object-Lifecycle-Preference": f'{{"expiration_duration_seconds": {KEPT_S}}}',
        }
        path, timeout_s = f"/{quote(call.model)}{query}", self.submit_timeout_s
        try:
            reply = await self.ask("POST", path, body=body, headers=headers, timeout_s=timeout_s)
        except JobFailed as error:
            if error.is_gateways:  # which gave up waiting for what may have taken the job
                raise Unanswered("the gateway gave up") from error
            raise
        answer = reply.json()
        job = need_id(answer, "request_id")
        return Submitted(self._handle(job, call.model, answer, task=call.operation))

    async def poll(self, handle: Handle) -> Running | Done | Failed:
        """Ask how the job stands; a completed one may have failed all the same."""
        status = (await self.ask("GET", handle["status_url"])).json()
        match get_str(status, "status"):
            case "IN_QUEUE" | "IN_PROGRESS":
                return Running()
            case "COMPLETED":
                pass
            case state:
                raise Unanswered(f"state {state}")
        error = get_str(status, "error")
        kind = get_str(status, "error_type")
        if error is not None or kind is not None:
            return Failed(_failure(error, {kind} if kind else set()))
        return await self._finished(handle)

    async def look_up(self, correlation: Correlation) -> Handle | None:
        """Return the job that a callback named, if there is one of that name."""
        job = get_id(correlation.named_job)
        if job is None:
            return None
        handle = self._handle(job, correlation.model, task=correlation.operation)
        return None if await if_there(self.ask("GET", handle["status_url"])) is None else handle

    async def cancel(self, handle: Handle) -> None:
        """Take the job out of the queue, or tell its runner to stop."""
        await if_there(self.ask("PUT", handle["cancel_url"]))  # 400: it is over already

    async def check(self) -> KeyCheck:
        """Ask for a token to upload with, which nothing is done with."""
        url = f"{self._storage()}/storage/auth/token?storage_type=fal-cdn-v3"
        need_str((await self.ask("POST", url, body={})).json(), "token")
        return KeyCheck()

    @classmethod
    def job_named_in(cls, callback: Any) -> str | None:
        """Return the id of the request that is over."""
        return get_id(callback, "request_id")

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Read fal's two forms of errors: a list from the model, a text from the platform."""
        answer = rejection.json()
        details = get_list(answer, "detail")
        kinds = {kind for kind in (get_str(detail, "type") for detail in details) if kind}
        words = get_str(answer, "detail") or get_str(details, 0, "msg")
        if rejection.status == 429:
            return RateLimited(retry_after_s=rejection.retry_after_s)
        if kinds & _REFUSALS or rejection.status in (400, 404, 422, 499):
            return _failure(words, kinds, code="invalid_value" if rejection.status != 499 else None)
        if rejection.status >= 500 and "X-Fal-Error-Type" in rejection.headers:
            is_final = rejection.headers.get("X-Fal-Retryable", "").lower() == "false"
            failed = JobFailed("The provider broke.", retryable=not is_final)
            failed.is_gateways = rejection.status in (502, 504)
            return failed
        return None

    async def _finished(self, handle: Handle) -> Done | Failed:
        try:
            output = (await self.ask("GET", handle["response_url"])).json()
        except ProviderError as error:
            is_of_job = isinstance(error, JobFailed) or not error.retryable
            if is_of_job and not isinstance(error, AccountBlocked):
                return Failed(error)
            raise
        if not isinstance(output, dict):
            raise Unanswered("the result is no object")
        answer = _answer(output, handle["task"])
        flags = get_list(output, "has_nsfw_concepts")
        if answer.files and flags and all(flag is True for flag in flags):
            return Failed(ContentRefused())  # the pictures are black
        return Done(answer)

    def _handle(self, job: str, model: str, answer: Any = None, *, task: str) -> dict[str, str]:
        """Return a handle; of the addresses in an answer only those that may be shown the key."""
        home = "/".join(quote(part) for part in model.split("/")[:2])
        request = f"{self.account.base_url}/{home}/requests/{quote(job, safe='')}"
        usual = (f"{request}/status", request, f"{request}/cancel")
        named = ((get_str(answer, name) or "") for name in _URLS)
        return {
            "task": task,
            **{
                name: url if len(url) <= MAX_URL and self.account.trusts(url) else otherwise
                for name, url, otherwise in zip(_URLS, named, usual, strict=True)
            },
        }

    def _storage(self) -> str:
        """Return where files are put: a gateway before the queue stands before the storage too."""
        return _STORAGE if self.account.base_url == _QUEUE else self.account.base_url

    async def _upload(self, file: InputFile) -> str:
        url = f"{self._storage()}/storage/upload/initiate?storage_type=gcs"
        about = {"file_name": file_name(file), "content_type": file.content_type}
        answer = (await self.ask("POST", url, body=about)).json()
        target = need_str(answer, "upload_url")
        check_store(target, self.account, _STORES)
        await self.transport.call(
            "PUT",
            target,
            timeout_s=self.submit_timeout_s,
            body=await read_bytes(file),
            headers={"Content-Type": file.content_type},
            judge=judge_store,
        )
        return need_str(answer, "file_url")


def _failure(words: str | None, kinds: set[str], code: str | None = None) -> ProviderError:
    """Return the error of a job by the provider's words and the types that it names."""
    if kinds & _REFUSALS:
        return ContentRefused()
    return ProviderError(provider_words(words, ProviderError.default_message), code=code)


def _answer(output: dict[str, Any], task: str) -> Answer:
    words, files = task in WORD_TASKS, files_in(output, task)
    usage = known(
        {
            "images": sum(1 for file in files if file.kind == "image") or None,
            "input_tokens": get_number(output, "usage", "prompt_tokens"),
            "output_tokens": get_number(output, "usage", "completion_tokens"),
        }
    )
    data = known(
        {
            "seed": get_number(output, "seed"),
            "text": text_in(output) if words else None,
            "json": _facts(output, task) if words else None,
            "usage": usage or None,
        }
    )
    return Answer(data, files)


def _facts(output: dict[str, Any], task: str) -> Any:
    """Return the output of a task that gives words; what a check of pictures found is a verdict."""
    flags = get_list(output, "has_nsfw_concepts")
    facts = clean_json(output)
    return (
        {**facts, "flagged": any(flag is True for flag in flags)} if task == "moderation" else facts
    )
