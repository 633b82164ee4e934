"""A stand-in for `python -m executor.local`, by the contract in that package's docstring."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from tests.providers.base import (
    FakeProvider,
    Handler,
    Job,
    Outcome,
    Seen,
    between,
    one_of,
    raw_reply,
    reply,
    text_of,
)
from tests.providers.samples import CONTENT_TYPES, sample_file, sample_media
from workflows.catalogue.remote import ProviderCall

STATES = {"refused": "failed"}
REFUSED = {"code": "content_policy", "message": "The model's safety checker refused the result."}
FAILED = {"code": "resource_limit", "message": "This needs more memory than the accelerator has."}
PREVIEW = "data:image/jpeg;base64,AAAA"


def is_files(given: Any) -> bool:
    """Say whether a value is files in base64 by their places."""
    return isinstance(given, dict) and all(
        isinstance(item, dict) and item.keys() == {"contentType", "data"}
        for items in given.values()
        for item in items
    )


class FakeLocal(FakeProvider):
    """One accelerator."""

    name = "local"
    never = frozenset(
        (operation, outcome)
        for operation in ("text-to-image", "image-to-image", "text-to-video", "music")
        for outcome in (Outcome.RATE_LIMITED, Outcome.OUT_OF_CREDIT)
    )

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "POST", "/jobs", self.create
        yield "GET", "/jobs/{id}", self.show
        yield "DELETE", "/jobs/{id}", self.end
        yield "GET", "/jobs/{id}/files/{number}", self.give
        yield "GET", "/health", self.tell_health
        yield "GET", "/models", self.list_models

    def refusal(self, outcome: Outcome) -> web.Response | None:
        if outcome is Outcome.UNAUTHORIZED:
            error = {"code": "missing_credentials", "message": "The key is missing or wrong."}
            return reply({"error": error}, 401)
        return None

    def invalid(self, message: str) -> web.Response:
        return reply({"error": {"code": "invalid_value", "message": message}}, 422)

    async def create(self, seen: Seen) -> web.Response:
        self.expect(
            seen.body,
            required={
                "reference": text_of(128),
                "model": text_of(200),
                "pipeline": text_of(100),
                "kind": one_of("image", "video", "audio", "model3d"),
                "inputs": dict,
                "files": is_files,
            },
            optional={
                "operation": str,
                "load": dict,
                "seed": int,
                "outputFormat": one_of("png", "jpeg", "webp"),
                "duration": between(0.1, 600),
                "fps": between(1, 120),
            },
        )
        reference = seen.body["reference"]
        known = self._of(reference)
        job = known or self.take(seen, reference=reference)
        return reply(self._told(job))

    async def show(self, seen: Seen) -> web.Response:
        job = self._of(seen.params["id"])
        if job is None:
            return reply({"error": {"code": "not_found", "message": "Not Found"}}, 404)
        job.polls += 1
        return reply(self._told(job))

    async def end(self, seen: Seen) -> web.Response:
        job = self._of(seen.params["id"])
        if job is None:
            return reply({"error": {"code": "not_found", "message": "Not Found"}}, 404)
        job.is_cancelled = True
        return reply(self._told(job))

    async def give(self, seen: Seen) -> web.Response:
        job = self._of(seen.params["id"])
        if job is None or seen.params["number"] != "0":
            return reply({"error": {"code": "not_found", "message": "Not Found"}}, 404)
        kind = job.request.body["kind"]
        return raw_reply(sample_file(kind), CONTENT_TYPES[kind])

    async def tell_health(self, seen: Seen) -> web.Response:
        device = {"name": "cuda:0", "title": "NVIDIA H200"}
        memory = {"total": 150_000_000_000, "free": 100_000_000_000}
        return reply({"device": device, "memory": memory, "resident": [], "waiting": 0})

    async def list_models(self, seen: Seen) -> web.Response:
        return reply({"models": ["stabilityai/sdxl-turbo", "tiny/sd"]})

    def _of(self, reference: str) -> Job | None:
        return next((job for job in self.jobs if job.reference == reference), None)

    def _told(self, job: Job) -> dict[str, Any]:
        kind = job.request.body["kind"]
        file = {"kind": kind, "contentType": CONTENT_TYPES[kind], "bytes": len(sample_file(kind))}
        errors = {"refused": REFUSED, "failed": FAILED}
        return {
            "reference": job.reference,
            "state": STATES.get(job.state, job.state),
            "progress": 0.5 if job.state == "running" else 0,
            "preview": PREVIEW if job.state == "running" else None,
            "seed": 7,
            "usage": {"gpu_seconds": 1.5},
            "files": [file] if job.is_done else [],
            "error": errors.get(job.state),
        }


FAKE = FakeLocal
SAMPLES = (
    ProviderCall(
        provider="local",
        model="stabilityai/sdxl-turbo",
        operation="text-to-image",
        body={"pipeline": "StableDiffusionXLPipeline", "prompt": "a cat", "seed": 7, "num_inference_steps": 2},
    ),
    ProviderCall(
        provider="local",
        model="lllyasviel/sd-controlnet-canny",
        operation="image-to-image",
        body={
            "pipeline": "StableDiffusionControlNetPipeline",
            "load": {"base": "a/b", "part": "controlnet", "class": "ControlNetModel"},
            "prompt": "a cat",
            "output_format": "jpeg",
        },
        media={"image": [sample_media("image")]},
    ),
    ProviderCall(
        provider="local",
        model="Wan-AI/Wan2.1-T2V-1.3B-Diffusers",
        operation="text-to-video",
        body={"pipeline": "WanPipeline", "prompt": "a cat", "duration": 5, "fps": 16},
    ),
    ProviderCall(
        provider="local",
        model="stabilityai/stable-audio-open-1.0",
        operation="music",
        body={"pipeline": "StableAudioPipeline", "prompt": "a drum", "audio_end_in_s": 5},
    ),
)  # fmt: skip
