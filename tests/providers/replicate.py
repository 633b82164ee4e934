"""Replicate on loopback, as its client and documents describe it (read 2026-11-21)."""

from dataclasses import dataclass
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
    uri,
)
from tests.providers.samples import sample_media
from workflows.catalogue.remote import ProviderCall

VERSION = "5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15ccaa"


@dataclass(frozen=True)
class Model:
    """A model's input, and the kind of what it gives; `words` is a list of pieces of text."""

    required: dict[str, Rule]
    optional: dict[str, Rule]
    kind: str
    is_list: bool = False
    takes_anything: bool = False


def _some_model(name: str) -> Model | None:
    """Return a model whose inputs nobody here knows: Replicate reads them from the model itself."""
    if name.startswith("nobody/"):
        return None
    words = {
        "video": ("video", "kling", "wan-", "seedance", "veo", "ray-"),
        "audio": ("music", "audio", "speech"),
    }
    kinds = (kind for kind, parts in words.items() if any(part in name for part in parts))
    return Model({}, {}, next(kinds, "image"), takes_anything=True)


MODELS = {
    "black-forest-labs/flux-dev": Model(
        {"prompt": text_of(100_000)},
        {
            "seed": int,
            "aspect_ratio": str,
            "num_outputs": between(1, 4),
            "num_inference_steps": between(1, 50),
            "guidance": between(0.0, 20.0),
            "output_format": one_of("webp", "jpg", "png"),
            "image": uri,
        },
        "image",
        is_list=True,
    ),
    f"someone/upscaler:{VERSION}": Model({"image": uri}, {"scale": (int, float)}, "image"),
    VERSION: Model({"images": list_of(uri, 1)}, {}, "video"),
    "deployments/me/voice": Model({"text": str}, {}, "audio"),
    "meta/meta-llama-3-70b-instruct": Model({"prompt": str}, {"max_tokens": int}, "words"),
}


class FakeReplicate(FakeProvider):
    """Predictions, files and the account."""

    name = "replicate"

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self.models = dict(MODELS)  # a test may add to them

    def routes(self) -> Any:
        """List what is understood."""
        yield "POST", "/v1/predictions", self.create_of_version
        yield "POST", "/v1/models/{owner}/{name}/predictions", self.create_of_model
        yield "POST", "/v1/deployments/{owner}/{name}/predictions", self.create_of_deployment
        yield "GET", "/v1/predictions/{id}", self.show
        yield "POST", "/v1/predictions/{id}/cancel", self.cancel
        yield "POST", "/v1/files", self.upload
        yield "GET", "/v1/account", self.whoami

    def refusal(self, outcome: Outcome) -> web.Response | None:
        """Tell of keys and money at once; what a model says, its prediction says."""
        told = {
            Outcome.RATE_LIMITED: limited(_problem("Request was throttled.", 429)),
            Outcome.UNAUTHORIZED: reply(_problem("Invalid token", 401), 401),
            Outcome.OUT_OF_CREDIT: reply(_problem("Insufficient credit", 402), 402),
        }
        return told.get(outcome)

    def invalid(self, message: str) -> web.Response:
        """Return a problem document."""
        return reply(_problem(message, 422), 422)

    def callback(self, job: Job) -> Any:
        """Return what is posted when a prediction is completed: itself."""
        return {**self._prediction(job), "status": "succeeded"}

    async def create_of_version(self, seen: Seen) -> web.StreamResponse:
        """Create a prediction of a version."""
        version = seen.body.get("version") if isinstance(seen.body, dict) else None
        self.require(isinstance(version, str), "version is required")
        return self._create(seen, str(version), {"version": str})

    async def create_of_model(self, seen: Seen) -> web.StreamResponse:
        """Create a prediction of an official model."""
        return self._create(seen, f"{seen.params['owner']}/{seen.params['name']}", {})

    async def create_of_deployment(self, seen: Seen) -> web.StreamResponse:
        """Create a prediction of a deployment."""
        return self._create(seen, f"deployments/{seen.params['owner']}/{seen.params['name']}", {})

    async def show(self, seen: Seen) -> web.StreamResponse:
        """Show a prediction."""
        job = self.find(seen)
        return reply(_problem("Not found", 404), 404) if job is None else reply(self._shown(job))

    async def cancel(self, seen: Seen) -> web.StreamResponse:
        """End a prediction."""
        job = self.job(seen.params["id"])
        if job is None:
            return reply(_problem("Not found", 404), 404)
        job.is_cancelled = job.is_cancelled or job.state in ("queued", "running")
        return reply(self._prediction(job))

    async def upload(self, seen: Seen) -> web.StreamResponse:
        """Keep a file for a day."""
        content = seen.part("content")
        if content is None or content.filename is None:
            raise AssertionError("content must be a file")
        return reply({"id": "file-1", "urls": {"get": f"{self.url}/v1/files/file-1"}}, 201)

    async def whoami(self, seen: Seen) -> web.StreamResponse:
        """Say whose the key is."""
        return reply({"type": "organization", "username": "acme", "name": "Acme"})

    def _create(self, seen: Seen, model: str, extra: dict[str, Rule]) -> web.StreamResponse:
        known = self.models.get(model) or _some_model(model)
        if known is None:
            return reply(_problem("The requested resource could not be found.", 404), 404)
        self.expect(
            seen.body,
            required={"input": dict, **extra},
            optional={
                "webhook": uri,
                "webhook_events_filter": list_of(one_of("start", "output", "logs", "completed")),
            },
        )
        if not known.takes_anything:
            self.expect(seen.body["input"], required=known.required, optional=known.optional)
        self.require(None not in seen.body["input"].values(), "null is no value")
        self.models.setdefault(model, known)
        job = self.take(seen, reference=model, callback_url=seen.body.get("webhook", ""))
        return reply(self._prediction(job), 201)

    def _prediction(self, job: Job) -> dict[str, Any]:
        url = f"{self.url}/v1/predictions/{job.id}"
        told = {"queued": "starting", "running": "processing", "cancelled": "canceled"}
        return {
            "id": job.id,
            "model": job.reference,
            "status": told.get(job.state, "failed" if job.state != "done" else "succeeded"),
            "input": job.request.body["input"],
            "output": None,
            "error": None,
            "logs": "",
            "metrics": {},
            "created_at": "2026-11-21T12:00:00.000Z",
            "data_removed": False,
            "urls": {"get": url, "cancel": f"{url}/cancel"},
        }

    def _shown(self, job: Job) -> dict[str, Any]:
        shown = self._prediction(job)
        if job.state == "done":
            shown |= {"output": self._output(job), "metrics": {"predict_time": 1.25}}
        if job.state == "refused":
            shown["error"] = "The input was flagged as sensitive. Please try again. (E005)"
        if job.state == "failed":
            shown["error"] = "CUDA out of memory"
        return shown

    def _output(self, job: Job) -> Any:
        model = self.models[job.reference]
        if model.kind == "words":
            return ["A cat", " sat", " on the mat."]
        url = self.file_url(job, model.kind)
        return [url] if model.is_list else url


def _problem(detail: str, status: int) -> dict[str, Any]:
    return {"title": "Problem", "detail": detail, "status": status}


def _call(operation: str, model: str, body: Any, **media: str) -> ProviderCall:
    places = {
        name.replace("images", "images[]"): [sample_media(kind)] for name, kind in media.items()
    }
    return ProviderCall("replicate", model, body, places, operation=operation)


FAKE = FakeReplicate
SAMPLES = (
    _call("text-to-image", "black-forest-labs/flux-dev", {"prompt": "a cat", "seed": 7}),
    _call("image-to-image", "black-forest-labs/flux-dev", {"prompt": "a hat"}, image="image"),
    _call("upscale", f"someone/upscaler:{VERSION}", {"scale": 2}, image="image"),
    _call("image-to-video", VERSION, {}, images="image"),
    _call("text-to-speech", "deployments/me/voice", {"text": "hello"}),
    _call("chat", "meta/meta-llama-3-70b-instruct", {"prompt": "hello", "max_tokens": 64}),
)
