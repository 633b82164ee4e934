"""fal's queue on loopback, as its client, docs and errors pages describe it (read 2026-11-21)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
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
    raw_reply,
    reply,
    text_of,
    uri,
)
from tests.providers.samples import CONTENT_TYPES, sample_media
from workflows.catalogue.remote import ProviderCall


@dataclass(frozen=True)
class Endpoint:
    """What an endpoint takes, and the key and kind of what it gives; `words` have no file."""

    required: Mapping[str, Rule]
    optional: Mapping[str, Rule]
    gives: str
    kind: str
    is_list: bool = False
    takes_anything: bool = False


def _anything(given: Any) -> bool:
    return given is not None


def _size(names: list[str]) -> Rule:
    def is_size(given: Any) -> bool:
        if isinstance(given, dict):
            return given.keys() == {"width", "height"} and all(
                map(between(64, 14142), given.values())
            )
        return given in names

    return is_size


_RULES: Mapping[str, Rule] = {
    "text": str,
    "number": (int, float),
    "boolean": bool,
    "uri": uri,
    "uris": list_of(uri, 1),
    "texts": list_of(str),
    "list": list,
    "any": _anything,
}


def _rule(told: Any) -> Rule:
    """Return the rule of a parameter: a word, a list of choices, or the names of sizes."""
    if isinstance(told, dict):
        return _size(told["size"])
    return one_of(*told) if isinstance(told, list) else _RULES[told]


def _endpoint(told: dict[str, Any]) -> Endpoint:
    takes = told["takes"] or {}
    required = {name[:-1]: _rule(rule) for name, rule in takes.items() if name.endswith("*")}
    optional = {name: _rule(rule) for name, rule in takes.items() if not name.endswith("*")}
    gives, kind, is_list = told["gives"]
    return Endpoint(required, optional, gives, kind, is_list, told["takes"] is None)


# Names, kinds and choices of the inputs of the endpoints that models are routed to, as the typed
# client has them (@fal-ai/client 1.10.1); null where it does not know the endpoint. `*` is required.
DATA = Path(__file__).with_name("data") / "fal.json"
ENDPOINTS = {name: _endpoint(told) for name, told in json.loads(DATA.read_text()).items()}


class FakeFal(FakeProvider):
    """The queue and the storage behind one address, as a gateway would have them.

    With `tells_late` a job that failed says so only when its result is asked for.
    """

    name = "fal"
    tells_late = False

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self.endpoints = dict(ENDPOINTS)  # a test may add to them
        self.tells_late = False
        self.uploads: dict[str, bytes] = {}

    def is_authorized(self, seen: Seen) -> bool:
        """Take the key as fal wants it; where files are put the address is the key."""
        given = seen.headers.get("Authorization")
        return given is None if "/uploads/" in seen.path else given == f"Key {self.key}"

    def routes(self) -> Any:
        """List what the queue and the storage understand."""
        request = "/{owner}/{alias}/requests/{id}"
        yield "POST", "/storage/upload/initiate", self.initiate
        yield "PUT", "/uploads/{number}", self.put
        yield "POST", "/storage/auth/token", self.token
        yield "GET", f"{request}/status", self.status
        yield "GET", request, self.result
        yield "PUT", f"{request}/cancel", self.cancel
        yield "POST", "/{endpoint:.+}", self.submit

    def refusal(self, outcome: Outcome) -> web.Response | None:
        """Tell of keys and money at once; what a model says, its result says."""
        told = {
            Outcome.RATE_LIMITED: limited({"detail": "Too many", "error_type": "concurrency"}),
            Outcome.UNAUTHORIZED: reply({"detail": "No user found for Key ID and Secret"}, 401),
            Outcome.OUT_OF_CREDIT: reply({"detail": "User is locked. Exhausted balance."}, 403),
        }
        return told.get(outcome)

    def invalid(self, message: str) -> web.Response:
        """Return a model's list of what is wrong."""
        return reply({"detail": [_detail("value_error", message)]}, 422)

    def callback(self, job: Job) -> Any:
        """Return what is posted to `fal_webhook`."""
        ids = {"request_id": job.id, "gateway_request_id": job.id}
        return {**ids, "status": "OK", "payload": self._output(job)}

    async def submit(self, seen: Seen) -> web.StreamResponse:
        """Queue a job; its addresses keep owner and alias alone."""
        name = seen.params["endpoint"]
        endpoint = self.endpoints.get(name)
        if endpoint is None:
            return reply({"detail": f"Application {name} not found"}, 404)
        if not endpoint.takes_anything:
            self.expect(seen.body, required=endpoint.required, optional=endpoint.optional)
        self.expect(seen.query, optional={"fal_webhook": uri})
        self.require(float(seen.headers.get("X-Fal-Request-Timeout", "2")) > 1, "timeout")
        job = self.take(seen, callback_url=seen.query.get("fal_webhook", ""))
        owner, alias = name.split("/")[:2]
        url = f"{self.url}/{owner}/{alias}/requests/{job.id}"
        return reply(
            {
                "request_id": job.id,
                "response_url": url,
                "status_url": f"{url}/status",
                "cancel_url": f"{url}/cancel",
                "queue_position": 0,
            }
        )

    async def status(self, seen: Seen) -> web.StreamResponse:
        """Say where a job stands; `COMPLETED` says nothing of how it went."""
        job = self.find(seen)
        if job is None:
            return reply({"detail": "Request not found"}, 404)
        match job.state:
            case "queued":
                return reply({"status": "IN_QUEUE", "queue_position": 0}, 202)
            case "running":
                return reply({"status": "IN_PROGRESS", "logs": []}, 202)
        told = {"status": "COMPLETED", "logs": [], "metrics": {"inference_time": 0.4}}
        if job.state == "failed" and not self.tells_late:
            told |= {"error": "CUDA error: out of memory", "error_type": "runner_error"}
        return reply(told)

    async def result(self, seen: Seen) -> web.StreamResponse:
        """Give what the model gave, be it an error."""
        job = self.job(seen.params["id"])
        if job is None:
            return reply({"detail": "Request not found"}, 404)
        match job.state:
            case "done":
                return reply(self._output(job))
            case "refused":
                return reply({"detail": [_detail("content_policy_violation", "Flagged")]}, 422)
            case "failed":
                headers = {"X-Fal-Error-Type": "internal_error", "x-fal-request-id": job.id}
                return reply({"detail": "Internal"}, 500, headers)
            case "cancelled":
                return reply({"detail": "Cancelled", "error_type": "client_cancelled"}, 499)
        return reply({"detail": "Request is still in progress"}, 400)

    async def cancel(self, seen: Seen) -> web.StreamResponse:
        """Take a job out of the queue."""
        job = self.job(seen.params["id"])
        if job is None:
            return reply({"status": "NOT_FOUND"}, 404)
        if job.is_cancelled or job.state not in ("queued", "running"):
            return reply({"status": "ALREADY_COMPLETED"}, 400)
        job.is_cancelled = True
        return reply({"status": "CANCELLATION_REQUESTED"}, 202)

    async def initiate(self, seen: Seen) -> web.StreamResponse:
        """Say where a file may be put."""
        self.expect(seen.query, required={"storage_type": one_of("gcs")})
        self.expect(seen.body, required={"file_name": text_of(200), "content_type": text_of(100)})
        number = str(len(self.uploads) + 1)
        self.uploads[number] = b""
        return reply(
            {
                "upload_url": f"{self.url}/uploads/{number}",
                "file_url": f"https://v3.fal.media/files/{number}",
            }
        )

    async def put(self, seen: Seen) -> web.StreamResponse:
        """Take a file."""
        self.uploads[seen.params["number"]] = seen.raw
        return raw_reply(b"", "text/plain")

    async def token(self, seen: Seen) -> web.StreamResponse:
        """Give a token to upload with."""
        self.expect(seen.query, required={"storage_type": one_of("fal-cdn-v3")})
        return reply({"token": "t", "token_type": "Bearer", "base_url": "https://v3.fal.media"})

    def _output(self, job: Job) -> dict[str, Any]:
        endpoint = self.endpoints[job.request.params["endpoint"]]
        if endpoint.gives == "has_nsfw_concepts":
            return {endpoint.gives: [True]}
        if endpoint.kind == "words":
            return {endpoint.gives: "a cat sat on the mat", "chunks": []}
        file = {
            "url": self.file_url(job, endpoint.kind),
            "content_type": CONTENT_TYPES[endpoint.kind],
            "file_size": 100,
        }
        if endpoint.kind == "model3d":  # with pictures beside it, which nobody asked for
            return {endpoint.gives: file, "textures": [{"url": self.file_url(job, "image", 1)}]}
        return {endpoint.gives: [file] if endpoint.is_list else file, "seed": 7}


def _detail(kind: str, message: str) -> dict[str, Any]:
    return {"loc": ["body", "prompt"], "msg": message, "type": kind, "input": "x"}


def _call(operation: str, model: str, body: Any, **media: str) -> ProviderCall:
    places = {name.replace("urls", "urls[]"): [sample_media(kind)] for name, kind in media.items()}
    return ProviderCall("fal", model, body, places, operation=operation)


FAKE = FakeFal
SAMPLES = (
    _call(
        "text-to-image",
        "fal-ai/flux/dev",
        {"prompt": "a cat", "image_size": "square_hd", "num_images": 1, "seed": 7},
    ),
    _call("image-edit", "fal-ai/flux-2/edit", {"prompt": "a hat"}, image_urls="image"),
    _call("remove-background", "fal-ai/birefnet/v2", {}, image_url="image"),
    _call(
        "image-to-video",
        "fal-ai/kling-video/v2.5-turbo/pro/image-to-video",
        {"prompt": "it jumps", "duration": "5"},
        image_url="image",
    ),
    _call("text-to-speech", "fal-ai/minimax/speech-2.8-hd", {"prompt": "hello"}),
    _call("image-to-3d", "fal-ai/trellis", {}, image_url="image"),
    _call("speech-to-text", "fal-ai/wizper", {"task": "transcribe"}, audio_url="audio"),
    _call("moderation", "fal-ai/x-ailab/nsfw", {}, image_urls="image"),
)
