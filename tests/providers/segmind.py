"""Segmind on loopback, as its client and documents describe it (read 2026-11-21)."""

import json
from dataclasses import dataclass
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
    raw_reply,
    reply,
    text_of,
)
from tests.providers.samples import CONTENT_TYPES, sample_file, sample_media
from workflows.catalogue.remote import ProviderCall


def _link(given: Any) -> bool:
    return isinstance(given, str) and given.startswith(("https://", "http://"))


@dataclass(frozen=True)
class Slug:
    """What a model takes and the kind of what it gives; `words` is JSON."""

    required: dict[str, Rule]
    optional: dict[str, Rule]
    kind: str
    takes_anything: bool = False


def _some_slug(name: str) -> Slug | None:
    """Return a model whose inputs nobody here knows."""
    if name == "no-such-model":
        return None
    is_film = any(part in name for part in ("video", "kling", "wan", "veo"))
    return Slug({}, {}, "video" if is_film else "image", takes_anything=True)


SLUGS = {
    "nano-banana": Slug(
        {"prompt": text_of(10_000)}, {"image_urls": list_of(_link, 1, 14), "seed": int}, "image"
    ),
    "sd1.5-txt2img": Slug(
        {"prompt": str},
        {"negative_prompt": str, "samples": between(1, 4), "seed": int, "base64": bool},
        "image",
    ),
    "faceswap-v4": Slug({"source_image": _link, "target_image": _link}, {}, "image"),
    "kling-image2video": Slug(
        {"image": _link},
        {"prompt": str, "duration": int, "mode": one_of("std", "pro"), "cfg_scale": (int, float)},
        "video",
    ),
    "myshell-tts": Slug({"prompt": str}, {"voice": str}, "audio"),
    "llama-v3-8b-instruct": Slug({"messages": list_of(dict, 1)}, {}, "words"),
}
WORDS = "A cat sat on the mat."


class FakeSegmind(FakeProvider):
    """v1, v2 and the store for files, behind one address."""

    name = "segmind"
    # Both say what went wrong at once on v1, which has no Retry-After documented but may send one.
    never = frozenset({("sync-chat", Outcome.REFUSED)})

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self.slugs = dict(SLUGS)  # a test may add to them

    def is_authorized(self, seen: Seen) -> bool:
        """Take the key as Segmind wants it."""
        return seen.headers.get("x-api-key") == self.key

    def routes(self) -> Any:
        """List what is understood."""
        yield "GET", "/v1/get-user-credits", self.credits
        yield "POST", "/v1/{slug}", self.generate
        yield "POST", "/v2/{slug}", self.submit
        yield "GET", "/v2/requests/{id}/status", self.status
        yield "GET", "/v2/requests/{id}", self.result
        yield "POST", "/upload-asset", self.upload

    def refusal(self, outcome: Outcome) -> web.Response | None:
        """Tell of keys and money at once; 406 is what others say by 402."""
        told = {
            Outcome.RATE_LIMITED: limited({"error": "Rate limit exceeded"}),
            Outcome.UNAUTHORIZED: reply({"error": "Unauthorized"}, 401),
            Outcome.OUT_OF_CREDIT: reply({"error": "Insufficient credits"}, 406),
        }
        return told.get(outcome)

    def invalid(self, message: str) -> web.Response:
        """Return what is wrong."""
        return reply({"error": message}, 400)

    async def generate(self, seen: Seen) -> web.StreamResponse:
        """Answer with what the model gives (v1)."""
        slug = self._slug(seen)
        job = self.take(seen)
        if job.outcome is Outcome.REFUSED:
            return reply({"error": "NSFW content detected"}, 400)
        if job.outcome is Outcome.FAILED:
            return reply({"error": "Model error"}, 500)
        if slug.kind == "words":
            return reply(_words())
        return raw_reply(sample_file(slug.kind), CONTENT_TYPES[slug.kind])

    async def submit(self, seen: Seen) -> web.StreamResponse:
        """Queue a job (v2)."""
        self._slug(seen)
        job = self.take(seen)
        url = f"{self.url}/v2/requests/{job.id}"
        return reply({"request_id": job.id, "status_url": f"{url}/status", "response_url": url})

    async def status(self, seen: Seen) -> web.StreamResponse:
        """Say where a job stands; a failed one is served with 422."""
        job = self.find(seen)
        if job is None:
            return reply({"error": "Request not found"}, 404)
        match job.state:
            case "queued":
                return reply({"status": "QUEUED"})
            case "running":
                return reply({"status": "PROCESSING"})
            case "done":
                return reply({"status": "COMPLETED"})
        words = "NSFW content detected" if job.state == "refused" else "Model error"
        return reply({"status": "FAILED", "error": words}, 422)

    async def result(self, seen: Seen) -> web.StreamResponse:
        """Give what the model gave, for media as a list in a text."""
        job = self.job(seen.params["id"])
        if job is None:
            return reply({"error": "Request not found"}, 404)
        return reply({"status": "COMPLETED", "metrics": {"time": 1.5}, "output": self._output(job)})

    async def credits(self, seen: Seen) -> web.StreamResponse:
        """Say what is left."""
        return reply({"credits": 12.5, "free-credits": 0})

    async def upload(self, seen: Seen) -> web.StreamResponse:
        """Keep files."""
        self.expect(seen.body, required={"data_urls": list_of(text_of(50_000_000), 1)})
        links = [
            f"https://images.segmind.com/assets/{n}" for n in range(len(seen.body["data_urls"]))
        ]
        return reply({"file_urls": links, "message": "ok"})

    def _slug(self, seen: Seen) -> Slug:
        name = seen.params["slug"]
        slug = self.slugs.get(name) or _some_slug(name)
        if slug is None:
            raise Said(self.invalid("no such model"))
        self.slugs[name] = slug
        if not slug.takes_anything:
            self.expect(seen.body, required=slug.required, optional=slug.optional)
        self.require(None not in seen.body.values(), "null is no value")
        return slug

    def _output(self, job: Job) -> Any:
        slug = self.slugs[job.request.params["slug"]]
        if slug.kind == "words":
            return _words()
        link = self.file_url(job, slug.kind)
        return json.dumps([{"keyname": "out", "value": {"data": link, "type": slug.kind}}])


def _words() -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": WORDS}}]}


def _call(operation: str, model: str, body: Any, **media: str) -> ProviderCall:
    places = {name.replace("urls", "urls[]"): [sample_media(kind)] for name, kind in media.items()}
    return ProviderCall("segmind", model, body, places, operation=operation)


FAKE = FakeSegmind
SAMPLES = (
    _call("text-to-image", "nano-banana", {"prompt": "a cat"}),
    _call("image-edit", "nano-banana", {"prompt": "a hat"}, image_urls="image"),
    _call("face-swap", "faceswap-v4", {}, source_image="image", target_image="image"),
    _call("image-to-video", "kling-image2video", {"prompt": "it jumps"}, image="image"),
    _call("chat", "llama-v3-8b-instruct", {"messages": [{"role": "user", "content": "hello"}]}),
    _call("sync-text-to-image", "sd1.5-txt2img", {"prompt": "a cat", "samples": 1}),
    _call("sync-text-to-speech", "myshell-tts", {"prompt": "hello"}),
    _call("sync-chat", "llama-v3-8b-instruct", {"messages": [{"role": "user", "content": "hi"}]}),
)
