"""MiniMax: films in two generations of its API, speech, music and chat.

Read from the provider's page of error codes, ComfyUI's client and litellm 1.109.1, 2026-11-21. Not
confirmed there: the codes from 1026 on, the address of music, and that addresses for callbacks are
tried with a challenge.
"""

from collections.abc import Mapping
from typing import Any

from executor.providers.adapter import HttpAdapter
from executor.providers.answers import (
    get_any,
    get_dict,
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
from executor.providers.jobs import get_id, if_there, is_definite, need_id
from executor.providers.openai_api import usage_in
from executor.providers.transport import Rejection, Reply

MAX_INLINE_BYTES = 20_000_000  # of a picture; not documented in what was read
SOUNDS: Mapping[str, str] = {"text-to-speech": "/v1/t2a_v2", "music": "/v1/music_generation"}
FAILED = "The provider failed at this."
AT_ONCE = frozenset({*SOUNDS, "chat"})


class MinimaxAdapter(HttpAdapter):
    """MiniMax. Operations: `text-to-speech`, `music`, `chat`, `video-v2`, and the tasks of films.

    Films are of the first API unless the operation is `video-v2`: its body goes as it is, with
    media at `first_frame_image`, `last_frame_image` and `subject_reference[]`. In the second,
    `prompt` and the media `first_frame`, `last_frame`, `reference_image[]`, `reference_video[]`,
    `reference_audio[]` become the list `content`. The body of a chat has `prompt` and `system`.
    """

    name = "minimax"
    outcome_class = OutcomeClass.C
    submit_timeout_s = 120.0  # speech is made while one waits

    @classmethod
    def outcome_class_of(cls, operation: str) -> OutcomeClass:
        """Return the class: nobody calls back about sounds and texts, which are answered at once."""
        return OutcomeClass.D if operation in AT_ONCE else cls.outcome_class

    async def submit(self, request: Request, correlation: Correlation) -> Submitted | Done:
        """Make a sound or a text, or ask for a film."""
        match request.call.operation:
            case "text-to-speech" | "music":
                return await self._sound(request)
            case "chat":
                return await self._chat(request)
            case "video-v2":
                content = await with_content(request, as_uri(MAX_INLINE_BYTES))
                return await self._film(request, correlation, 2, content)
            case _:
                body = _with_subjects(await composed(request, as_uri(MAX_INLINE_BYTES)))
                return await self._film(request, correlation, 1, body)

    async def poll(self, handle: Handle) -> Running | Done | Failed:
        """Ask how a film stands; one of the first API is asked for its address as well."""
        job_id = need_id(handle, "id")
        if get_number(handle, "api") == 2:
            answer = await self._asked("GET", _query(2, job_id))
            return _stands(get_dict(answer, "task"))
        reply = await self.ask("GET", _query(1, job_id))
        match get_str(reply.json(), "status"):
            case "Queueing" | "Preparing" | "Processing":
                return Running()
            case "Success":
                return await self._fetched(need_id(reply.json(), "file_id"))
            case "Fail":
                meaning, failed = _meaning(reply.json()), ProviderError(FAILED)
                return Failed(meaning if isinstance(meaning, ProviderError) else failed)
            case state:
                raise _meaning(reply.json()) or Unanswered(f"state {state}")

    async def look_up(self, correlation: Correlation) -> Handle | None:
        """Return the job that a callback named, of whichever API it is."""
        job_id = get_id(correlation.named_job)
        if job_id is None:
            return None
        for api in (2, 1):
            if await self._knows(api, job_id):
                return {"api": api, "id": job_id}
        return None

    async def cancel(self, handle: Handle) -> None:
        """End a job of the second API; the first knows no such thing."""
        if get_number(handle, "api") != 2:
            return
        await if_there(self._asked("DELETE", f"/v2/video_generation/{need_id(handle, 'id')}"))

    async def check(self) -> KeyCheck:
        """Ask for the list of films; there is no question about the account."""
        await self._asked("GET", "/v2/query/video_generation")
        return KeyCheck()

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Go by the code, where there is one."""
        return _meaning(rejection.json(), rejection.retry_after_s)

    @classmethod
    def job_named_in(cls, callback: Any) -> str | None:
        """Read the task that a callback carries, of either API."""
        return get_id(callback, "task_id") or get_id(callback, "task", "id")

    async def _film(
        self, request: Request, correlation: Correlation, api: int, body: Mapping[str, Any]
    ) -> Submitted:
        body = {
            "model": request.call.model,
            **body,
            **known({"callback_url": callback_for(self.account, correlation)}),
        }
        answer = await self._asked("POST", f"/v{api}/video_generation", body)
        return Submitted({"api": api, "id": need_id(answer, "task_id")})

    async def _knows(self, api: int, job_id: str) -> bool:
        """Say whether there is such a job; one that failed is told of with an error's code."""
        reply = await if_there(self.ask("GET", _query(api, job_id)))
        if reply is None:
            return False
        answer = reply.json()
        if job_id in (get_id(answer, "task", "id"), get_id(answer, "task_id")):
            return True
        said = _meaning(answer)
        if isinstance(said, Unanswered) or (said is not None and not is_definite(said)):
            raise said
        return False

    async def _fetched(self, file_id: str) -> Done:
        answer = await self._asked("GET", f"/v1/files/retrieve?file_id={file_id}")
        url = need_str(answer, "file", "download_url")
        return Done(Answer({}, (ResultFile("video", url=url),)))

    async def _sound(self, request: Request) -> Done:
        call = request.call
        body = {"model": call.model, **call.body, "output_format": "hex"}
        answer = await self._asked("POST", SOUNDS[call.operation], body)
        milliseconds = get_number(answer, "extra_info", "audio_length")
        usage = {
            "characters": get_number(answer, "extra_info", "usage_characters"),
            "seconds": None if milliseconds is None else milliseconds / 1000,
        }
        sound = ResultFile("audio", data=_hex(answer, "data", "audio"))
        return Done(Answer({"usage": known(usage)}, (sound,)))

    async def _chat(self, request: Request) -> Done:
        body = dict(request.call.body)
        said = {"system": body.pop("system", None), "user": body.pop("prompt", "")}
        messages = [{"role": role, "content": text} for role, text in said.items() if text]
        body = {"model": request.call.model, "messages": messages, **body}
        answer = await self._asked("POST", "/v1/chat/completions", body)
        text = need_str(answer, "choices", 0, "message", "content")
        return Done(Answer({"text": text, "usage": usage_in(answer)}))

    async def _asked(self, method: str, path: str, body: Any = None) -> Any:
        """Return an answer that is none of an error, which may come with a status of 200.

        Raises:
            ProviderError: it is one.
        """
        timeout_s = self.submit_timeout_s if method == "POST" else None
        reply = await self.ask(method, path, body=body, timeout_s=timeout_s)
        answer = reply.json()
        error = _meaning(answer, _wait_s(reply))
        if error is not None:
            raise error
        return answer


def _query(api: int, job_id: str) -> str:
    path = f"/v{api}/query/video_generation"
    return f"{path}/{job_id}" if api == 2 else f"{path}?task_id={job_id}"


def _with_subjects(body: dict[str, Any]) -> dict[str, Any]:
    subjects = body.get("subject_reference")
    if not isinstance(subjects, list):
        return body
    return {**body, "subject_reference": [{"image": uri} for uri in subjects]}


def _stands(task: Mapping[str, Any]) -> Running | Done | Failed:
    """Return how a film of the second API stands."""
    match get_str(task, "status"):
        case "queued" | "running":
            return Running()
        case "succeeded":
            url = need_str(task, "content", "url")
            usage = known({"seconds": get_number(task, "usage", "total_seconds")})
            return Done(Answer({"usage": usage}, (ResultFile("video", url=url),)))
        case "failed":
            error = get_dict(task, "error")
            words = provider_words(get_str(error, "message"), FAILED)
            meaning = _by_code(_code(error, "code"), words)
            return Failed(meaning if isinstance(meaning, ProviderError) else ProviderError(words))
        case "cancelled":
            return Failed(ProviderError("The job was cancelled at the provider."))
        case state:
            raise Unanswered(f"state {state}")


def _meaning(answer: Any, wait_s: float | None = None) -> ProviderError | Unanswered | None:
    """Return the error that an answer tells of; None for none, or one with a code of its own."""
    response = get_dict(answer, "base_resp")
    code = _code(response, "status_code")
    if code in (None, 0):
        return None
    words = provider_words(get_str(response, "status_msg"))
    return _by_code(code, words, wait_s) or ProviderError(words)


def _by_code(
    code: int | None, words: str, wait_s: float | None = None
) -> ProviderError | Unanswered | None:
    """Return what a code stands for; None for one that is not known."""
    match code:
        case 1001:
            return Unanswered("the provider waited in vain for itself")
        case 1000 | 1024:
            return ProviderError("The provider broke.", retryable=True, retry_after_s=wait_s)
        case 1002 | 1039 | 1041:
            return RateLimited(retry_after_s=wait_s)
        case 1004 | 1008 | 2049:
            return AccountBlocked()
        case 1026 | 1027:
            return ContentRefused()
        case 2013:
            return ProviderError(words, code="invalid_value")
        case _:
            return None


def _code(value: Any, name: str) -> int | None:
    """Return a code, which stands there as a number or as a text."""
    found = get_id(value, name)
    return int(found) if found is not None and found.isdecimal() else None


def _wait_s(reply: Reply) -> float | None:
    """Return the seconds to wait that come with an answer of 200; None where none are named."""
    seconds = reply.headers.get("Retry-After", "")
    return float(seconds) if seconds.isdecimal() and len(seconds) <= 5 else None


def _hex(answer: Any, *place: str) -> bytes:
    """Return the bytes that stand at a place as hexadecimal digits.

    Raises:
        Unanswered: there are none.
    """
    digits = get_any(answer, *place)
    try:
        content = bytes.fromhex(digits) if isinstance(digits, str) else b""
    except ValueError:
        content = b""
    if not content:
        raise Unanswered("no sound")
    return content
