"""Runway: tasks for its own models and many of others, files by upload where they are large.

Read from the SDK `runwayml` 5.24.0 (types, resources) and copies of the API reference, 2026-11-21.
"""

import re
from collections.abc import Mapping
from typing import Any

from executor.providers.adapter import HttpAdapter
from executor.providers.answers import (
    get_any,
    get_dict,
    get_list,
    get_number,
    get_str,
    known,
    need_list,
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
    ResultFile,
    Running,
    Submitted,
)
from executor.providers.errors import (
    AccountBlocked,
    ContentRefused,
    ProviderError,
    RateLimited,
    Unanswered,
)
from executor.providers.forms import file_name, file_part
from executor.providers.jobs import if_there, need_id, speaks_of_rules
from executor.providers.outputs import MAX_FILES
from executor.providers.transport import FormField, Rejection
from executor.providers.uploads import as_link, check_store, judge_store
from workflows.catalogue.wire import LIST_MARK, put

API_VERSION = "2024-11-06"
DOLLARS_A_CREDIT = 0.01  # by the page
MAX_INLINE_BYTES = 3_500_000  # a data URI may have 5 MB, by the SDK, and base64 takes a third more
MAX_UPLOAD_BYTES = 200_000_000  # not documented in what was read
LONG_WAIT_S = 300.0  # a 429 means that the day's generations are used up

# What an operation is asked at, and the kind of file that it gives.
OPERATIONS: Mapping[str, tuple[str, str]] = {
    "text-to-video": ("text_to_video", "video"),
    "image-to-video": ("image_to_video", "video"),
    "video-to-video": ("video_to_video", "video"),
    "text-to-image": ("text_to_image", "image"),
    "image-to-image": ("text_to_image", "image"),
    "image-edit": ("text_to_image", "image"),
    "lip-sync": ("character_performance", "video"),
    "upscale": ("image_upscale", "image"),
    "upscale-video": ("video_upscale", "video"),
    "video-to-hdr": ("video_to_hdr", "video"),
    "text-to-speech": ("text_to_speech", "audio"),
    "speech-to-speech": ("speech_to_speech", "audio"),
    "voice-dubbing": ("voice_dubbing", "audio"),
    "voice-isolation": ("voice_isolation", "audio"),
    "sound-effect": ("sound_effect", "audio"),
    "video-to-audio": ("video_to_audio", "audio"),
}
# Files that stand in the body as `{uri}`, and those that say their type beside it.
_OBJECTS = frozenset({"references", "referenceImages"})
_TYPED = frozenset({"character", "reference", "media", "referenceVideos", "referenceAudio"})
# What is said of a lack of credits; the word alone may be the customer's, quoted.
_POOR = re.compile(r"\b(?:enough|insufficient|out of|no) credits?\b", re.IGNORECASE)
_STORES = (".amazonaws.com", ".runwayml.com")  # where uploads may go; the page names no host


class RunwayAdapter(HttpAdapter):
    """Runway. The operation is a task or one of the other verbs of `OPERATIONS`.

    The body goes as it is. Media names are places in it (`videoUri`, `references[]`, `character`),
    put there in the form that the place wants, but for `first_frame` and `last_frame`, which become
    `promptImage`. Small files go inline, large ones by their URL or an upload.
    """

    name = "runway"
    outcome_class = OutcomeClass.D
    poll_interval_s = 6.0  # the SDK's; more than one question in 5 s is not allowed

    def key_headers(self) -> Mapping[str, str]:
        """Return the headers that the key goes in."""
        return {**super().key_headers(), "X-Runway-Version": API_VERSION}

    async def submit(self, request: Request, correlation: Correlation) -> Submitted:  # noqa: ARG002
        """Ask for a task."""
        call = request.call
        if call.operation not in OPERATIONS:
            raise ProviderError(f"This provider does nothing called {call.operation}.")
        path, kind = OPERATIONS[call.operation]
        body = {"model": call.model, **await self._body(request)}
        reply = await self.ask("POST", f"/v1/{path}", body=body, timeout_s=self.submit_timeout_s)
        return Submitted({"id": need_id(reply.json(), "id"), "kind": kind})

    async def poll(self, handle: Handle) -> Running | Done | Failed:
        """Ask how a task stands; the URLs of a finished one are fresh each time."""
        task = (await self.ask("GET", f"/v1/tasks/{need_id(handle, 'id')}")).json()
        match get_str(task, "status"):
            case "PENDING" | "THROTTLED":
                return Running()
            case "RUNNING":
                return Running(get_number(task, "progress"))
            case "SUCCEEDED":
                return Done(_result(task, need_str(handle, "kind")))
            case "FAILED":
                return Failed(_failure(task))
            case "CANCELLED":
                cost = _cost(task).get("costUsd")  # nothing is given back for what has begun
                words = "The job was cancelled at the provider."
                return Failed(ProviderError(words, cost_usd=cost))
            case state:
                raise Unanswered(f"state {state}")

    async def cancel(self, handle: Handle) -> None:
        """End the task; nothing is given back for one that runs."""
        await if_there(self.ask("DELETE", f"/v1/tasks/{need_id(handle, 'id')}"))

    async def check(self) -> KeyCheck:
        """Ask what the organization has left."""
        organization = (await self.ask("GET", "/v1/organization")).json()
        left = get_number(organization, "creditBalance")
        return KeyCheck(None if left is None else f"{left:g} credits")

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Tell a lack of credits and refused content from other invalid inputs."""
        answer = rejection.json()
        words = get_str(answer, "error") or get_str(answer, "message")
        match rejection.status:
            case 400 if words is not None and _POOR.search(words):
                return AccountBlocked()
            case 400 if speaks_of_rules(words):
                return ContentRefused()
            case 400 | 405 | 413 | 422:
                return ProviderError(_complaint(answer, words), code="invalid_value")
            case 429:
                return RateLimited(retry_after_s=rejection.retry_after_s or LONG_WAIT_S)
            case _:
                return None

    async def _body(self, request: Request) -> dict[str, Any]:
        encode = as_link(
            self._upload, max_inline_bytes=MAX_INLINE_BYTES, max_bytes=MAX_UPLOAD_BYTES
        )
        body = dict(request.call.body)
        for place, files in request.files.items():
            name = place.removesuffix(LIST_MARK)
            items = [_item(name, file, await encode(file)) for file in files]
            if place.endswith(LIST_MARK):
                put(body, name, items)
            elif items:
                put(body, name, items[0])
        return _with_frames(body)

    async def _upload(self, file: InputFile) -> str:
        """Store a file for a while, and return the URI that stands for it."""
        about = {"filename": file_name(file), "type": "ephemeral"}
        begun = (await self.ask("POST", "/v1/uploads", body=about)).json()
        target = need_str(begun, "uploadUrl")
        check_store(target, self.account, _STORES)
        fields = get_dict(begun, "fields")
        form = [FormField(name, text) for name, text in fields.items() if isinstance(text, str)]
        form.append(await file_part("file", file, max_bytes=MAX_UPLOAD_BYTES, stem="input"))
        await self.transport.call(
            "POST", target, timeout_s=self.submit_timeout_s, form=form, judge=judge_store
        )
        return need_str(begun, "runwayUri")


def _item(name: str, file: InputFile, uri: str) -> Any:
    """Return a file in the form that its place in a body wants."""
    if name in _TYPED:
        return {"type": file.content_type.partition("/")[0], "uri": uri}
    return {"uri": uri} if name in _OBJECTS else uri


def _with_frames(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body whose frames are its `promptImage`: one alone as it is, two with positions."""
    frames = {
        "first": body.pop("first_frame", None),
        "last": body.pop("last_frame", None),
    }
    given = [{"uri": uri, "position": place} for place, uri in frames.items() if uri is not None]
    if not given:
        return body
    return {**body, "promptImage": given if frames["last"] is not None else frames["first"]}


def _result(task: Any, kind: str) -> Answer:
    urls = [url for url in need_list(task, "output")[:MAX_FILES] if isinstance(url, str)]
    if not urls:
        raise Unanswered("no URLs")
    return Answer(_cost(task), tuple(ResultFile(kind, url=url) for url in urls))


def _cost(task: Any) -> dict[str, Any]:
    spent = get_number(task, "cost", "credits")
    dollars = None if spent is None else round(spent * DOLLARS_A_CREDIT, 6)
    return known({"credits": spent, "costUsd": dollars})


def _failure(task: Any) -> ProviderError:
    """Return the error of a failed task by the family of its code."""
    code = get_str(task, "failureCode") or ""
    words = get_str(task, "failure")
    cost = _cost(task).get("costUsd")
    if "SAFETY" in code or (not code and speaks_of_rules(words)):
        return ContentRefused(cost_usd=cost)
    said = provider_words(words, "The provider failed at this.")
    if code.startswith("ASSET"):
        return ProviderError(said, code="invalid_value", cost_usd=cost)
    is_passing = code.startswith(("INTERNAL", "THIRD_PARTY"))
    return ProviderError(said, retryable=is_passing, cost_usd=cost)


def _complaint(answer: Any, words: str | None) -> str:
    """Return what is wrong with the inputs, with the first of the issues if they are listed."""
    issue = get_any(get_list(answer, "issues"), 0)
    place = ".".join(str(step) for step in get_list(issue, "path")[:8])
    message = get_str(issue, "message")
    if message is None:
        return provider_words(words)
    return provider_words(f"{place}: {message}" if place else message)
