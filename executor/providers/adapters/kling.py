"""Kling: tasks at a dozen addresses, found again by the name that we give them.

Read from Kling's "General Information", the OpenAPI copy of tryAGI/KlingAI (d542181c) and ComfyUI's
client, 2026-11-21.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from common.clock import SYSTEM_CLOCK, Clock
from executor.providers.adapter import HttpAdapter
from executor.providers.answers import (
    get_any,
    get_dict,
    get_list,
    get_number,
    get_str,
    known,
    need_list,
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
from executor.providers.callbacks import callback_for
from executor.providers.compose import Encode, as_address, as_base64, composed
from executor.providers.errors import (
    AccountBlocked,
    ContentRefused,
    ProviderError,
    RateLimited,
    Unanswered,
)
from executor.providers.jobs import failure_told, get_id, need_id
from executor.providers.outputs import MAX_FILES
from executor.providers.tokens import signed
from executor.providers.transport import Rejection, Reply

MAX_INLINE_BYTES = 10_000_000  # of a picture, by the page
TOKEN_S, EARLY_S = 1_800, 5  # a token's life, and how much earlier it begins, by the page
PAGE_SIZE = 500  # of a list; the most there is
MAX_PAGES = 10
EARLIER = timedelta(minutes=10)  # by which the provider's clock may be behind ours

ENDPOINTS: Mapping[str, str] = {
    "text-to-video": "videos/text2video",
    "image-to-video": "videos/image2video",
    "video-to-video": "videos/omni-video",
    "effects": "videos/effects",
    "lip-sync": "videos/lip-sync",
    "avatar": "videos/avatar",
    "text-to-image": "images/generations",
    "image-to-image": "images/generations",
    "outpaint": "images/image-expansion",
    "try-on": "images/kolors-virtual-try-on",
}
# The others have one model, and no field for it.
_NAMING = frozenset(
    ENDPOINTS[task]
    for task in ("text-to-video", "image-to-video", "video-to-video", "text-to-image", "try-on")
)
_LISTS = tuple(dict.fromkeys(ENDPOINTS.values()))


class KlingAdapter(HttpAdapter):
    """Kling. The operation is a task, or `effects` or `avatar`.

    Pictures and sounds go as plain base64, films (and what is spoken in `lip-sync`) by URL. In
    `video-to-video`, the omni models, the media `images[]`, `first_frame`, `end_frame` and `video`
    become `image_list` and `video_list`; the body's `refer_type` and `keep_original_sound` belong to
    the film. A `model` that stands for an address alone (`videos/lip-sync`) is not sent.
    """

    name = "kling"
    outcome_class = OutcomeClass.B
    settle_s = 120.0  # a submit's time, a lease (decision 0011), and half a minute for the list
    clock: ClassVar[Clock] = SYSTEM_CLOCK  # tokens are good for half an hour of it

    def key_headers(self) -> Mapping[str, str]:
        """Return the headers with a token that is signed for the occasion."""
        now = int(self.clock.now().timestamp())
        claims = {"iss": self.account.key, "exp": now + TOKEN_S, "nbf": now - EARLY_S}
        return {"Authorization": f"Bearer {signed(claims, self.account.secret)}"}

    async def submit(self, request: Request, correlation: Correlation) -> Submitted:
        """Ask for a task under our name."""
        call = request.call
        endpoint = ENDPOINTS.get(call.operation)
        if endpoint is None:
            raise ProviderError(f"This provider does nothing called {call.operation}.")
        body = await composed(request, _encoder(endpoint))
        ours = {
            "model_name": call.model if endpoint in _NAMING else None,
            "callback_url": callback_for(self.account, correlation),
            # Documented for the first two and for pictures; `look_up` doubts what has no name.
            "external_task_id": correlation.reference,
        }
        body = {**(_omni(body) if endpoint == "videos/omni-video" else body), **known(ours)}
        reply = await self.ask(
            "POST", f"/v1/{endpoint}", body=body, timeout_s=self.submit_timeout_s
        )
        return Submitted({"endpoint": endpoint, "id": need_id(_data(reply), "task_id")})

    async def poll(self, handle: Handle) -> Running | Done | Failed:
        """Ask how a task stands."""
        endpoint = get_str(handle, "endpoint")
        if endpoint not in _LISTS:
            raise ProviderError("This job is none of this provider.")
        task = _data(await self.ask("GET", f"/v1/{endpoint}/{need_id(handle, 'id')}"))
        match get_str(task, "task_status"):
            case "submitted" | "processing":
                return Running()
            case "succeed":
                return Done(_result(task))
            case "failed":
                return Failed(failure_told(get_str(task, "task_status_msg")))
            case state:
                raise Unanswered(f"state {state}")

    async def look_up(self, correlation: Correlation) -> Handle | None:
        """Look for our name in the list of the address that was asked; in all where that is not known.

        Raises:
            Unanswered: the task may be one of those of which the list does not say the name, or
                lie behind more pages than are read.
        """
        asked = ENDPOINTS.get(correlation.operation)
        for endpoint in _LISTS if asked is None else (asked,):
            found = await self._find(endpoint, correlation)
            if found is not None:
                return {"endpoint": endpoint, "id": found}
        return None

    async def check(self) -> KeyCheck:
        """Ask what is left of the resource packs."""
        now = int(self.clock.now().timestamp() * 1000)
        path = f"/account/costs?start_time={now - 86_400_000}&end_time={now}"
        packs = get_list(_data(await self.ask("GET", path)), "resource_pack_subscribe_infos")
        left = [get_number(pack, "remaining_quantity") for pack in packs]
        units = sum(quantity for quantity in left if quantity is not None)
        return KeyCheck(f"{units:g} units")

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Go by the code: a 429 may be a limit, a debt, or a rule about addresses."""
        return _meaning(rejection.json(), rejection.retry_after_s)

    @classmethod
    def job_named_in(cls, callback: Any) -> str | None:
        """Read the task that a callback carries."""
        return get_id(callback, "task_id")

    async def _find(self, endpoint: str, correlation: Correlation) -> str | None:
        """Return the id of our task in one list, newest tasks first if it is in any order."""
        begin_ms = (correlation.sent_at - EARLIER).timestamp() * 1000
        is_doubtful = False
        for page in range(1, MAX_PAGES + 1):
            path = f"/v1/{endpoint}?pageNum={page}&pageSize={PAGE_SIZE}"
            tasks = _tasks(await self.ask("GET", path))
            for task in tasks:
                if get_str(task, "task_info", "external_task_id") == correlation.reference:
                    return need_id(task, "task_id")
            is_doubtful = is_doubtful or any(_may_be_ours(task, begin_ms) for task in tasks)
            if len(tasks) < PAGE_SIZE or _is_past(tasks, begin_ms):
                break
        else:
            is_doubtful = True
        if is_doubtful:
            raise Unanswered("a task that may be ours cannot be told")
        return None


def _encoder(endpoint: str) -> Encode:
    async def encode(file: InputFile) -> str:
        is_named = file.content_type.startswith("video/") or endpoint == "videos/lip-sync"
        if is_named or file.size > MAX_INLINE_BYTES:
            return await as_address(file)
        return await as_base64(file)

    return encode


def _omni(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of an omni model, with its pictures and its film in their lists."""
    pictures = [{"image_url": url} for url in body.pop("images", [])]
    frames = {name: body.pop(name, None) for name in ("first_frame", "end_frame")}
    pictures += [{"image_url": url, "type": name} for name, url in frames.items() if url]
    film = {
        name: body.pop(given, None)
        for name, given in {
            "video_url": "video",
            "refer_type": "refer_type",
            "keep_original_sound": "keep_original_sound",
        }.items()
    }
    lists = {
        "image_list": pictures or None,
        "video_list": [known(film)] if film["video_url"] is not None else None,
    }
    return {**body, **known(lists)}


def _data(reply: Reply) -> dict[str, Any]:
    """Return what an answer is about.

    Raises:
        ProviderError: its code tells of an error, though its status is 200.
        Unanswered: it is none of Kling's answers.
    """
    return get_dict(_sound(reply), "data")


def _tasks(reply: Reply) -> list[Any]:
    answer = _sound(reply)
    tasks = get_any(answer, "data")
    if not isinstance(tasks, list):
        raise Unanswered("no list of tasks")
    return tasks


def _sound(reply: Reply) -> Any:
    answer = reply.json()
    if get_number(answer, "code") == 0:
        return answer
    raise _meaning(answer) or Unanswered("no code")


def _may_be_ours(task: Any, begin_ms: float) -> bool:
    """Say whether a task has no name of anybody's, and is not from before ours was sent."""
    if get_str(task, "task_info", "external_task_id") is not None:
        return False
    created_ms = get_number(task, "created_at")
    return created_ms is None or created_ms >= begin_ms


def _is_past(tasks: Sequence[Any], begin_ms: float) -> bool:
    """Say whether a page is in falling order, and ends before our time."""
    times = [get_number(task, "created_at") or 0 for task in tasks]
    return times == sorted(times, reverse=True) and 0 < times[-1] < begin_ms


def _result(task: Any) -> Answer:
    """Return a finished task's films or pictures."""
    result = get_dict(task, "task_result")
    kind = "video" if get_list(result, "videos") else "image"
    items = need_list(result, f"{kind}s")[:MAX_FILES]
    urls = [get_str(item, "url") for item in items]
    files = tuple(ResultFile(kind, url=url) for url in urls if url is not None)
    if not files:
        raise Unanswered("no URLs")
    seconds = [_seconds(get_str(item, "duration")) for item in items]
    usage = {"seconds": sum(seconds) or None, "images": len(files) if kind == "image" else None}
    return Answer({"usage": known(usage)}, files)


def _seconds(text: str | None) -> float:
    """Return the seconds that a text such as `5.1` says; 0 for none."""
    try:
        seconds = float(text or 0)
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds < TOKEN_S else 0.0


def _meaning(answer: Any, wait_s: float | None = None) -> ProviderError | Unanswered | None:
    """Return what a code of Kling's stands for; None for one that is not known."""
    match get_number(answer, "code"):
        case 1000 | 1001 | 1002 | 1003 | 1004 | 1100 | 1101 | 1102 | 1304:
            return AccountBlocked()
        case 1103:
            words = "This model is not open to this account."
            return ProviderError(words, code="provider_unavailable")
        case 1200 | 1201:
            words = provider_words(get_str(answer, "message"))
            return ProviderError(words, code="invalid_value")
        case 1202 | 1203:
            return ProviderError("The provider does not know this model or job.")
        case 1300 | 1301:
            return ContentRefused()
        case 1302 | 1303:
            return RateLimited(retry_after_s=wait_s)
        case 5000 | 5001:
            return ProviderError("The provider broke.", retryable=True, retry_after_s=wait_s)
        case 5002:
            return Unanswered("the provider waited in vain for itself")
        case _:
            return None
