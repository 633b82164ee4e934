"""Stability AI's contract: forms in, bytes out with their story in the headers; some jobs to poll."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from tests.providers.base import (
    FakeProvider,
    Handler,
    Job,
    Outcome,
    Rule,
    Said,
    Seen,
    limited,
    one_of,
    raw_reply,
    reply,
    text_of,
)
from tests.providers.form_rules import decimal, digits, expect_files
from tests.providers.samples import CONTENT_TYPES, sample_file, sample_media
from workflows.catalogue.remote import ProviderCall

_RATIOS = ("16:9", "1:1", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21")
_STYLES = (
    "3d-model", "analog-film", "anime", "cinematic", "comic-book", "digital-art", "enhance",
    "fantasy-art", "isometric", "line-art", "low-poly", "modeling-compound", "neon-punk", "origami",
    "photographic", "pixel-art", "tile-texture",
)  # fmt: skip
_PROMPT: dict[str, Rule] = {"prompt": text_of(10_000)}
_EVERY: dict[str, Rule] = {
    "seed": digits(0, 4_294_967_294),
    "output_format": one_of("png", "jpeg", "webp"),
    "negative_prompt": text_of(10_000),
    "style_preset": one_of(*_STYLES),
}
_RATIO: dict[str, Rule] = {"aspect_ratio": one_of(*_RATIOS)}
_IMAGE = ("image",)
# Files needed, files allowed, required and optional fields, by path behind `v2beta/`.
Form = tuple[tuple[str, ...], tuple[str, ...], dict[str, Rule], dict[str, Rule]]
_AUDIO: dict[str, Rule] = {
    "model": one_of("stable-audio-2", "stable-audio-2.5"),
    "duration": digits(1, 190),
    "seed": digits(0, 4_294_967_294),
    "steps": digits(4, 8),
    "output_format": one_of("wav", "mp3"),
}
FORMS: dict[str, Form] = {
    "stable-image/generate/core": ((), (), _PROMPT, {**_EVERY, **_RATIO}),
    "stable-image/generate/ultra": (
        (),
        _IMAGE,
        _PROMPT,
        {**_EVERY, **_RATIO, "strength": decimal(0, 1)},
    ),
    "stable-image/generate/sd3": (
        (),
        _IMAGE,
        {**_PROMPT, "model": one_of("sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium")},
        {
            **_EVERY,
            **_RATIO,
            "mode": one_of("text-to-image", "image-to-image"),
            "cfg_scale": decimal(1, 10),
            "strength": decimal(0, 1),
        },
    ),
    "stable-image/edit/inpaint": (
        _IMAGE,
        ("mask",),
        _PROMPT,
        {**_EVERY, "grow_mask": digits(0, 100)},
    ),
    "stable-image/edit/outpaint": (
        _IMAGE,
        (),
        {},
        {
            **_EVERY,
            **_PROMPT,
            "creativity": decimal(0, 1),
            **{side: digits(0, 2000) for side in ("left", "right", "up", "down")},
        },
    ),
    "stable-image/edit/erase": (_IMAGE, ("mask",), {}, {**_EVERY, "grow_mask": digits(0, 100)}),
    "stable-image/edit/remove-background": (
        _IMAGE,
        (),
        {},
        {"output_format": one_of("png", "webp")},
    ),
    "stable-image/edit/search-and-replace": (
        _IMAGE,
        (),
        {**_PROMPT, "search_prompt": text_of(10_000)},
        {**_EVERY, "grow_mask": digits(0, 100)},
    ),
    "stable-image/edit/search-and-recolor": (
        _IMAGE,
        (),
        {**_PROMPT, "select_prompt": text_of(10_000)},
        {**_EVERY, "grow_mask": digits(0, 100)},
    ),
    "stable-image/edit/replace-background-and-relight": (
        ("subject_image",),
        ("background_reference",),
        {},
        {**_EVERY, "background_prompt": text_of(10_000)},
    ),
    "stable-image/upscale/fast": (_IMAGE, (), {}, {"output_format": _EVERY["output_format"]}),
    "stable-image/upscale/conservative": (
        _IMAGE,
        (),
        _PROMPT,
        {**_EVERY, "creativity": decimal(0.2, 0.5)},
    ),
    "stable-image/upscale/creative": (
        _IMAGE,
        (),
        _PROMPT,
        {**_EVERY, "creativity": decimal(0.1, 0.5)},
    ),
    **dict.fromkeys(
        ("stable-image/control/sketch", "stable-image/control/structure"),
        (_IMAGE, (), _PROMPT, {**_EVERY, "control_strength": decimal(0, 1)}),
    ),
    "stable-image/control/style": (
        _IMAGE,
        (),
        _PROMPT,
        {**_EVERY, **_RATIO, "fidelity": decimal(0, 1)},
    ),
    "stable-image/control/style-transfer": (
        ("init_image", "style_image"),
        (),
        {},
        {**_EVERY, **_PROMPT},
    ),
    "audio/stable-audio-2/text-to-audio": ((), (), _PROMPT, _AUDIO),
    "audio/stable-audio-2/audio-to-audio": (
        ("audio",),
        (),
        _PROMPT,
        {**_AUDIO, "strength": decimal(0, 1)},
    ),
}
_JOBS = ("stable-image/upscale/creative", "stable-image/edit/replace-background-and-relight")


class FakeStability(FakeProvider):
    """Stability AI."""

    name = "stability"

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "GET", "/v1/user/balance", self.balance
        yield "GET", "/v2beta/results/{id}", self.show
        yield "POST", "/v2beta/{path:.*}", self.create

    def refusal(self, outcome: Outcome) -> web.Response | None:
        match outcome:
            case Outcome.RATE_LIMITED:
                return limited(_error("rate_limit_exceeded", "150 requests in 10 seconds"))
            case Outcome.OUT_OF_CREDIT:
                return reply(_error("payment_required", "You lack sufficient credits"), 402)
            case Outcome.UNAUTHORIZED:
                return reply(_error("unauthorized", "bad key"), 401)
            case _:
                return None

    def invalid(self, message: str) -> web.Response:
        return reply(_error("bad_request", message), 400)

    async def create(self, seen: Seen) -> web.StreamResponse:
        path = seen.params["path"]
        self.require(path in FORMS, "there is no such path")
        self.require(bool(seen.form), "the body has to be multipart")
        files, allowed, required, optional = FORMS[path]
        self.expect(seen.fields, required=required, optional=optional)
        expect_files(self, seen, files, (*allowed, "none"))
        kind = "audio" if path.startswith("audio/") else "image"
        self.require(seen.headers.get("Accept") == f"{kind}/*", "accept what comes")
        job = self.take(seen)
        if path in _JOBS:
            return reply({"id": job.id})
        if job.outcome is Outcome.FAILED:
            raise Said(reply(_error("internal_error", "it broke"), 500))
        return _media(job, kind)

    async def show(self, seen: Seen) -> web.StreamResponse:
        job = self.find(seen)
        if job is None:
            return reply(_error("not_found", "no such result"), 404)
        if job.state in ("queued", "running"):
            return reply({"id": job.id, "status": "in-progress"}, 202)
        if job.state == "failed":
            return reply(_error("internal_error", "it broke"), 500)
        return _media(job, "image")

    async def balance(self, seen: Seen) -> web.StreamResponse:
        return reply({"credits": 6.5})


def _media(job: Job, kind: str) -> web.Response:
    is_refused = job.outcome is Outcome.REFUSED
    return raw_reply(
        sample_file(kind),
        CONTENT_TYPES[kind],
        finish_reason="CONTENT_FILTERED" if is_refused else "SUCCESS",
        seed="4294967294",
        x_request_id="r-1",
    )


def _error(name: str, message: str) -> dict[str, Any]:
    return {"id": "e-1", "name": name, "errors": [message]}


def _call(operation: str, path: str, body: dict[str, Any], **media: str) -> ProviderCall:
    files = {name: [sample_media(kind)] for name, kind in media.items()}
    return ProviderCall(
        provider="stability", model=f"v2beta/{path}", operation=operation, body=body, media=files
    )


FAKE = FakeStability
SAMPLES = (
    _call("text-to-image", "stable-image/generate/core", {"prompt": "a cat", "seed": 7}),
    _call("text-to-image", "stable-image/generate/sd3:sd3.5-large", {"prompt": "a cat"}),
    _call(
        "inpaint",
        "stable-image/edit/inpaint",
        {"prompt": "a hat", "grow_mask": 5},
        image="image",
        mask="mask",
    ),
    _call(
        "outpaint", "stable-image/edit/outpaint", {"left": 200, "creativity": 0.5}, image="image"
    ),
    _call(
        "image-edit",
        "stable-image/edit/search-and-replace",
        {"prompt": "a dog", "search_prompt": "the cat"},
        image="image",
    ),
    _call("remove-background", "stable-image/edit/remove-background", {}, image="image"),
    _call("upscale", "stable-image/upscale/fast", {}, image="image"),
    _call(
        "upscale",
        "stable-image/upscale/creative",
        {"prompt": "a cat", "creativity": 0.3},
        image="image",
    ),
    _call("controlnet", "stable-image/control/sketch", {"prompt": "a castle"}, image="image"),
    _call(
        "style-transfer",
        "stable-image/control/style-transfer",
        {},
        init_image="image",
        style_image="image",
    ),
    _call("music", "audio/stable-audio-2/text-to-audio", {"prompt": "rain", "duration": 20}),
    _call(
        "music",
        "audio/stable-audio-2/audio-to-audio",
        {"prompt": "rain", "strength": 0.5},
        audio="audio",
    ),
)
