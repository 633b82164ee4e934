"""Recraft's contract: JSON for pictures, forms for tools, all answered at once."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from tests.providers.base import (
    FakeProvider,
    Handler,
    Outcome,
    Rule,
    Seen,
    between,
    limited,
    one_of,
    reply,
    text_of,
)
from tests.providers.form_rules import decimal, digits, expect_files
from tests.providers.samples import sample_media
from workflows.catalogue.remote import ProviderCall

CREDITS = 40
_STYLES = (
    "any", "realistic_image", "digital_illustration", "vector_illustration", "icon", "logo_raster",
)  # fmt: skip
_EVERY: dict[str, Rule] = {
    "response_format": one_of("url", "b64_json"),
    "image_format": one_of("webp", "png"),
    "expire": bool,
}
_GENERATION: dict[str, Rule] = {
    **_EVERY,
    "size": str,
    "n": between(1, 6),
    "style": one_of(*_STYLES),
    "style_id": str,
    "substyle": str,
    "controls": dict,
    "negative_prompt": str,
    "random_seed": between(0, 2**32 - 1),
}
_TEXTS: dict[str, Rule] = {
    "response_format": one_of("url", "b64_json"),
    "image_format": one_of("webp", "png"),
}
_TRANSFORM: dict[str, Rule] = {
    **_TEXTS,
    "model": text_of(40),
    "n": digits(1, 6),
    "style": one_of(*_STYLES),
    "negative_prompt": str,
    "random_seed": digits(0, 2**32 - 1),
    "controls": lambda given: given.startswith("{"),
}
_PROMPT: dict[str, Rule] = {"prompt": text_of(10_000)}
# Files, required and optional fields, by tool.
TOOLS: dict[str, tuple[tuple[str, ...], dict[str, Rule], dict[str, Rule]]] = {
    "imageToImage": (("image",), {**_PROMPT, "strength": decimal(0, 1)}, _TRANSFORM),
    "inpaint": (("image", "mask"), _PROMPT, _TRANSFORM),
    "generateBackground": (("image", "mask"), _PROMPT, _TRANSFORM),
    "replaceBackground": (("image",), _PROMPT, _TRANSFORM),
    "outpaint": (
        ("image",),
        {},
        {
            **_TRANSFORM,
            **_PROMPT,
            "size": str,
            "zoom_out_percentage": digits(0, 100),
            **{f"expand_{side}": digits(0, 4096) for side in ("top", "bottom", "left", "right")},
        },
    ),
    "variateImage": (("image",), {"size": str}, _TRANSFORM),
    "eraseRegion": (("image", "mask"), {}, _TEXTS),
    "removeBackground": (("image",), {}, _TEXTS),
    "crispUpscale": (("image",), {}, _TEXTS),
    "creativeUpscale": (("image",), {}, _TEXTS),
    "vectorize": (("image",), {}, _TEXTS),
}
_ONE_PICTURE = ("eraseRegion", "removeBackground", "crispUpscale", "creativeUpscale", "vectorize")


class FakeRecraft(FakeProvider):
    """Recraft."""

    name = "recraft"

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "POST", "/v1/images/generations", self.generate
        yield "POST", "/v1/images/{tool}", self.transform
        yield "GET", "/v1/users/me", self.me

    def refusal(self, outcome: Outcome) -> web.Response | None:
        match outcome:
            case Outcome.RATE_LIMITED:
                return limited({"code": "rate_limit_exceeded", "message": "slow down"})
            case Outcome.OUT_OF_CREDIT:
                return reply({"code": "invalid_request", "message": "Not enough credits"}, 400)
            case Outcome.UNAUTHORIZED:
                return reply({"code": "unauthorized", "message": "bad token"}, 401)
            case Outcome.REFUSED:
                return reply({"code": "moderation_failed", "message": "The prompt is unsafe"}, 400)
            case _:
                return reply({"code": "internal", "message": "it broke"}, 500)

    def invalid(self, message: str) -> web.Response:
        return reply({"code": "invalid_request", "message": message}, 400)

    async def generate(self, seen: Seen) -> web.StreamResponse:
        required: dict[str, Rule] = {**_PROMPT, "model": lambda given: given.startswith("recraftv")}
        self.expect(seen.body, required=required, optional=_GENERATION)
        return self._pictures(seen, count=seen.body.get("n", 1))

    async def transform(self, seen: Seen) -> web.StreamResponse:
        tool = seen.params["tool"]
        files, required, optional = TOOLS.get(tool, ((), {}, {}))
        self.require(bool(files), "there is no such tool")
        self.expect(seen.fields, required=required, optional=optional)
        expect_files(self, seen, files)
        return self._pictures(seen, is_single=tool in _ONE_PICTURE)

    async def me(self, seen: Seen) -> web.StreamResponse:
        return reply({"id": "u-1", "name": "Ada", "email": "ada@example.com", "credits": 950})

    def _pictures(self, seen: Seen, *, count: int = 1, is_single: bool = False) -> web.Response:
        job = self.take(seen)
        found: list[dict[str, Any]] = [
            {"image_id": f"i-{number}", "url": self.file_url(job, "image", number)}
            for number in range(count)
        ]
        told = {"image": found[0]} if is_single else {"data": found}
        return reply({"created": 1_763_700_000, "credits": CREDITS, **told})


def _call(operation: str, model: str, body: dict[str, Any], *files: str) -> ProviderCall:
    media = {name: [sample_media(name)] for name in files}
    return ProviderCall(
        provider="recraft", model=model, operation=operation, body=body, media=media
    )


FAKE = FakeRecraft
SAMPLES = (
    _call(
        "text-to-image",
        "recraftv4",
        {"prompt": "a cat", "size": "1024x1024", "n": 2, "controls": {"no_text": True}},
    ),
    _call(
        "image-to-image",
        "images/imageToImage",
        {"prompt": "a dog", "strength": 0.4, "model": "recraftv3", "controls": {"no_text": True}},
        "image",
    ),
    _call("inpaint", "images/inpaint", {"prompt": "a hat", "n": 1}, "image", "mask"),
    _call("outpaint", "images/outpaint", {"prompt": "hills", "expand_left": 256}, "image"),
    _call("image-edit", "images/eraseRegion", {}, "image", "mask"),
    _call("remove-background", "images/removeBackground", {}, "image"),
    _call("upscale", "images/crispUpscale", {"image_format": "png"}, "image"),
)
