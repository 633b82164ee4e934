"""The contract of Google's Gemini API by key."""

import base64
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
    list_of,
    one_of,
    raw_reply,
    reply,
    text_of,
)
from tests.providers.samples import CONTENT_TYPES, sample_file, sample_media
from workflows.catalogue.remote import ProviderCall

PCM = bytes(4_800)  # a tenth of a second of silence
RATIOS = (
    "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:4", "4:1", "1:8",
    "8:1",
)  # fmt: skip
_CONFIG: dict[str, Rule] = {
    "temperature": between(0.0, 2.0),
    "topP": between(0.0, 1.0),
    "topK": int,
    "maxOutputTokens": between(1, 65_536),
    "stopSequences": list_of(str),
    "seed": int,
    "responseMimeType": one_of("text/plain", "application/json"),
    "responseSchema": dict,
    "responseModalities": list_of(one_of("TEXT", "IMAGE", "AUDIO"), 1, 3),
    "thinkingConfig": dict,
    "imageConfig": dict,
    "speechConfig": dict,
}
_IMAGE_CONFIG: dict[str, Rule] = {
    "aspectRatio": one_of(*RATIOS),
    "imageSize": one_of("512", "1K", "2K", "4K"),
}
_GENERATE: dict[str, Rule] = {
    "systemInstruction": dict,
    "generationConfig": dict,
    "safetySettings": list_of(dict),
}
_BYTES: dict[str, Rule] = {"bytesBase64Encoded": text_of(10**8), "mimeType": text_of(80)}
_FILM: dict[str, Rule] = {
    "aspectRatio": one_of("16:9", "9:16"),
    "durationSeconds": one_of(4, 6, 8),
    "resolution": one_of("720p", "1080p", "4k"),
    "negativePrompt": str,
    "personGeneration": str,
    "sampleCount": between(1, 4),
    "enhancePrompt": bool,
}
_PICTURE: dict[str, Rule] = {
    "sampleCount": between(1, 4),
    "aspectRatio": one_of("1:1", "3:4", "4:3", "9:16", "16:9"),
    "sampleImageSize": one_of("1K", "2K"),
    "personGeneration": str,
    "safetySetting": str,
    "language": str,
    "includeRaiReason": bool,
    "outputOptions": dict,
}
_INTERACTION: dict[str, Rule] = {
    "background": one_of(True),
    "store": one_of(True),
    "system_instruction": str,
    "generation_config": dict,
    "response_format": dict,
    "safety_settings": list_of(dict),
}
_INTERACTION_CONFIG: dict[str, Rule] = {
    "temperature": between(0.0, 2.0),
    "top_p": between(0.0, 1.0),
    "seed": int,
    "max_output_tokens": int,
    "thinking_level": str,
    "speech_config": (dict, list),
    "transcription_config": dict,
    "video_config": dict,
}
_FORMATS: dict[str, dict[str, Rule]] = {
    "image": {"aspect_ratio": one_of(*RATIOS), "image_size": str, "mime_type": str},
    "audio": {
        "mime_type": one_of(
            "audio/mp3", "audio/ogg_opus", "audio/l16", "audio/wav", "audio/alaw", "audio/mulaw"
        ),
        "sample_rate": int,
        "bit_rate": int,
    },
    "video": {
        "aspect_ratio": one_of("16:9", "9:16"),
        "resolution": one_of("360p", "720p", "1080p", "4k"),
        "duration": lambda given: isinstance(given, str) and given.endswith("s"),
    },
}
_STATES = {
    "queued": "queued",
    "running": "in_progress",
    "done": "completed",
    "failed": "failed",
    "refused": "failed",
    "cancelled": "cancelled",
}
_USAGE = {"promptTokenCount": 12, "candidatesTokenCount": 30, "totalTokenCount": 42}


class FakeGoogle(FakeProvider):
    """Gemini, Imagen and Veo."""

    name = "google"
    never = frozenset({("embedding", Outcome.REFUSED)})

    def is_authorized(self, seen: Seen) -> bool:
        return seen.headers.get("x-goog-api-key") == self.key

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "GET", "/v1beta/models", self.models
        yield "POST", "/v1beta/models/{model:[^:/]+}:generateContent", self.generate
        yield "POST", "/v1beta/models/{model:[^:/]+}:embedContent", self.embed
        yield "POST", "/v1beta/models/{model:[^:/]+}:predict", self.predict
        yield "POST", "/v1beta/models/{model:[^:/]+}:predictLongRunning", self.film
        yield "GET", "/v1beta/models/{model}/operations/{id}", self.operation
        yield "GET", "/v1beta/files/{name}:download", self.download
        yield "POST", "/v1beta/interactions", self.interact
        yield "GET", "/v1beta/interactions/{id}", self.interaction
        yield "POST", "/v1beta/interactions/{id}/cancel", self.cancel

    def refusal(self, outcome: Outcome) -> web.Response | None:
        match outcome:
            case Outcome.RATE_LIMITED:
                wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}
                return limited(_error(429, "RESOURCE_EXHAUSTED", "Quota exceeded", wait))
            case Outcome.OUT_OF_CREDIT:  # in a list, as happens
                told = _error(400, "FAILED_PRECONDITION", "Enable billing for this project.")
                return reply([told], 400)
            case Outcome.UNAUTHORIZED:
                reason = {"@type": "…/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
                told = _error(400, "INVALID_ARGUMENT", "API key not valid.", reason)
                return reply(told, 400)
            case _:
                return None  # told by HTTP 200, in words of each call

    def invalid(self, message: str) -> web.Response:
        return reply(_error(400, "INVALID_ARGUMENT", message), 400)

    async def models(self, seen: Seen) -> web.StreamResponse:
        return reply({"models": [{"name": "models/gemini-3.8-flash"}], "nextPageToken": "x"})

    async def generate(self, seen: Seen) -> web.StreamResponse:
        kind = _kind_by(seen.params["model"])
        self.expect(seen.body, required={"contents": list_of(dict, 1, 1)}, optional=_GENERATE)
        self._check_parts(seen.body["contents"][0].get("parts"))
        config = seen.body.get("generationConfig", {})
        self.expect(config, optional=_CONFIG)
        self.expect(config.get("imageConfig", {}), optional=_IMAGE_CONFIG)
        asked = config.get("responseModalities", ["TEXT"])
        self.require(kind.upper() in asked, f"this model gives {kind}")
        job = self.take(seen)
        if job.outcome is Outcome.FAILED:
            return reply(_error(500, "INTERNAL", "It broke."), 500)
        if job.outcome is Outcome.REFUSED and kind == "text":
            return reply({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})
        if job.outcome is Outcome.REFUSED:
            return reply({"candidates": [{"finishReason": "IMAGE_SAFETY"}], "usageMetadata": {}})
        is_json = config.get("responseMimeType") == "application/json"
        parts = [{"text": "I think.", "thought": True}, _part(kind, is_json=is_json)]
        candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}
        return reply({"candidates": [candidate], "usageMetadata": _USAGE, "responseId": job.id})

    async def embed(self, seen: Seen) -> web.StreamResponse:
        self.expect(
            seen.body,
            required={"content": dict},
            optional={"taskType": str, "outputDimensionality": between(1, 3_072), "title": str},
        )
        self._check_parts(seen.body["content"].get("parts"))
        job = self.take(seen)
        if job.outcome is Outcome.FAILED:
            return reply(_error(503, "UNAVAILABLE", "The model is overloaded."), 503)
        return reply({"embedding": {"values": [0.25, -0.5, 1]}})

    async def predict(self, seen: Seen) -> web.StreamResponse:
        given = self._instance(seen, {"prompt": text_of(5_000)}, {}, _PICTURE)
        job = self.take(seen)
        if job.outcome is Outcome.FAILED:
            return reply(_error(500, "INTERNAL", "It broke."), 500)
        if job.outcome is Outcome.REFUSED:
            return reply({"predictions": [{"raiFilteredReason": "filtered"}]})
        one = {"bytesBase64Encoded": _sample64("image"), "mimeType": "image/png"}
        return reply({"predictions": [one] * given.get("sampleCount", 1)})

    async def film(self, seen: Seen) -> web.StreamResponse:
        picture: dict[str, Rule] = {"image": dict, "lastFrame": dict, "video": dict}
        references: dict[str, Rule] = {"referenceImages": list_of(dict, 1, 3)}
        self._instance(seen, {"prompt": text_of(5_000)}, {**picture, **references}, _FILM)
        instance = seen.body["instances"][0]
        for name in picture.keys() & instance.keys():
            self.expect(instance[name], required=_BYTES)
        for reference in instance.get("referenceImages", []):
            self.expect(reference, required={"image": dict, "referenceType": one_of("asset")})
            self.expect(reference["image"], required=_BYTES)
        job = self.take(seen)
        return reply({"name": f"models/{seen.params['model']}/operations/{job.id}"})

    async def operation(self, seen: Seen) -> web.StreamResponse:
        job = self.find(seen)
        if job is None:
            return reply(_error(404, "NOT_FOUND", "Operation not found."), 404)
        told: dict[str, Any] = {"name": seen.path.removeprefix("/v1beta/")}
        match job.state:
            case "queued" | "running":
                return reply({**told, "done": False})
            case "failed":
                return reply({**told, "done": True, "error": {"code": 13, "message": "It broke."}})
            case "refused":
                films = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["A celebrity."]}
            case _:
                films = {"generatedSamples": [{"video": {"uri": self._protected(job)}}]}
        return reply({**told, "done": True, "response": {"generateVideoResponse": films}})

    async def download(self, seen: Seen) -> web.StreamResponse:
        if seen.params["name"].startswith("gone"):
            return reply(_error(404, "NOT_FOUND", "File not found."), 404)
        return raw_reply(sample_file("video"), CONTENT_TYPES["video"])

    async def interact(self, seen: Seen) -> web.StreamResponse:
        required: dict[str, Rule] = {"model": text_of(80), "input": list_of(dict, 1)}
        self.expect(seen.body, required=required, optional=_INTERACTION)
        for block in seen.body["input"]:
            kind = block.get("type")
            fields = {"text": str} if kind == "text" else {"data": str, "mime_type": str}
            rule = one_of("text", "image", "audio", "video")
            self.expect(block, required={"type": rule, **fields})
        self.expect(seen.body.get("generation_config", {}), optional=_INTERACTION_CONFIG)
        wanted = seen.body.get("response_format")
        if wanted:
            kind = wanted.get("type")
            self.require(kind in _FORMATS, "there is no such format")
            rules: dict[str, Rule] = {**_FORMATS[kind], "delivery": one_of("inline", "uri")}
            self.expect(wanted, required={"type": one_of(kind)}, optional=rules)
        job = self.take(seen)
        return reply({"id": job.id, "status": "queued", "model": seen.body["model"]})

    async def interaction(self, seen: Seen) -> web.StreamResponse:
        job = self.find(seen)
        if job is None:
            return reply(_error(404, "NOT_FOUND", "Interaction not found."), 404)
        told: dict[str, Any] = {"id": job.id, "status": _STATES[job.state], "object": "interaction"}
        if job.state == "refused":
            told["errors"] = [{"code": "PROHIBITED_CONTENT", "message": "Blocked for safety."}]
        if job.state == "failed":
            told["errors"] = [{"code": "INTERNAL", "message": "It broke."}]
        if job.is_done:
            block = self._block(job)
            told["steps"] = [{"type": "thought"}, {"type": "model_output", "content": [block]}]
            told["usage"] = {"total_input_tokens": 12, "total_output_tokens": 30}
        return reply(told)

    async def cancel(self, seen: Seen) -> web.StreamResponse:
        job = self.job(seen.params["id"])
        if job is None or job.is_cancelled:
            return reply(_error(400, "FAILED_PRECONDITION", "It is over."), 400)
        job.is_cancelled = True
        return reply({"id": job.id, "status": "cancelled"})

    def _check_parts(self, parts: Any) -> None:
        self.require(isinstance(parts, list) and bool(parts), "contents need parts")
        for part in parts:
            rule: Rule = text_of(10**6) if "text" in part else dict
            self.expect(part, required={"text" if "text" in part else "inlineData": rule})
            if "inlineData" in part:
                self.expect(part["inlineData"], required={"mimeType": str, "data": str})

    def _instance(
        self, seen: Seen, required: Any, optional: Any, parameters: dict[str, Rule]
    ) -> dict[str, Any]:
        self.expect(
            seen.body, required={"instances": list_of(dict, 1, 1)}, optional={"parameters": dict}
        )
        self.expect(seen.body["instances"][0], required=required, optional=optional)
        given: dict[str, Any] = seen.body.get("parameters", {})
        self.expect(given, optional=parameters)
        return given

    def _protected(self, job: Job) -> str:
        """Return the address of a film, which asks for the key."""
        name = self.file_url(job, "video").rpartition("/")[2]
        return f"{self.url}/v1beta/files/{name}:download"

    def _block(self, job: Job) -> dict[str, Any]:
        kind = (job.request.body.get("response_format") or {}).get("type", "text")
        if kind == "text":
            return {"type": "text", "text": "Good morning."}
        if kind == "video":
            return {"type": "video", "mime_type": "video/mp4", "uri": self._protected(job)}
        return {"type": kind, "mime_type": CONTENT_TYPES[kind], "data": _sample64(kind)}


def _kind_by(model: str) -> str:
    if "tts" in model:
        return "audio"
    return "image" if "image" in model or "banana" in model else "text"


def _part(kind: str, *, is_json: bool) -> dict[str, Any]:
    if kind == "text":
        return {"text": '{"cats": 2}' if is_json else "Two cats."}
    if kind == "audio":
        samples = base64.b64encode(PCM).decode()
        return {"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": samples}}
    return {"inlineData": {"mimeType": "image/png", "data": _sample64("image")}}


def _sample64(kind: str) -> str:
    return base64.b64encode(sample_file(kind)).decode()


def _error(code: int, status: str, message: str, *details: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, "details": list(details)}}


def _call(operation: str, model: str, body: dict[str, Any], **media: str) -> ProviderCall:
    files = {name: [sample_media(kind)] for name, kind in media.items()}
    return ProviderCall(provider="google", model=model, operation=operation, body=body, media=files)


FAKE = FakeGoogle
SAMPLES = (
    _call(
        "text-to-image",
        "gemini-3.1-flash-image",
        {"prompt": "a cat", "generationConfig": {"imageConfig": {"aspectRatio": "16:9"}}},
    ),
    _call("image-edit", "gemini-nano-banana-2.1", {"prompt": "a hat"}, image="image"),
    _call(
        "chat",
        "gemini-3.8-flash",
        {"prompt": "How many cats?", "system": "Count.", "generationConfig": {"temperature": 0.2}},
    ),
    _call("vision", "gemini-3.8-flash", {"prompt": "What is this?"}, image="image"),
    _call("text-to-speech", "gemini-3.8-flash-tts", {"prompt": "Good morning."}),
    _call("embedding", "gemini-embedding-2", {"prompt": "a cat", "outputDimensionality": 768}),
    _call(
        "text-to-video",
        "veo-3.1-generate-001",
        {"prompt": "waves", "parameters": {"durationSeconds": 8, "aspectRatio": "9:16"}},
    ),
    ProviderCall(
        provider="google",
        model="veo-3.1-generate-001",
        operation="image-to-video",
        body={"prompt": "it moves", "parameters": {"resolution": "1080p"}},
        media={
            "image": [sample_media("image")],
            "lastFrame": [sample_media("image")],
            "referenceImages[]": [sample_media("image"), sample_media("image")],
        },
    ),
    _call(
        "interaction",
        "gemini-omni-1.1-flash",
        {"prompt": "waves", "response_format": {"type": "video", "duration": "6s"}},
    ),
    _call(
        "video-to-video",
        "gemini-omni-1.2-flash",
        {
            "prompt": "at night",
            "generation_config": {"video_config": {"task": "edit"}},
            "response_format": {"type": "video"},
        },
        video="video",
    ),
    _call(
        "music",
        "lyria-3.5",
        {"prompt": "a waltz", "response_format": {"type": "audio", "mime_type": "audio/wav"}},
    ),
    _call(
        "speech-to-text",
        "gemini-3.5-transcribe",
        {"generation_config": {"transcription_config": {"language_codes": ["de"]}}},
        audio="audio",
    ),
    _call(
        "predict",
        "imagen-4.0-generate-001",
        {"prompt": "a cat", "parameters": {"sampleCount": 2, "aspectRatio": "1:1"}},
    ),
)
