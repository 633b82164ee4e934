"""Kling on loopback, as its documents and the OpenAPI copy describe it (read 2026-11-21)."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.providers.base import (
    FakeProvider,
    Job,
    Outcome,
    Rule,
    Seen,
    between,
    limited,
    list_of,
    one_of,
    reply,
    text_of,
)
from tests.providers.samples import kind_of, sample_media
from workflows.catalogue.remote import ProviderCall

TAKEN_AT = datetime(2026, 11, 21, 12, 0, 1, tzinfo=UTC)  # right behind `courses.correlation`
NOT_BEFORE_S = 60  # of slack for a token's times


def link(given: Any) -> bool:
    """Say whether a value is an address."""
    return isinstance(given, str) and given.startswith(("https://", "http://"))


def plain(kind: str) -> Callable[[Any], bool]:
    """Return the rule that a value is an address, or a file of a kind in base64 without a head."""

    def rule(given: Any) -> bool:
        if link(given):
            return True
        try:
            return kind_of(base64.b64decode(given, validate=True)) == kind
        except (binascii.Error, ValueError, TypeError):
            return False

    return rule


PICTURE = plain("image")
PROMPT: Rule = text_of(2_500)
RATIO: Rule = one_of("16:9", "9:16", "1:1")
RATIOS: Rule = one_of("16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9")
OURS: dict[str, Rule] = {"callback_url": link, "external_task_id": text_of(200)}
SECONDS: Rule = one_of(*(str(seconds) for seconds in range(3, 16)))
LONG = ("kling-v3", "kling-v3-omni", "kling-video-o1")  # the others know 5 and 10 seconds
FILM: dict[str, Rule] = {
    "negative_prompt": PROMPT,
    "cfg_scale": between(0.0, 1.0),
    "mode": one_of("std", "pro"),
    "sound": one_of("on", "off"),
    "duration": SECONDS,
    "camera_control": dict,
    **OURS,
}
MODELS: Rule = one_of(
    "kling-v1", "kling-v1-5", "kling-v1-6", "kling-v2-master", "kling-v2-1", "kling-v2-1-master",
    "kling-v2-5-turbo", "kling-v2-6", "kling-v3",
)  # fmt: skip


def _picture_item(given: Any) -> bool:
    return (
        PICTURE(given["image_url"])
        and given.keys() <= {"image_url", "type"}
        and given.get("type") in (None, "first_frame", "end_frame")
    )


def _film_item(given: Any) -> bool:
    return (
        link(given["video_url"])
        and given.keys() == {"video_url", "refer_type", "keep_original_sound"}
        and given["refer_type"] in ("base", "feature")
        and given["keep_original_sound"] in ("yes", "no")
    )


def _lip_sync(given: Any) -> bool:
    return (
        link(given["video_url"])
        and given.keys() <= {"video_url", "mode", "audio_type", "audio_url", "text", "voice_id"}
        and (link(given.get("audio_url")) or "text" in given)
    )


# By address: what must be there, and what may be.
BODIES: dict[str, tuple[dict[str, Rule], dict[str, Rule]]] = {
    "videos/text2video": (
        {"prompt": PROMPT},
        {"model_name": MODELS, "aspect_ratio": RATIO, **FILM},
    ),
    "videos/image2video": (
        {"image": PICTURE},
        {"model_name": MODELS, "prompt": PROMPT, "image_tail": PICTURE, **FILM},
    ),
    "videos/omni-video": (
        {"model_name": one_of("kling-video-o1", "kling-v3-omni"), "prompt": PROMPT},
        {
            "image_list": list_of(_picture_item, 1, 7),
            "video_list": list_of(_film_item, 1, 1),
            "mode": one_of("std", "pro"),
            "aspect_ratio": RATIO,
            "duration": SECONDS,
            "sound": one_of("on", "off"),
            **OURS,
        },
    ),
    "videos/effects": (
        {"effect_scene": str, "input": dict},
        {**OURS},
    ),
    "videos/lip-sync": ({"input": _lip_sync}, {**OURS}),
    "videos/avatar": (
        {"image": PICTURE, "sound_file": plain("audio")},
        {"prompt": PROMPT, "mode": one_of("std", "pro"), **OURS},
    ),
    "images/generations": (
        {"prompt": PROMPT},
        {
            "model_name": one_of("kling-v1", "kling-v1-5", "kling-v2"),
            "negative_prompt": PROMPT,
            "image": PICTURE,
            "image_reference": one_of("subject", "face"),
            "image_fidelity": between(0.0, 1.0),
            "human_fidelity": between(0.0, 1.0),
            "n": between(1, 9),
            "aspect_ratio": RATIOS,
            "resolution": one_of("1k", "2k"),
            **OURS,
        },
    ),
    "images/image-expansion": (
        {"image": PICTURE},
        {
            "prompt": PROMPT,
            **{f"{side}_expansion_ratio": between(0.0, 2.0) for side in ("up", "down", "left", "right")},
            **OURS,
        },
    ),
    "images/kolors-virtual-try-on": (
        {"human_image": PICTURE, "cloth_image": PICTURE},
        {"model_name": one_of("kolors-virtual-try-on-v1", "kolors-virtual-try-on-v1-5"), **OURS},
    ),
}  # fmt: skip


class FakeKling(FakeProvider):
    """Tasks at many addresses, behind tokens."""

    name = "kling"
    key = "access-key-0123456789"
    secret = "secret-key-0123456789"
    age_s = 0  # of the tasks

    def routes(self) -> Any:
        """List what is understood."""
        for endpoint in BODIES:
            yield "POST", f"/v1/{endpoint}", self.create
            yield "GET", f"/v1/{endpoint}", self.list
            yield "GET", f"/v1/{endpoint}/{{id}}", self.show
        yield "GET", "/account/costs", self.costs

    def is_authorized(self, seen: Seen) -> bool:
        """Check the token's signature, and its times."""
        scheme, _, token = seen.headers.get("Authorization", "").partition(" ")
        parts = token.split(".")
        if scheme != "Bearer" or len(parts) != 3:
            return False
        head, claims = (json.loads(_decoded(part)) for part in parts[:2])
        text = ".".join(parts[:2]).encode()
        digest = hmac.new(self.secret.encode(), text, hashlib.sha256).digest()
        now = time.time()
        return (
            head == {"alg": "HS256", "typ": "JWT"}
            and claims["iss"] == self.key
            and claims["nbf"] <= now < claims["exp"] <= now + 1_800 + NOT_BEFORE_S
            and hmac.compare_digest(digest, _decoded(parts[2]))
        )

    def refusal(self, outcome: Outcome) -> web.Response | None:
        """Tell of limits, money and keys at once; two of them with one status."""
        match outcome:
            case Outcome.RATE_LIMITED:
                return limited(_answer(1303, "parallel task over resource pack limit"))
            case Outcome.OUT_OF_CREDIT:
                return reply(_answer(1102, "Account balance not enough"), 429)
            case Outcome.UNAUTHORIZED:
                return reply(_answer(1002, "access key not found"), 401)
            case _:
                return None

    def invalid(self, message: str) -> web.Response:
        """Return a 400."""
        return reply(_answer(1201, message), 400)

    def callback(self, job: Job) -> Any:
        """Return what is posted when a task ends: itself."""
        return self._task(job, "succeed")

    async def create(self, seen: Seen) -> web.StreamResponse:
        """Take a task."""
        required, optional = BODIES[_endpoint(seen)]
        self.expect(seen.body, required=required, optional=optional)
        is_long = seen.body.get("model_name") in LONG
        self.require(is_long or seen.body.get("duration", "5") in ("5", "10"), "duration")
        name = seen.body.get("external_task_id", "")
        self.require(all(job.reference != name for job in self.jobs), "external_task_id is taken")
        job = self.take(seen, reference=name, callback_url=seen.body.get("callback_url", ""))
        return reply(_answer(0, "SUCCEED", self._task(job, "submitted")))

    async def list(self, seen: Seen) -> web.StreamResponse:
        """List an address's tasks, the newest first."""
        number, size = int(seen.query["pageNum"]), int(seen.query["pageSize"])
        self.require(1 <= number <= 1_000 and 1 <= size <= 500, "page out of range")
        jobs = [job for job in self.jobs if job.request.path == seen.path][::-1]
        page = jobs[(number - 1) * size : number * size]
        return reply(_answer(0, "SUCCEED", [self._task(job, _told(job)) for job in page]))

    async def show(self, seen: Seen) -> web.StreamResponse:
        """Show a task."""
        job = self.find(seen)
        if job is None or _endpoint(job.request) != _endpoint(seen).rpartition("/")[0]:
            return reply(_answer(1203, "task not found"), 404)
        return reply(_answer(0, "SUCCEED", self._task(job, _told(job))))

    async def costs(self, seen: Seen) -> web.StreamResponse:
        """List the resource packs."""
        self.require(int(seen.query["start_time"]) < int(seen.query["end_time"]), "times")
        packs = [{"resource_pack_name": "Video", "remaining_quantity": 118.0, "status": "online"}]
        return reply(_answer(0, "SUCCEED", {"code": 0, "resource_pack_subscribe_infos": packs}))

    def _task(self, job: Job, status: str) -> dict[str, Any]:
        created_ms = int((TAKEN_AT.timestamp() - self.age_s) * 1000)
        task: dict[str, Any] = {
            "task_id": job.id,
            "task_status": status,
            "task_info": {"external_task_id": job.reference},
            "created_at": created_ms,
            "updated_at": created_ms,
        }
        if status == "failed":
            is_refused = job.outcome is Outcome.REFUSED
            words = "Failure to pass the risk control system" if is_refused else "Internal error"
            task["task_status_msg"] = words
        if status == "succeed":
            task["task_result"] = self._result(job)
        return task

    def _result(self, job: Job) -> dict[str, Any]:
        if _endpoint(job.request).startswith("videos/"):
            film = {"id": f"v-{job.id}", "url": self.file_url(job, "video"), "duration": "5.1"}
            return {"videos": [film]}
        count = job.request.body.get("n", 1)
        numbers = range(count)
        return {"images": [{"index": n, "url": self.file_url(job, "image", n)} for n in numbers]}


def _endpoint(seen: Seen) -> str:
    return seen.path.removeprefix("/v1/")


def _told(job: Job) -> str:
    told = {"queued": "submitted", "running": "processing", "done": "succeed"}
    return told.get(job.state, "failed")


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _answer(code: int, message: str, data: Any = None) -> dict[str, Any]:
    given = {} if data is None else {"data": data}
    return {"code": code, "message": message, "request_id": "CjMT7WdSwW", **given}


FAKE = FakeKling
SAMPLES = (
    ProviderCall(
        provider="kling",
        model="kling-v2-6",
        operation="text-to-video",
        body={"prompt": "A kite", "mode": "pro", "duration": "5", "aspect_ratio": "16:9"},
    ),
    ProviderCall(
        provider="kling",
        model="kling-v2-1",
        operation="image-to-video",
        body={"prompt": "It sails away", "duration": "10", "cfg_scale": 0.5},
        media={"image": [sample_media("image")], "image_tail": [sample_media("image")]},
    ),
    ProviderCall(
        provider="kling",
        model="kling-video-o1",
        operation="video-to-video",
        body={
            "prompt": "As <<<image_1>>> at night",
            "mode": "std",
            "refer_type": "base",
            "keep_original_sound": "yes",
        },
        media={
            "images[]": [sample_media("image")],
            "first_frame": [sample_media("image")],
            "video": [sample_media("video")],
        },
    ),
    ProviderCall(
        provider="kling",
        model="kling-v3-omni",
        operation="video-to-video",
        body={"prompt": "A storm", "duration": "15", "sound": "on"},
    ),
    ProviderCall(
        provider="kling",
        model="videos/effects",
        operation="effects",
        body={
            "effect_scene": "fuzzyfuzzy",
            "input": {"model_name": "kling-v1-6", "duration": "5"},
        },
        media={"input.image": [sample_media("image")]},
    ),
    ProviderCall(
        provider="kling",
        model="videos/lip-sync",
        operation="lip-sync",
        body={"input": {"mode": "audio2video", "audio_type": "url"}},
        media={
            "input.video_url": [sample_media("video")],
            "input.audio_url": [sample_media("audio")],
        },
    ),
    ProviderCall(
        provider="kling",
        model="videos/avatar",
        operation="avatar",
        body={"mode": "std"},
        media={"image": [sample_media("image")], "sound_file": [sample_media("audio")]},
    ),
    ProviderCall(
        provider="kling",
        model="kling-v2",
        operation="text-to-image",
        body={"prompt": "A lighthouse", "n": 3, "resolution": "2k", "aspect_ratio": "21:9"},
    ),
    ProviderCall(
        provider="kling",
        model="kling-v1-5",
        operation="image-to-image",
        body={"prompt": "In the fog", "image_reference": "subject", "image_fidelity": 0.5},
        media={"image": [sample_media("image")]},
    ),
    ProviderCall(
        provider="kling",
        model="images/image-expansion",
        operation="outpaint",
        body={"up_expansion_ratio": 0.5, "left_expansion_ratio": 0.5},
        media={"image": [sample_media("image")]},
    ),
    ProviderCall(
        provider="kling",
        model="kolors-virtual-try-on-v1-5",
        operation="try-on",
        body={},
        media={"human_image": [sample_media("image")], "cloth_image": [sample_media("image")]},
    ),
)
