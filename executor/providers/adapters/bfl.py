"""Black Forest Labs: FLUX by submit and poll."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from common.clock import SYSTEM_CLOCK
from executor.providers.adapter import HttpAdapter
from executor.providers.answers import (
    get_any,
    get_number,
    get_str,
    known,
    need_number,
    need_str,
    provider_words,
)
from executor.providers.base import (
    Answer,
    Correlation,
    Done,
    Failed,
    Handle,
    KeyCheck,
    OutcomeClass,
    Request,
    ResultFile,
    Running,
    Submitted,
)
from executor.providers.callbacks import callback_for
from executor.providers.compose import as_base64, as_uri, composed
from executor.providers.errors import ContentRefused, ProviderError, Unanswered
from executor.providers.jobs import get_id, need_id
from executor.providers.transport import Rejection

MAX_INLINE_BYTES = 20_000_000  # of an input picture (docs.bfl.ai); larger ones by URL
GRACE_S = 60.0  # a new job may not be known everywhere at once

_NOT_FOUND = "Task not found"
_REFUSED = ("Request Moderated", "Content Moderated")
_BROKEN = ("Error", "Failed")


class NoSuchJob(ProviderError):
    """A job is not known (yet, or any more)."""

    default_message = "The provider does not know this job any more."


class BflAdapter(HttpAdapter):
    """Black Forest Labs, by the provider page and the OpenAPI document of 2026-05-01.

    `model` is the endpoint (`flux-2-pro`), the body its fields as they are. Media go as base64 at
    their places (`image`, `mask`, `input_image`, `image_prompt`, `control_image`); the list
    `input_image[]` is spread over `input_image`, `input_image_2`, ….

    What a job costs is told in US cents (`usage.cents`, for prices that are made from it). It calls
    back: class C. With a callback asked for, the answer to the submit may name no address to poll,
    and where a gateway stands before it one that may not be shown the key: the job is then asked for
    by its id.
    """

    name = "bfl"
    outcome_class = OutcomeClass.C
    poll_interval_s = 1.5  # 0.5 to 1.5 s is what the page asks for

    def key_headers(self) -> Mapping[str, str]:
        """Return the header of the key."""
        return {"x-key": self.account.key}

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Read what is wrong with a body; 402, 403, 429 and 503 speak for themselves."""
        if rejection.status == 404:
            return NoSuchJob()
        if rejection.status not in (400, 422):
            return None
        said = rejection.json()
        words = get_any(said, "detail", 0, "msg") or get_any(said, "detail")
        return ProviderError(provider_words(words), code="invalid_value")

    async def submit(self, request: Request, correlation: Correlation) -> Submitted:
        """Begin a job."""
        body = _spread(await composed(request, as_uri(MAX_INLINE_BYTES, as_base64)))
        callback = callback_for(self.account, correlation)
        if callback is not None:
            body["webhook_url"] = callback
        reply = await self.ask(
            "POST", f"/v1/{request.call.model}", body=body, timeout_s=self.submit_timeout_s
        )
        answer = reply.json()
        job = need_id(answer, "id")
        named = get_str(answer, "polling_url")
        return Submitted({
            "id": job,
            "url": named if named and self.account.trusts(named) else _asked_by_id(job),
            "cents": get_number(answer, "cost"),
            "since": SYSTEM_CLOCK.now().timestamp(),
        })  # fmt: skip

    async def poll(self, handle: Handle) -> Running | Done | Failed:
        """Ask where the submit said."""
        try:
            answer = await self._state(_with_id(handle["url"], handle["id"]))
        except NoSuchJob as error:
            is_new = SYSTEM_CLOCK.now().timestamp() < handle["since"] + GRACE_S
            return Running() if is_new else Failed(error)
        state = need_str(answer, "status")
        if state == "Ready":
            return _finished(answer, handle)
        if state in _REFUSED:
            return Failed(ContentRefused())
        if state in _BROKEN:
            return Failed(ProviderError("The provider could not make this picture."))
        return Running(get_number(answer, "progress"))

    async def look_up(self, correlation: Correlation) -> Handle | None:
        """Ask for the job that a callback named."""
        job = get_id(correlation.named_job)
        if job is None:
            return None
        url = _asked_by_id(job)
        try:
            await self._state(url)
        except NoSuchJob:
            return None
        return {"id": job, "url": url, "cents": None, "since": correlation.sent_at.timestamp()}

    async def check(self) -> KeyCheck:
        """Ask for the credits that are left."""
        left = need_number((await self.ask("GET", "/v1/credits")).json(), "credits")
        return KeyCheck(f"{left:g} credits")

    @classmethod
    def job_named_in(cls, callback: Any) -> str | None:
        """Return the job's id; its form is not documented, both names are in use."""
        return get_id(callback, "id") or get_id(callback, "task_id")

    async def _state(self, url: str) -> Any:
        answer = (await self.ask("GET", url)).json()
        if need_str(answer, "status") == _NOT_FOUND:
            raise NoSuchJob
        return answer


def _asked_by_id(job: str) -> str:
    return f"/v1/get_result?id={quote(job)}"


def _spread(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body whose list of input pictures is spread over numbered fields."""
    pictures = body.get("input_image")
    if not isinstance(pictures, list):
        return body
    del body["input_image"]
    for number, picture in enumerate(pictures, start=1):
        body["input_image" if number == 1 else f"input_image_{number}"] = picture
    return body


def _with_id(url: str, job: str) -> str:
    """Return an address that has the id in its query; the one that is named may lack it."""
    try:
        query = urlsplit(url).query
    except ValueError:
        raise ProviderError("The provider named an address that is none.") from None
    if "id" in parse_qs(query):
        return url
    return f"{url}{'&' if query else '?'}id={quote(job)}"


def _finished(answer: Any, handle: Handle) -> Done | Failed:
    url = get_str(answer, "result", "sample")
    if url is None:
        return Failed(ProviderError("The provider gave no picture.", retryable=True))
    cents = handle["cents"]
    is_told = cents is not None and cents >= 0
    data = known({
        "seed": get_number(answer, "result", "seed"),
        "costUsd": cents / 100 if is_told else None,
        "usage": {"cents": cents} if is_told else None,
    })  # fmt: skip
    return Done(Answer(data, (ResultFile("image", url=url),)))
