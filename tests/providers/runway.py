"""Runway on loopback, as its SDK describes it (read 2026-11-21)."""

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.providers.base import (
    FakeProvider,
    Job,
    Outcome,
    Rule,
    Said,
    Seen,
    between,
    limited,
    list_of,
    one_of,
    reply,
    text_of,
    uri,
)
from tests.providers.samples import sample_media
from workflows.catalogue.remote import ProviderCall

VERSION = "2024-11-06"
NAMES = Path(__file__).with_name("data") / "runway.json"
MAX_DATA_URI = 5_000_000


def file(given: Any) -> bool:
    """Say whether a value names a file: an address, an upload, or a data URI that is not too long."""
    if not isinstance(given, str):
        return False
    return given.startswith("runway://") or (uri(given) and len(given) <= MAX_DATA_URI)


def typed(*types: str) -> Callable[[Any], bool]:
    """Return the rule that a value is `{type, uri}`."""
    return lambda given: (
        isinstance(given, dict)
        and given.keys() == {"type", "uri"}
        and given["type"] in types
        and file(given["uri"])
    )


def _reference(given: Any) -> bool:
    return isinstance(given, dict) and given.keys() <= {"uri", "tag"} and file(given.get("uri"))


def _first(given: Any) -> bool:
    if isinstance(given, str):
        return file(given)
    return list_of(
        lambda item: (
            item.keys() == {"uri", "position"}
            and item["position"] in ("first", "last")
            and file(item["uri"])
        ),
        1,
        2,
    )(given)


def _voice(given: dict[str, Any]) -> bool:
    return given.keys() == {"type", "presetId"} and bool(given["type"] == "runway-preset")


PROMPT: Rule = text_of(1_000)
_SIZE = re.compile(r"[1-9][0-9]{2,3}:[1-9][0-9]{2,3}")


def _size(given: Any) -> bool:
    return isinstance(given, str) and _SIZE.fullmatch(given) is not None


SIZES: Rule = _size
SEED: Rule = between(0, 4_294_967_295)
# By address and model: what must be there beside the model, and what may be. Of the rest only the
# names are known (`names_of`).
BODIES: dict[tuple[str, str], tuple[dict[str, Rule], dict[str, Rule]]] = {
    ("text_to_video", "gen4.5"): (
        {"promptText": PROMPT, "ratio": SIZES, "duration": between(2, 10)},
        {"seed": SEED, "outputFormat": one_of("mp4", "prores")},
    ),
    ("text_to_video", "seedance2"): (
        {"promptText": text_of(3_500)},
        {
            "ratio": SIZES,
            "duration": int,
            "references": list_of(_reference, 1, 9),
            "referenceVideos": list_of(typed("video"), 1, 3),
            "referenceAudio": list_of(typed("audio"), 1, 3),
        },
    ),
    ("image_to_video", "gen4.5"): (
        {"promptText": PROMPT, "promptImage": _first, "ratio": SIZES, "duration": between(2, 10)},
        {"seed": SEED},
    ),
    ("image_to_video", "veo3.1"): (
        {"promptImage": _first, "ratio": SIZES},
        {
            "promptText": PROMPT,
            "audio": bool,
            "duration": one_of(4, 6, 8),
            "negativePrompt": PROMPT,
        },
    ),
    ("video_to_video", "aleph2"): ({"videoUri": file}, {"promptText": str, "seed": SEED}),
    ("text_to_image", "gen4_image"): (
        {"promptText": PROMPT, "ratio": SIZES},
        {"seed": SEED, "referenceImages": list_of(_reference, 1, 3)},
    ),
    ("character_performance", "act_two"): (
        {"character": typed("image", "video"), "reference": typed("video")},
        {"expressionIntensity": between(1, 5), "bodyControl": bool, "ratio": SIZES},
    ),
    ("image_upscale", "magnific_precision_upscaler_v2"): (
        {"imageUri": file},
        {"scaleFactor": one_of(2, 4, 8, 16)},
    ),
    ("video_upscale", "magnific_video_upscaler_creative"): (
        {"videoUri": file},
        {"resolution": one_of("720p", "1k", "2k", "4k")},
    ),
    ("video_to_hdr", "ruby"): ({"videoUri": file}, {"outputFormat": one_of("hdr10", "hlg")}),
    ("text_to_speech", "eleven_v4"): (
        {"promptText": str, "voice": _voice},
        {"languageCode": str, "seed": SEED, "similarityBoost": float, "speed": float},
    ),
    ("speech_to_speech", "eleven_multilingual_sts_v2"): (
        {"media": typed("audio", "video"), "voice": _voice},
        {"removeBackgroundNoise": bool},
    ),
    ("voice_dubbing", "eleven_voice_dubbing"): (
        {"audioUri": file, "targetLang": str},
        {"disableVoiceCloning": bool, "dropBackgroundAudio": bool, "numSpeakers": int},
    ),
    ("voice_isolation", "eleven_voice_isolation"): ({"audioUri": file}, {}),
    ("sound_effect", "eleven_text_to_sound_v2"): (
        {"promptText": str},
        {"duration": between(0.5, 30.0), "loop": bool},
    ),
    ("video_to_audio", "mirelo_sfx_2_0"): ({"videoUri": file, "duration": float}, {}),
}
KINDS = {
    "text_to_image": "image",
    "image_upscale": "image",
    "text_to_speech": "audio",
    "speech_to_speech": "audio",
    "voice_dubbing": "audio",
    "voice_isolation": "audio",
    "sound_effect": "audio",
    "video_to_audio": "audio",
}


@cache
def names_of() -> dict[str, dict[str, list[str]]]:
    """Return the names of a body's fields by address and model, as the SDK 5.24.0 types them."""
    found: dict[str, dict[str, list[str]]] = json.loads(NAMES.read_text("utf-8"))
    return found


class FakeRunway(FakeProvider):
    """Tasks, uploads and the organization."""

    name = "runway"

    def routes(self) -> Any:
        """List what is understood."""
        for path in sorted({path for path, _ in BODIES}):
            yield "POST", f"/v1/{path}", self.create
        yield "GET", "/v1/tasks/{id}", self.show
        yield "DELETE", "/v1/tasks/{id}", self.delete
        yield "POST", "/v1/uploads", self.begin_upload
        yield "POST", "/store", self.store
        yield "GET", "/v1/organization", self.organization

    def is_authorized(self, seen: Seen) -> bool:
        """Check the key; the store of uploads knows none, and must not see it."""
        if seen.path == "/store":
            return "Authorization" not in seen.headers
        return super().is_authorized(seen)

    def refusal(self, outcome: Outcome) -> web.Response | None:
        """Tell of limits, money and keys at once."""
        match outcome:
            case Outcome.RATE_LIMITED:
                return limited({"error": "You have exceeded your daily task limit."})
            case Outcome.OUT_OF_CREDIT:
                return reply({"error": "You do not have enough credits to run this task."}, 400)
            case Outcome.UNAUTHORIZED:
                return reply({"error": "The API key is invalid."}, 401)
            case _:
                return None

    def invalid(self, message: str) -> web.Response:
        """Return a 400."""
        issues = [{"code": "custom", "path": ["body"], "message": message}]
        return reply({"error": "Validation of body failed", "issues": issues}, 400)

    async def create(self, seen: Seen) -> web.StreamResponse:
        """Take a task."""
        self.require(seen.headers.get("X-Runway-Version") == VERSION, "X-Runway-Version")
        path = seen.path.removeprefix("/v1/")
        known = BODIES.get((path, (seen.body or {}).get("model", "")))
        names = names_of().get(path, {}).get((seen.body or {}).get("model", ""))
        if names is None:
            raise Said(self.invalid("model is not known"))
        required, optional = known or ({}, {})
        anything = {name: lambda _: True for name in names}
        self.expect(seen.body, required={"model": str, **required}, optional=anything | optional)
        job = self.take(seen, reference=KINDS.get(path, "video"))
        return reply({"id": job.id, "estimatedCost": {"credits": 25}})

    async def show(self, seen: Seen) -> web.StreamResponse:
        """Show a task."""
        job = self.find(seen)
        if job is None:
            return reply({"error": "Task not found"}, 404)
        return reply({"id": job.id, "createdAt": "2026-11-21T12:00:00Z", **self._state(job)})

    async def delete(self, seen: Seen) -> web.StreamResponse:
        """End a task, or forget it."""
        job = self.job(seen.params["id"])
        if job is None:
            return reply({"error": "Task not found"}, 404)
        job.is_cancelled = True
        return web.Response(status=204)

    async def begin_upload(self, seen: Seen) -> web.StreamResponse:
        """Say where a file goes."""
        self.expect(seen.body, required={"filename": str, "type": one_of("ephemeral")})
        fields = {"key": "uploads/1", "policy": "e30="}
        target = f"{self.url}/store"
        return reply({"uploadUrl": target, "fields": fields, "runwayUri": "runway://uploads/1"})

    async def store(self, seen: Seen) -> web.StreamResponse:
        """Keep a file."""
        given = seen.part("file")
        self.require(seen.fields == {"key": "uploads/1", "policy": "e30="}, "fields")
        self.require(given is not None and given.filename is not None, "file")
        return web.Response(status=204)

    async def organization(self, seen: Seen) -> web.StreamResponse:
        """Say what is left."""
        return reply({"creditBalance": 4_210, "tier": {"models": {}}, "usage": {"models": {}}})

    def _state(self, job: Job) -> dict[str, Any]:
        match job.state:
            case "queued":
                return {"status": "THROTTLED", "estimatedCost": {"credits": 25}}
            case "running":
                return {"status": "RUNNING", "progress": 0.4, "estimatedCost": {"credits": 25}}
            case "cancelled":
                return {"status": "CANCELLED", "cost": {"credits": 0}}
            case "done":
                urls = [self.file_url(job, job.reference)]
                return {"status": "SUCCEEDED", "output": urls, "cost": {"credits": 25}}
            case "refused":
                code = "SAFETY.INPUT.TEXT"
                words = "Your request has been moderated."
            case _:
                code, words = "INTERNAL.BAD_OUTPUT.CODE01", "An unexpected error occurred."
        return {"status": "FAILED", "failure": words, "failureCode": code, "cost": {"credits": 0}}


def _call(operation: str, model: str, body: dict[str, Any], **media: str) -> ProviderCall:
    """Return a call with a file of a kind at each place; `_s` at a name's end stands for `[]`."""
    places = {
        (f"{name[:-2]}[]" if name.endswith("_s") else name): [sample_media(kind)]
        for name, kind in media.items()
    }
    return ProviderCall(
        provider="runway", model=model, operation=operation, body=body, media=places
    )


FAKE = FakeRunway
_VOICE = {"voice": {"type": "runway-preset", "presetId": "Maya"}}
SAMPLES = (
    _call(
        "text-to-video",
        "gen4.5",
        {"promptText": "A kite", "ratio": "1280:720", "duration": 5, "seed": 7},
    ),
    _call(
        "text-to-video",
        "seedance2",
        {"promptText": "A kite"},
        references_s="image",
        referenceVideos_s="video",
        referenceAudio_s="audio",
    ),
    _call(
        "image-to-video",
        "gen4.5",
        {"promptText": "It sails away", "ratio": "1280:720", "duration": 5},
        first_frame="image",
    ),
    _call(
        "image-to-video",
        "veo3.1",
        {"ratio": "1920:1080", "duration": 8},
        first_frame="image",
        last_frame="image",
    ),
    _call("video-to-video", "aleph2", {"promptText": "At night"}, videoUri="video"),
    _call(
        "text-to-image",
        "gen4_image",
        {"promptText": "A lighthouse", "ratio": "1024:1024"},
        referenceImages_s="image",
    ),
    _call("lip-sync", "act_two", {"expressionIntensity": 3}, character="image", reference="video"),
    _call("upscale", "magnific_precision_upscaler_v2", {"scaleFactor": 2}, imageUri="image"),
    _call("upscale-video", "magnific_video_upscaler_creative", {}, videoUri="video"),
    _call("video-to-hdr", "ruby", {"outputFormat": "hdr10"}, videoUri="video"),
    _call("text-to-speech", "eleven_v4", {"promptText": "Hello", **_VOICE}),
    _call("speech-to-speech", "eleven_multilingual_sts_v2", _VOICE, media="audio"),
    _call("voice-dubbing", "eleven_voice_dubbing", {"targetLang": "es"}, audioUri="audio"),
    _call("voice-isolation", "eleven_voice_isolation", {}, audioUri="audio"),
    _call("sound-effect", "eleven_text_to_sound_v2", {"promptText": "Rain", "duration": 4.0}),
    _call("video-to-audio", "mirelo_sfx_2_0", {"duration": 4.0}, videoUri="video"),
)
