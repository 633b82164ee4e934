"""ModelArk on loopback, as its documents and SDK describe it (read 2026-11-21)."""

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

PICTURES: dict[str, Rule] = {
    "image": lambda given: uri(given) or list_of(uri, 1, 14)(given),
    "size": lambda given: given in ("1K", "2K", "3K", "4K") or _is_size(given),
    "seed": between(0, 2_147_483_647),
    "guidance_scale": between(1.0, 10.0),
    "sequential_image_generation": one_of("auto", "disabled"),
    "sequential_image_generation_options": lambda given: between(1, 15)(given["max_images"]),
    "watermark": bool,
    "response_format": one_of("url", "b64_json"),
    "output_format": one_of("jpeg", "png"),
    "optimize_prompt_options": dict,
}
FILMS: dict[str, Rule] = {
    "resolution": one_of("480p", "720p", "1080p", "4k"),
    "ratio": one_of("16:9", "9:16", "4:3", "3:4", "1:1", "21:9", "adaptive"),
    "duration": lambda given: given == -1 or between(2, 30)(given),
    "seed": between(-1, 2_147_483_647),
    "camera_fixed": bool,
    "watermark": bool,
    "generate_audio": bool,
    "return_last_frame": bool,
    "omni_reference_task_type": one_of("auto", "reference", "edit", "extend"),
    "service_tier": one_of("default", "flex"),
    "callback_url": uri,
}
ROLES = {
    "image_url": ("first_frame", "last_frame", "reference_image"),
    "video_url": ("reference_video",),
    "audio_url": ("reference_audio",),
}


class FakeBytedance(FakeProvider):
    """Pictures, and tasks that make films."""

    name = "bytedance"
    base_path = "/api/v3"

    def routes(self) -> Any:
        """List what is understood."""
        tasks = "/api/v3/contents/generations/tasks"
        yield "POST", "/api/v3/images/generations", self.paint
        yield "POST", tasks, self.create
        yield "GET", tasks, self.list
        yield "GET", tasks + "/{id}", self.show
        yield "DELETE", tasks + "/{id}", self.delete

    def refusal(self, outcome: Outcome) -> web.Response | None:
        """Tell of limits, money and keys at once."""
        match outcome:
            case Outcome.RATE_LIMITED:
                return limited(_error("RateLimitExceeded.EndpointRPMExceeded"))
            case Outcome.OUT_OF_CREDIT:
                return reply(_error("AccountOverdueError"), 403)
            case Outcome.UNAUTHORIZED:
                return reply(_error("AuthenticationError"), 401)
            case _:
                return None

    def invalid(self, message: str) -> web.Response:
        """Return a 400."""
        return reply(_error("InvalidParameter", message), 400)

    def callback(self, job: Job) -> Any:
        """Return what is posted when a task ends: itself."""
        return self._task(job, "succeeded") if job.callback_url else None

    async def paint(self, seen: Seen) -> web.StreamResponse:
        """Make pictures at once."""
        self.expect(
            seen.body, required={"model": str, "prompt": text_of(10_000)}, optional=PICTURES
        )
        job = self.take(seen)
        if job.outcome is Outcome.REFUSED:
            return reply(_error("InputTextSensitiveContentDetected"), 400)
        if job.outcome is Outcome.FAILED:
            return reply(_error("InternalServiceError"), 500)
        options = seen.body.get("sequential_image_generation_options", {})
        most = options.get("max_images", 1)
        pictures = [
            {"url": self.file_url(job, "image", number), "size": "2048x2048"}
            for number in range(most)
        ]
        usage = {"generated_images": most, "output_tokens": 16_384 * most, "total_tokens": 16_384}
        model = seen.body["model"]
        return reply({"model": model, "created": 1_795_000_000, "data": pictures, "usage": usage})

    async def create(self, seen: Seen) -> web.StreamResponse:
        """Take a task."""
        required: dict[str, Rule] = {"model": str, "content": list_of(_is_part, 1, 44)}
        self.expect(seen.body, required=required, optional=FILMS)
        job = self.take(seen, callback_url=seen.body.get("callback_url", ""))
        return reply({"id": job.id})

    async def list(self, seen: Seen) -> web.StreamResponse:
        """List the tasks."""
        self.require({"page_num", "page_size"} >= seen.query.keys(), "not known")
        return reply({"items": [], "total": 0})

    async def show(self, seen: Seen) -> web.StreamResponse:
        """Show a task."""
        job = self.find(seen)
        if job is None:
            return reply(_error("InvalidEndpointOrModel.NotFound", "no such task"), 404)
        told = {"done": "succeeded", "refused": "failed"}
        return reply(self._task(job, told.get(job.state, job.state)))

    async def delete(self, seen: Seen) -> web.StreamResponse:
        """Take a task out of the queue; one that runs cannot be ended."""
        job = self.job(seen.params["id"])
        self.require(job is not None and job.state != "running", "the task cannot be deleted")
        assert job is not None
        job.is_cancelled = True
        return reply({})

    def _task(self, job: Job, status: str) -> dict[str, Any]:
        task: dict[str, Any] = {"id": job.id, "model": job.request.body["model"], "status": status}
        if status == "failed":
            is_refused = job.outcome is Outcome.REFUSED
            code = "OutputVideoSensitiveContentDetected" if is_refused else "InternalServiceError"
            task |= _error(code)
        if status == "succeeded":
            content = {"video_url": self.file_url(job, "video")}
            if job.request.body.get("return_last_frame"):
                content["last_frame_url"] = self.file_url(job, "image")
            usage = {"completion_tokens": 108_900, "total_tokens": 108_900}
            task |= {"content": content, "usage": usage, "seed": 7, "duration": 5, "ratio": "16:9"}
        return task


def _error(code: str, message: str = "The request failed. Request id: 0217639") -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "param": "", "type": "BadRequest"}}


def _is_size(given: Any) -> bool:
    """Say whether a value is `WxH` with as many pixels as any of the models makes."""
    parts = given.split("x") if isinstance(given, str) else []
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        return False
    return 921_600 <= int(parts[0]) * int(parts[1]) <= 16_777_216


def _is_part(part: Any) -> bool:
    """Say whether a piece of content is as the documents list it."""
    if not isinstance(part, dict):
        return False
    if part.get("type") == "text":
        return part.keys() == {"type", "text"} and text_of(10_000)(part["text"])
    kind = part.get("type", "")
    return (
        part.get("role") in ROLES.get(kind, ())
        and part.keys() == {"type", kind, "role"}
        and uri(part[kind].get("url"))
    )


FAKE = FakeBytedance
SAMPLES = (
    ProviderCall(
        provider="bytedance",
        model="dreamina-seedance-2-0-260128",
        operation="text-to-video",
        body={"prompt": "A kite over the dunes", "resolution": "720p", "duration": 5, "seed": 7},
    ),
    ProviderCall(
        provider="bytedance",
        model="dreamina-seedance-2-0-260128",
        operation="image-to-video",
        body={"prompt": "It sails away", "return_last_frame": True, "ratio": "adaptive"},
        media={"first_frame": [sample_media("image")], "last_frame": [sample_media("image")]},
    ),
    ProviderCall(
        provider="bytedance",
        model="dreamina-seedance-2-5-260628",
        operation="video-to-video",
        body={"prompt": "At night"},
        media={
            "reference_video[]": [sample_media("video")],
            "reference_image[]": [sample_media("image")],
            "reference_audio[]": [sample_media("audio")],
        },
    ),
    ProviderCall(
        provider="bytedance",
        model="seedream-4-0-250828",
        operation="text-to-image",
        body={
            "prompt": "A lighthouse",
            "size": "2048x2048",
            "watermark": False,
            "sequential_image_generation": "auto",
            "sequential_image_generation_options": {"max_images": 2},
        },
    ),
    ProviderCall(
        provider="bytedance",
        model="seedream-4-5-251128",
        operation="image-edit",
        body={"prompt": "In the fog", "size": "2K"},
        media={"image[]": [sample_media("image")]},
    ),
)
