"""Luma's Dream Machine on loopback, as its SDK describes it (read 2026-11-21)."""

from typing import Any

from aiohttp import web

from tests.providers.base import (
    FakeProvider,
    Job,
    Outcome,
    Rule,
    Seen,
    limited,
    list_of,
    one_of,
    reply,
)
from tests.providers.samples import sample_media
from workflows.catalogue.remote import ProviderCall

RATIOS = one_of("1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21")
MODES = [f"{name}_{level}" for name in ("adhere", "flex", "reimagine") for level in (1, 2, 3)]


def link(given: Any) -> bool:
    """Say whether a value is an address: there is no other way to give Luma a file."""
    return isinstance(given, str) and given.startswith(("https://", "http://"))


def holder(given: Any) -> bool:
    """Say whether a value is `{url}`, with a weight perhaps."""
    return (
        isinstance(given, dict)
        and link(given.get("url"))
        and given.keys() <= {"url", "weight"}
        and isinstance(given.get("weight", 1.0), int | float)
    )


def _keyframes(given: Any) -> bool:
    return (
        isinstance(given, dict)
        and bool(given)
        and given.keys() <= {"frame0", "frame1"}
        and all(
            frame.keys() == {"type", "url"} and frame["type"] == "image" and link(frame["url"])
            for frame in given.values()
        )
    )


def _characters(given: Any) -> bool:
    return given.keys() == {"identity0"} and list_of(link, 1, 4)(given["identity0"]["images"])


FILM: dict[str, Rule] = {
    "prompt": str,
    "aspect_ratio": RATIOS,
    "duration": one_of("5s", "9s"),
    "resolution": one_of("540p", "720p", "1080p", "4k"),
    "loop": bool,
    "keyframes": _keyframes,
    "concepts": list_of(dict),
    "callback_url": link,
}
PICTURE: dict[str, Rule] = {
    "prompt": str,
    "aspect_ratio": RATIOS,
    "format": one_of("jpg", "png"),
    "image_ref": list_of(holder, 1, 4),
    "style_ref": list_of(holder, 1, 1),
    "character_ref": _characters,
    "modify_image_ref": holder,
    "callback_url": link,
}
BORDERS: dict[str, Rule] = dict.fromkeys(("grid_position_x", "grid_position_y", "resized_width", "resized_height", "x_start", "x_end", "y_start", "y_end"), int)  # fmt: skip
RAYS, PHOTONS = one_of("ray-2", "ray-flash-2"), one_of("photon-1", "photon-flash-1")


class FakeLuma(FakeProvider):
    """Generations, and what is left of the money."""

    name = "luma"
    base_path = "/dream-machine/v1"

    def routes(self) -> Any:
        """List what is understood."""
        base = "/dream-machine/v1"
        yield "POST", f"{base}/generations/video", self.film
        yield "POST", f"{base}/generations/video/modify", self.modify
        yield "POST", f"{base}/generations/video/reframe", self.reframe_film
        yield "POST", f"{base}/generations/image", self.picture
        yield "POST", f"{base}/generations/image/reframe", self.reframe_picture
        yield "GET", base + "/generations/{id}", self.show
        yield "GET", f"{base}/credits", self.credits

    def refusal(self, outcome: Outcome) -> web.Response | None:
        """Tell of limits, money and keys at once."""
        match outcome:
            case Outcome.RATE_LIMITED:
                return limited({"detail": "Too many requests"})
            case Outcome.OUT_OF_CREDIT:
                return reply({"detail": "Insufficient credits"}, 402)
            case Outcome.UNAUTHORIZED:
                return reply({"detail": "Invalid API key"}, 401)
            case _:
                return None

    def invalid(self, message: str) -> web.Response:
        """Return a 400."""
        return reply({"detail": message}, 400)

    def callback(self, job: Job) -> Any:
        """Return what is posted when a generation is over: itself."""
        return self._generation(job, "completed")

    async def film(self, seen: Seen) -> web.StreamResponse:
        """Take a film."""
        return self._take(seen, "video", {"model": RAYS}, FILM)

    async def modify(self, seen: Seen) -> web.StreamResponse:
        """Take a film that is to be changed."""
        required: dict[str, Rule] = {
            "generation_type": one_of("modify_video"),
            "model": RAYS,
            "media": holder,
            "mode": one_of(*MODES),
        }
        optional: dict[str, Rule] = {"prompt": str, "first_frame": holder, "callback_url": link}
        return self._take(seen, "video", required, optional)

    async def reframe_film(self, seen: Seen) -> web.StreamResponse:
        """Take a film that is to be given other borders."""
        return self._reframe(seen, "video", RAYS, {"first_frame": holder})

    async def reframe_picture(self, seen: Seen) -> web.StreamResponse:
        """Take a picture that is to be given other borders."""
        return self._reframe(seen, "image", PHOTONS, {"format": one_of("jpg", "png")})

    async def picture(self, seen: Seen) -> web.StreamResponse:
        """Take a picture."""
        return self._take(seen, "image", {"model": PHOTONS}, PICTURE)

    async def show(self, seen: Seen) -> web.StreamResponse:
        """Show a generation."""
        job = self.find(seen)
        if job is None:
            return reply({"detail": "Generation not found"}, 404)
        told = {
            "running": "dreaming",
            "done": "completed",
            "refused": "failed",
        }
        return reply(self._generation(job, told.get(job.state, job.state)))

    async def credits(self, seen: Seen) -> web.StreamResponse:
        """Say what is left."""
        return reply({"credit_balance": 1_234.0})

    def _take(
        self, seen: Seen, kind: str, required: dict[str, Rule], optional: dict[str, Rule]
    ) -> web.StreamResponse:
        self.expect(seen.body, required=required, optional=optional)
        job = self.take(seen, reference=kind, callback_url=seen.body.get("callback_url", ""))
        return reply(self._generation(job, "queued"), 201)

    def _reframe(
        self, seen: Seen, kind: str, models: Rule, optional: dict[str, Rule]
    ) -> web.StreamResponse:
        required: dict[str, Rule] = {
            "generation_type": one_of(f"reframe_{kind}"),
            "model": models,
            "media": holder,
            "aspect_ratio": RATIOS,
        }
        known = {**BORDERS, "prompt": str, "callback_url": link, **optional}
        return self._take(seen, kind, required, known)

    def _generation(self, job: Job, state: str) -> dict[str, Any]:
        kind = job.reference
        assets = {kind: self.file_url(job, kind)} if state == "completed" else None
        reason = None
        if state == "failed":
            is_refused = job.outcome is Outcome.REFUSED
            reason = "Content was blocked by moderation" if is_refused else "Something went wrong"
        return {
            "id": job.id,
            "generation_type": kind,
            "state": state,
            "failure_reason": reason,
            "created_at": "2026-11-21T12:00:00Z",
            "assets": assets,
            "model": job.request.body["model"],
            "request": job.request.body,
        }


FAKE = FakeLuma
SAMPLES = (
    ProviderCall(
        provider="luma",
        model="ray-2",
        operation="text-to-video",
        body={"prompt": "A kite over the dunes", "duration": "5s", "resolution": "720p"},
    ),
    ProviderCall(
        provider="luma",
        model="ray-flash-2",
        operation="image-to-video",
        body={"prompt": "It sails away", "loop": False},
        media={"start_frame": [sample_media("image")], "end_frame": [sample_media("image")]},
    ),
    ProviderCall(
        provider="luma",
        model="ray-2",
        operation="video-to-video",
        body={"prompt": "At night", "mode": "flex_1"},
        media={"media": [sample_media("video")], "first_frame": [sample_media("image")]},
    ),
    ProviderCall(
        provider="luma",
        model="ray-2",
        operation="reframe-video",
        body={"aspect_ratio": "9:16"},
        media={"media": [sample_media("video")]},
    ),
    ProviderCall(
        provider="luma",
        model="photon-1",
        operation="text-to-image",
        body={"prompt": "A lighthouse", "aspect_ratio": "16:9", "style_ref_weight": 0.4},
        media={
            "image_ref[]": [sample_media("image"), sample_media("image")],
            "style_ref[]": [sample_media("image")],
            "character_ref[]": [sample_media("image")],
        },
    ),
    ProviderCall(
        provider="luma",
        model="photon-flash-1",
        operation="image-edit",
        body={"prompt": "In the fog", "modify_image_ref_weight": 0.8},
        media={"modify_image_ref": [sample_media("image")]},
    ),
    ProviderCall(
        provider="luma",
        model="photon-1",
        operation="outpaint",
        body={"aspect_ratio": "21:9"},
        media={"media": [sample_media("image")]},
    ),
)
