"""BytePlus ModelArk: Seedream's pictures while one waits, Seedance's films as tasks.

Read from the ModelArk documents, `byteplus-python-sdk-v2` 3.0.63 and ComfyUI's client, 2026-11-21.
"""

from collections.abc import Mapping
from typing import Any

from executor.providers.adapter import HttpAdapter
from executor.providers.answers import (
    get_dict,
    get_list,
    get_number,
    get_str,
    known,
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
from executor.providers.compose import as_uri, composed
from executor.providers.content import with_content
from executor.providers.errors import (
    AccountBlocked,
    ContentRefused,
    ProviderError,
    RateLimited,
    Unanswered,
)
from executor.providers.jobs import get_id, if_there, need_id
from executor.providers.outputs import MAX_FILES
from executor.providers.transport import Rejection

MAX_INLINE_BYTES = 10_000_000  # of a picture; the page names no limit
PICTURE_TASKS = frozenset({"text-to-image", "image-to-image", "image-edit"})
TASKS = "/contents/generations/tasks"

_ACCOUNT = ("AuthenticationError", "AccountOverdue")
_LIMITS = ("RateLimitExceeded", "QuotaExceeded", "SetLimitExceeded", "ServerOverloaded")
_CLOSED = ("ModelNotOpen", "InvalidEndpointOrModel", "AccessDenied")


class BytedanceAdapter(HttpAdapter):
    """ModelArk. The operations `text-to-image`, `image-to-image`, `image-edit` ask for pictures.

    Their body goes as it is, with media at `image` or `image[]`. All others are films: `prompt` and
    the media `first_frame`, `last_frame`, `reference_image[]`, `reference_video[]`,
    `reference_audio[]` become the list `content`, and what else the body has goes beside it.
    """

    name = "bytedance"
    outcome_class = OutcomeClass.C
    submit_timeout_s = 180.0  # pictures of 4K take a minute; the page says nothing

    @classmethod
    def outcome_class_of(cls, operation: str) -> OutcomeClass:
        """Return the class: nobody calls back about pictures, which are answered at once."""
        return OutcomeClass.D if operation in PICTURE_TASKS else cls.outcome_class

    async def submit(self, request: Request, correlation: Correlation) -> Submitted | Done:
        """Make pictures, or ask for a film."""
        if request.call.operation in PICTURE_TASKS:
            return await self._pictures(request)
        callback = callback_for(self.account, correlation)
        body = {
            "model": request.call.model,
            **await with_content(request, as_uri(MAX_INLINE_BYTES)),
            **known({"callback_url": callback}),
        }
        reply = await self.ask("POST", TASKS, body=body, timeout_s=self.submit_timeout_s)
        return Submitted({"id": need_id(reply.json(), "id")})

    async def poll(self, handle: Handle) -> Running | Done | Failed:
        """Ask how a film stands."""
        task = (await self.ask("GET", _path(handle))).json()
        match get_str(task, "status"):
            case "queued" | "running":
                return Running()
            case "succeeded":
                return Done(_film(task))
            case "failed":
                return Failed(_meaning(get_dict(task, "error")) or ProviderError())
            case "expired":
                words = "The provider did not begin in time."
                return Failed(ProviderError(words, code="timed_out", retryable=True))
            case "cancelled":
                return Failed(ProviderError("The job was cancelled at the provider."))
            case state:
                raise Unanswered(f"state {state}")

    async def look_up(self, correlation: Correlation) -> Handle | None:
        """Return the job that a callback named, if there is one of that name."""
        job_id = get_id(correlation.named_job)
        if job_id is None:
            return None
        reply = await if_there(self.ask("GET", _path({"id": job_id})))
        return None if reply is None else {"id": need_id(reply.json(), "id")}

    async def cancel(self, handle: Handle) -> None:
        """Take the job out of the queue; one that runs or is over stays as it is."""
        await if_there(self.ask("DELETE", _path(handle)))

    async def check(self) -> KeyCheck:
        """Ask for one line of the list of tasks."""
        await self.ask("GET", f"{TASKS}?page_num=1&page_size=1")
        return KeyCheck()

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Go by the code, which says more than the status."""
        return _meaning(get_dict(rejection.json(), "error"), rejection.retry_after_s)

    @classmethod
    def job_named_in(cls, callback: Any) -> str | None:
        """Read the task that a callback carries."""
        return get_id(callback, "id")

    async def _pictures(self, request: Request) -> Done:
        body = {
            "model": request.call.model,
            **await composed(request, as_uri(MAX_INLINE_BYTES)),
            "response_format": "url",
        }
        reply = await self.ask(
            "POST", "/images/generations", body=body, timeout_s=self.submit_timeout_s
        )
        return Done(_pictures_in(reply.json()))


def _path(handle: Handle) -> str:
    return f"{TASKS}/{need_id(handle, 'id')}"


def _film(task: Any) -> Answer:
    """Return a finished film, and its last frame if that was asked for."""
    content = get_dict(task, "content")
    video, frame = get_str(content, "video_url"), get_str(content, "last_frame_url")
    if video is None:
        raise Unanswered("no film")
    files = [ResultFile("video", url=video)]
    if frame is not None:
        files.append(ResultFile("image", url=frame))
    usage = {
        "output_tokens": get_number(task, "usage", "completion_tokens"),
        "seconds": get_number(task, "duration"),
    }
    data = known({"seed": get_number(task, "seed"), "usage": known(usage)})
    return Answer(data, tuple(files))


def _pictures_in(answer: Any) -> Answer:
    """Return the pictures that came; some may have been refused while others were made.

    Raises:
        ProviderError: all of them were.
        Unanswered: there is nothing.
    """
    items = get_list(answer, "data")[:MAX_FILES]
    files = tuple(file for file in map(_picture, items) if file is not None)
    errors = [get_dict(holder, "error") for holder in (*items, answer)]
    failures = [error for error in errors if error]
    if not files:
        raise (_meaning(failures[0]) or ProviderError()) if failures else Unanswered("no pictures")
    usage = {
        "images": get_number(answer, "usage", "generated_images") or len(files),
        "output_tokens": get_number(answer, "usage", "output_tokens"),
    }
    data = known({"usage": known(usage), "missing": len(failures) or None})
    return Answer(data, files)


def _picture(item: Any) -> ResultFile | None:
    url = get_str(item, "url")
    return None if url is None else ResultFile("image", url=url)


def _meaning(error: Mapping[str, Any], wait_s: float | None = None) -> ProviderError | None:
    """Return what a code stands for; None for one that is not known."""
    code = get_str(error, "code") or ""
    if "Sensitive" in code or code.endswith("RiskDetection"):
        return ContentRefused()
    if code.startswith(("MissingParameter", "InvalidParameter")):
        return ProviderError(provider_words(get_str(error, "message")), code="invalid_value")
    if code.startswith(_ACCOUNT):
        return AccountBlocked()
    if code.startswith(_CLOSED):
        return ProviderError("This model is not open to this account.", code="provider_unavailable")
    if code.startswith(_LIMITS):
        return RateLimited(retry_after_s=wait_s)
    if code.startswith("InternalServiceError"):
        return ProviderError("The provider broke.", retryable=True, retry_after_s=wait_s)
    return None
