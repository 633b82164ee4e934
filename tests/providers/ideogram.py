"""Ideogram's contract: forms in, signed URLs out, and pictures that are not safe without one."""

import json
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from tests.providers.base import (
    FakeProvider,
    Handler,
    Outcome,
    Rule,
    Said,
    Seen,
    between,
    limited,
    one_of,
    reply,
    text_of,
)
from tests.providers.form_rules import digits, expect_files
from tests.providers.samples import sample_media
from workflows.catalogue.remote import ProviderCall

_RATIOS = (
    "1x3", "3x1", "1x2", "2x1", "9x16", "16x9", "10x16", "16x10", "2x3", "3x2", "3x4", "4x3", "4x5",
    "5x4", "1x1",
)  # fmt: skip
_SPEEDS = ("FLASH", "TURBO", "BALANCED", "DEFAULT", "QUALITY")
_STYLES = ("AUTO", "GENERAL", "REALISTIC", "DESIGN", "FICTION", "STYLIZED", "CUSTOM")
_SEED = digits(0, 2_147_483_647)
_COMMON: dict[str, Rule] = {
    "seed": _SEED,
    "num_images": digits(1, 8),
    "rendering_speed": one_of(*_SPEEDS),
    "magic_prompt": one_of("AUTO", "ON", "OFF"),
}
_PROMPT: dict[str, Rule] = {"prompt": text_of(10_000)}
_STYLED: dict[str, Rule] = {
    **_COMMON,
    "resolution": lambda given: "x" in given,
    "aspect_ratio": one_of(*_RATIOS),
    "negative_prompt": str,
    "style_type": one_of(*_STYLES),
    "style_preset": str,
    "style_codes": text_of(8),
    "color_palette": lambda given: "name" in json.loads(given),
}
# Files needed, files allowed, required and optional fields, by path.
Form = tuple[tuple[str, ...], tuple[str, ...], dict[str, Rule], dict[str, Rule]]
FORMS: dict[str, Form] = {
    "v1/ideogram-v4/generate": (
        (),
        (),
        _PROMPT,
        {
            "seed": _SEED,
            "magic_prompt_option": one_of("AUTO", "ON", "OFF"),
            "resolution": lambda given: "x" in given,
            "rendering_speed": one_of(*_SPEEDS),
        },
    ),
    "v1/ideogram-v3/generate": (
        (),
        ("style_reference_images", "character_reference_images"),
        _PROMPT,
        _STYLED,
    ),
    "v1/ideogram-v3/generate-transparent": (
        (),
        (),
        _PROMPT,
        {
            **_COMMON,
            "aspect_ratio": one_of(*_RATIOS),
            "upscale_factor": one_of("X1", "X2", "X4"),
        },
    ),
    "v1/ideogram-v3/generate-design": ((), ("style_reference_images",), _PROMPT, _STYLED),
    "v1/ideogram-v3/edit": (("image", "mask"), ("style_reference_images",), _PROMPT, _STYLED),
    "v1/ideogram-v3/inpaint": (("image", "mask"), ("style_reference_images",), _PROMPT, _STYLED),
    "v1/ideogram-v3/remix": (
        ("image",),
        ("style_reference_images",),
        _PROMPT,
        {**_STYLED, "image_weight": digits(1, 100)},
    ),
    "v1/ideogram-v3/reframe": (
        ("image",),
        ("style_reference_images",),
        {"resolution": lambda given: "x" in given},
        _STYLED,
    ),
    "v1/ideogram-v3/replace-background": (
        ("image",),
        ("style_reference_images",),
        _PROMPT,
        _STYLED,
    ),
    "v1/ideogram-v3/layerize-text": (("image",), (), {}, {**_PROMPT, "seed": _SEED}),
    "v1/ideogram-v3/try-on": (
        ("image", "product_reference_images"),
        (),
        {},
        {**_COMMON, **_PROMPT},
    ),
    "v1/edit": (
        (),
        ("images",),
        _PROMPT,
        {
            "seed": _SEED,
            "num_images": digits(1, 8),
            "magic_prompt": one_of("AUTO", "ON", "OFF"),
            "resolution": lambda given: "x" in given,
            "aspect_ratio": one_of(*_RATIOS),
            "transparent_background": one_of("true", "false"),
        },
    ),
    "upscale": (("image_file",), (), {"image_request": str}, {}),
    "describe": (
        ("image_file",),
        (),
        {},
        {"describe_model_version": one_of("V_2", "V_3", "CUSTOM")},
    ),
}
_UPSCALE: dict[str, Rule] = {
    "prompt": str,
    "resemblance": between(1, 100),
    "detail": between(1, 100),
    "num_images": between(1, 8),
    "magic_prompt_option": one_of("AUTO", "ON", "OFF"),
    "seed": between(0, 2_147_483_647),
}


class FakeIdeogram(FakeProvider):
    """Ideogram."""

    name = "ideogram"

    def is_authorized(self, seen: Seen) -> bool:
        return seen.headers.get("Api-Key") == self.key

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "GET", "/manage/api/credits", self.credits
        yield "POST", "/{path:.*}", self.create

    def refusal(self, outcome: Outcome) -> web.Response | None:
        match outcome:
            case Outcome.RATE_LIMITED:
                return limited({"error": "Too many requests"})
            case Outcome.OUT_OF_CREDIT:
                return reply({"error": "Insufficient credits or quota"}, 402)
            case Outcome.UNAUTHORIZED:
                return reply({"error": "Not authorized"}, 401)
            case Outcome.FAILED:
                return reply({"error": "it broke"}, 500)
            case _:
                return None  # told with 200 or 422, by path

    def invalid(self, message: str) -> web.Response:
        return reply({"error": message}, 400)

    async def create(self, seen: Seen) -> web.StreamResponse:
        path = seen.params["path"]
        self.require(path in FORMS, "there is no such path")
        files, allowed, required, optional = FORMS[path]
        self.expect(seen.fields, required=required, optional=optional)
        expect_files(self, seen, files, allowed)
        if path == "upscale":
            self.expect(json.loads(seen.fields["image_request"]), optional=_UPSCALE)
        job = self.take(seen)
        is_refused = job.outcome is Outcome.REFUSED
        if is_refused and path == "describe":
            raise Said(reply({"error": "Image provided failed the safety check."}, 422))
        if path == "describe":
            return reply({"descriptions": [{"text": "A cat."}, {"text": "A cat in the sun."}]})
        url = None if is_refused else self.file_url(job, "image")
        if path == "v1/ideogram-v3/layerize-text" and url:
            return reply({"base_image_url": url, "original_image_url": url, "seed": 5})
        picture = {
            "url": url,
            "is_image_safe": not is_refused,
            "seed": 5,
            "resolution": "1024x1024",
        }
        return reply({"created": "2026-11-21T12:00:00Z", "data": [picture]})

    async def credits(self, seen: Seen) -> web.StreamResponse:
        dollars = {"currency_code": "USD", "amount": 12.5}
        return reply({
            "available_credits": dollars, "total_spend": dollars, "average_daily_spend": dollars
        })  # fmt: skip


def _call(operation: str, model: str, body: dict[str, Any], **media: str) -> ProviderCall:
    files = {name: [sample_media(kind)] for name, kind in media.items()}
    return ProviderCall(
        provider="ideogram", model=model, operation=operation, body=body, media=files
    )


FAKE = FakeIdeogram
SAMPLES = (
    _call(
        "text-to-image",
        "v1/ideogram-v3/generate",
        {"prompt": "a cat", "num_images": 1, "style_codes": ["AAFF00"]},
    ),
    _call("inpaint", "v1/ideogram-v3/edit", {"prompt": "a hat"}, image="image", mask="mask"),
    _call(
        "image-to-image",
        "v1/ideogram-v3/remix",
        {"prompt": "a dog", "image_weight": 60},
        image="image",
    ),
    _call("outpaint", "v1/ideogram-v3/reframe", {"resolution": "1024x1024"}, image="image"),
    _call("image-edit", "v1/ideogram-v3/layerize-text", {}, image="image"),
    ProviderCall(
        provider="ideogram",
        model="v1/edit",
        operation="image-edit",
        body={"prompt": "both", "transparent_background": True},
        media={"images[]": [sample_media("image"), sample_media("image")]},
    ),
    ProviderCall(
        provider="ideogram",
        model="v1/ideogram-v3/try-on",
        operation="try-on",
        body={},
        media={
            "image": [sample_media("image")],
            "product_reference_images[]": [sample_media("image")],
        },
    ),
    _call(
        "upscale",
        "upscale",
        {"image_request": {"resemblance": 60, "detail": 40}},
        image_file="image",
    ),
    _call("vision", "describe", {}, image_file="image"),
)
