"""Black Forest Labs' contract: submit, poll, callback."""

import base64
import dataclasses
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from tests.providers.base import (
    FakeProvider,
    Handler,
    Job,
    Outcome,
    Rule,
    Seen,
    between,
    limited,
    one_of,
    reply,
    text_of,
)
from tests.providers.samples import sample_media
from workflows.catalogue.remote import ProviderCall

CENTS = 4


def picture(given: Any) -> bool:
    """Say whether a value is a picture as base64, or the URL of one."""
    if not isinstance(given, str):
        return False
    return given.startswith("https://") or base64.b64decode(given).startswith(b"\x89PNG")


_EVERY: dict[str, Rule] = {
    "seed": int,
    "output_format": one_of("jpeg", "png", "webp"),
    "webhook_url": str,
    "webhook_secret": str,
}
_SIZE: dict[str, Rule] = {
    "width": lambda given: between(256, 1440)(given) and given % 32 == 0,
    "height": lambda given: between(256, 1440)(given) and given % 32 == 0,
}
_FLUX_2: dict[str, Rule] = {
    **_EVERY,
    "width": between(64, 4096),
    "height": between(64, 4096),
    "prompt_upsampling": bool,
    "safety_tolerance": between(0, 5),
    "input_image": picture,
    **{f"input_image_{number}": picture for number in range(2, 10)},
}
_TOOL: dict[str, Rule] = {
    **_EVERY,
    "prompt": str,
    "steps": between(15, 50),
    "guidance": between(1.5, 100.0),
    "prompt_upsampling": bool,
    "safety_tolerance": between(0, 6),
}
_PROMPT: dict[str, Rule] = {"prompt": text_of(10_000)}
# Required and optional fields, by endpoint.
ENDPOINTS: dict[str, tuple[dict[str, Rule], dict[str, Rule]]] = {
    **dict.fromkeys(("flux-2-pro", "flux-2-max", "flux-2-pro-preview"), (_PROMPT, _FLUX_2)),
    "flux-2-flex": (
        _PROMPT,
        {**_FLUX_2, "steps": between(1, 50), "guidance": between(1.5, 10.0)},
    ),
    "flux-pro-1.1": (
        _PROMPT,
        {
            **_EVERY,
            **_SIZE,
            "image_prompt": picture,
            "prompt_upsampling": bool,
            "safety_tolerance": between(0, 6),
        },
    ),
    "flux-pro-1.1-ultra": (
        _PROMPT,
        {
            **_EVERY,
            "aspect_ratio": text_of(5),
            "raw": bool,
            "image_prompt": picture,
            "image_prompt_strength": between(0.0, 1.0),
            "prompt_upsampling": bool,
            "safety_tolerance": between(0, 6),
        },
    ),
    **dict.fromkeys(
        ("flux-pro", "flux-dev"),
        (
            _PROMPT,
            {
                **_EVERY,
                **_SIZE,
                "steps": between(1, 50),
                "guidance": between(1.5, 5.0),
                "prompt_upsampling": bool,
                "safety_tolerance": between(0, 6),
            },
        ),
    ),
    **dict.fromkeys(
        ("flux-kontext-pro", "flux-kontext-max"),
        (
            _PROMPT,
            {
                **_EVERY,
                "input_image": picture,
                **{f"input_image_{number}": picture for number in range(2, 5)},
                "aspect_ratio": text_of(5),
                "prompt_upsampling": bool,
                "safety_tolerance": between(0, 6),
            },
        ),
    ),
    "flux-pro-1.0-fill": ({"image": picture}, {**_TOOL, "mask": picture}),
    "flux-pro-1.0-expand": (
        {"image": picture},
        {**_TOOL, **{side: between(0, 2048) for side in ("top", "bottom", "left", "right")}},
    ),
    **dict.fromkeys(
        ("flux-pro-1.0-canny", "flux-pro-1.0-depth"),
        (
            {"control_image": picture, "prompt": text_of(10_000)},
            {**_TOOL, "guidance": between(1.0, 100.0)},
        ),
    ),
}
_STATES = {
    "queued": "Pending",
    "running": "Processing",  # no documented word: whatever is unknown is pending
    "done": "Ready",
    "failed": "Error",
    "refused": "Content Moderated",
}


class FakeBfl(FakeProvider):
    """Set `names_polling_url` to False for the answer of the OpenAPI document to a callback."""

    name = "bfl"
    names_polling_url = True

    def is_authorized(self, seen: Seen) -> bool:
        return seen.headers.get("x-key") == self.key

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "GET", "/v1/get_result", self.show
        yield "GET", "/v1/credits", self.credits
        yield "POST", "/v1/{endpoint}", self.create

    def refusal(self, outcome: Outcome) -> web.Response | None:
        match outcome:
            case Outcome.RATE_LIMITED:
                return limited({"detail": "Too many active tasks"})
            case Outcome.OUT_OF_CREDIT:
                return reply({"detail": "Insufficient credits"}, 402)
            case Outcome.UNAUTHORIZED:
                return reply({"detail": "Not authenticated"}, 403)
            case _:
                return None

    def invalid(self, message: str) -> web.Response:
        return reply({"detail": [{"loc": ["body"], "msg": message, "type": "value_error"}]}, 422)

    def callback(self, job: Job) -> Any:
        return {"task_id": job.id, "status": "SUCCESS"}

    async def create(self, seen: Seen) -> web.StreamResponse:
        required, optional = ENDPOINTS.get(seen.params["endpoint"], ({}, {}))
        self.require(bool(required), "there is no such endpoint")
        self.expect(seen.body, required=required, optional=optional)
        job = self.take(seen, callback_url=seen.body.get("webhook_url", ""))
        told = {"id": job.id, "cost": CENTS, "input_mp": 0.0, "output_mp": 1.0}
        if self.names_polling_url or not job.callback_url:
            return reply({**told, "polling_url": f"{self.url}/v1/get_result"})
        return reply({**told, "status": "Pending", "webhook_url": job.callback_url})

    async def show(self, seen: Seen) -> web.StreamResponse:
        job = self.find(dataclasses.replace(seen, params=seen.query))
        if job is None:
            return reply({"id": seen.query.get("id", ""), "status": "Task not found"})
        done = {"sample": self.file_url(job, "image"), "seed": 42, "prompt": "a cat"}
        return reply({
            "id": job.id,
            "status": _STATES[job.state],
            "result": done if job.is_done else None,
            "progress": min(1.0, job.polls / 4),
        })  # fmt: skip

    async def credits(self, seen: Seen) -> web.StreamResponse:
        return reply({"credits": 125.5})


def _call(operation: str, model: str, body: dict[str, Any], **media: str) -> ProviderCall:
    files = {name: [sample_media(kind)] for name, kind in media.items()}
    return ProviderCall(provider="bfl", model=model, operation=operation, body=body, media=files)


FAKE = FakeBfl
SAMPLES = (
    _call("text-to-image", "flux-2-pro", {"prompt": "a cat", "width": 1024, "height": 768}),
    ProviderCall(
        provider="bfl",
        model="flux-2-pro",
        operation="image-edit",
        body={"prompt": "two cats", "seed": 7},
        media={"input_image[]": [sample_media("image"), sample_media("image")]},
    ),
    _call("image-edit", "flux-kontext-pro", {"prompt": "a hat"}, input_image="image"),
    _call("inpaint", "flux-pro-1.0-fill", {"prompt": "a hat"}, image="image", mask="mask"),
    _call("outpaint", "flux-pro-1.0-expand", {"prompt": "", "left": 256}, image="image"),
    _call("controlnet", "flux-pro-1.0-depth", {"prompt": "a cat"}, control_image="image"),
)
