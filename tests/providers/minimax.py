"""MiniMax on loopback, as its documents and public clients describe it (read 2026-11-21)."""

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
from tests.providers.samples import sample_file, sample_media
from workflows.catalogue.remote import ProviderCall

FIRST: dict[str, Rule] = {
    "prompt": text_of(2_000),
    "first_frame_image": uri,
    "last_frame_image": uri,
    "subject_reference": list_of(
        lambda item: item.keys() == {"image"} and uri(item["image"]), 1, 1
    ),
    "duration": one_of(6, 10),
    "resolution": one_of("512P", "720P", "768P", "1080P"),
    "prompt_optimizer": bool,
    "callback_url": uri,
}
SECOND: dict[str, Rule] = {
    "resolution": one_of("480P", "768P", "2K"),
    "duration": between(1, 30),
    "ratio": one_of("16:9", "9:16", "4:3", "3:4", "1:1", "21:9"),
    "aigc_watermark": bool,
    "callback_url": uri,
}
ROLES = {
    "image_url": ("first_frame", "last_frame", "reference_image"),
    "video_url": ("reference_video",),
    "audio_url": ("reference_audio",),
}
VOICE: dict[str, Rule] = {
    "voice_id": str,
    "speed": between(0.5, 2.0),
    "vol": between(0.1, 10.0),
    "pitch": between(-12, 12),
}
AUDIO: dict[str, Rule] = {
    "sample_rate": between(16_000, 44_100),
    "bitrate": int,
    "format": one_of("mp3", "wav", "flac", "pcm"),
    "channel": one_of(1, 2),
}


class FakeMinimax(FakeProvider):
    """Films of two generations, sounds and chat. Errors come with a status of 200."""

    name = "minimax"

    def routes(self) -> Any:
        """List what is understood."""
        yield "POST", "/v1/video_generation", self.create_first
        yield "GET", "/v1/query/video_generation", self.show_first
        yield "GET", "/v1/files/retrieve", self.retrieve
        yield "POST", "/v2/video_generation", self.create_second
        yield "GET", "/v2/query/video_generation", self.list
        yield "GET", "/v2/query/video_generation/{id}", self.show_second
        yield "DELETE", "/v2/video_generation/{id}", self.delete
        yield "POST", "/v1/t2a_v2", self.speak
        yield "POST", "/v1/music_generation", self.play
        yield "POST", "/v1/chat/completions", self.chat

    def refusal(self, outcome: Outcome) -> web.Response | None:
        """Tell of limits, money and keys at once."""
        match outcome:
            case Outcome.RATE_LIMITED:
                return limited(_problem(1002, "rate limit exceeded"), 200)
            case Outcome.OUT_OF_CREDIT:
                return reply(_problem(1008, "insufficient balance"))
            case Outcome.UNAUTHORIZED:
                return reply(_problem(1004, "login fail: check your API secret key"))
            case _:
                return None

    def invalid(self, message: str) -> web.Response:
        """Return an error of parameters."""
        return reply(_problem(2013, f"invalid params, {message}"))

    def callback(self, job: Job) -> Any:
        """Return what is posted when a film is ready."""
        if not job.callback_url:
            return None
        return {"task_id": job.id, "status": "success", "file_id": "1", "base_resp": _base(0, "")}

    async def create_first(self, seen: Seen) -> web.StreamResponse:
        """Take a film by the first API."""
        self.expect(seen.body, required={"model": str}, optional=FIRST)
        needs_frame = seen.body["model"].startswith("I2V")
        self.require(not needs_frame or "first_frame_image" in seen.body, "first_frame_image")
        return self._take(seen)

    async def create_second(self, seen: Seen) -> web.StreamResponse:
        """Take a film by the second API."""
        models = one_of("MiniMax-H3", "MiniMax-H3-Max")
        required = {"model": models, "content": list_of(_is_part, 1, 20)}
        self.expect(seen.body, required=required, optional=SECOND)
        return self._take(seen)

    async def show_first(self, seen: Seen) -> web.StreamResponse:
        """Say how a film of the first API stands."""
        job = self._found(seen, seen.query.get("task_id", ""), "/v1/")
        if job is None:
            return reply(_problem(2013, "invalid params, task_id"))
        told = {"queued": "Queueing", "running": "Processing", "done": "Success"}
        status = told.get(job.state, "Fail")
        answer: dict[str, Any] = {"task_id": job.id, "status": status, "base_resp": _base(0)}
        if job.is_done:
            answer["file_id"] = int(job.id.removeprefix("job-"))
        if job.state == "refused":
            answer["base_resp"] = _base(1027, "output new_sensitive")
        return reply(answer)

    async def retrieve(self, seen: Seen) -> web.StreamResponse:
        """Say where a film lies."""
        job = self.job(f"job-{int(seen.query['file_id']):04d}")
        assert job is not None
        file = {"file_id": 1, "filename": "output.mp4", "download_url": self.file_url(job, "video")}
        return reply({"file": file, "base_resp": _base(0)})

    async def show_second(self, seen: Seen) -> web.StreamResponse:
        """Say how a film of the second API stands."""
        job = self._found(seen, seen.params["id"], "/v2/")
        if job is None:
            return reply({"base_resp": _base(2013, "task not found")}, 404)
        told = {"done": "succeeded", "refused": "failed"}
        task: dict[str, Any] = {"id": job.id, "status": told.get(job.state, job.state)}
        if task["status"] == "failed":
            is_refused = job.outcome is Outcome.REFUSED
            task["error"] = {"code": "1027" if is_refused else "1000", "message": "unknown error"}
        if job.is_done:
            task["content"] = {"url": self.file_url(job, "video"), "prompt": "A kite"}
            task["usage"] = {"total_seconds": 5}
        return reply({"task": task})

    async def list(self, seen: Seen) -> web.StreamResponse:
        """List the films of the second API."""
        return reply({"tasks": []})

    async def delete(self, seen: Seen) -> web.StreamResponse:
        """End a film of the second API."""
        job = self.job(seen.params["id"])
        self.require(job is not None, "task_id")
        assert job is not None
        job.is_cancelled = True
        return reply({"task_id": job.id, "status": "cancelled"})

    async def speak(self, seen: Seen) -> web.StreamResponse:
        """Make speech."""
        self.expect(
            seen.body,
            required={"model": str, "text": text_of(10_000), "output_format": one_of("hex", "url")},
            optional={"stream": bool, "voice_setting": dict, "audio_setting": dict},
        )
        self.expect(seen.body.get("voice_setting", {}), optional=VOICE)
        self.expect(seen.body.get("audio_setting", {}), optional=AUDIO)
        return self._sound(seen)

    async def play(self, seen: Seen) -> web.StreamResponse:
        """Make music."""
        self.expect(
            seen.body,
            required={"model": str, "lyrics": str, "output_format": one_of("hex", "url")},
            optional={"prompt": str, "audio_setting": dict},
        )
        return self._sound(seen)

    async def chat(self, seen: Seen) -> web.StreamResponse:
        """Answer."""
        message = list_of(lambda item: item.keys() == {"role", "content"}, 1)
        optional: dict[str, Rule] = {"max_tokens": int, "temperature": between(0.01, 1.0)}
        self.expect(seen.body, required={"model": str, "messages": message}, optional=optional)
        problem = self._take_at_once(seen)
        if problem is not None:
            return problem
        said = {"index": 0, "message": {"role": "assistant", "content": "A \x00 kite."}}
        usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
        return reply({"id": "1", "choices": [said], "usage": usage, "base_resp": _base(0)})

    def _take(self, seen: Seen) -> web.StreamResponse:
        job = self.take(seen, callback_url=seen.body.get("callback_url", ""))
        return reply({"task_id": job.id, "base_resp": _base(0)})

    def _take_at_once(self, seen: Seen) -> web.StreamResponse | None:
        """Begin a job whose end the answer tells; return what it is if it is no good one."""
        match self.take(seen).outcome:
            case Outcome.REFUSED:
                return reply(_problem(1026, "input new_sensitive"))
            case Outcome.FAILED:
                return reply(_problem(1024, "internal error"))
            case _:
                return None

    def _sound(self, seen: Seen) -> web.StreamResponse:
        return self._take_at_once(seen) or reply(
            {
                "data": {"audio": sample_file("audio").hex(), "status": 2},
                "extra_info": {"audio_length": 1_500, "usage_characters": 11},
                "base_resp": _base(0),
            }
        )

    def _found(self, seen: Seen, job_id: str, api: str) -> Job | None:
        job = self.job(job_id)
        if job is None or not job.request.path.startswith(api):
            return None
        job.polls += 1
        job.asked_when_done += job.is_done
        return job


def _base(code: int, message: str = "success") -> dict[str, Any]:
    return {"status_code": code, "status_msg": message}


def _problem(code: int, message: str) -> dict[str, Any]:
    return {"base_resp": _base(code, message)}


def _is_part(part: Any) -> bool:
    """Say whether a piece of content is as the documents list it."""
    if part.get("type") == "text":
        return part.keys() == {"type", "text"} and isinstance(part["text"], str)
    kind = part.get("type", "")
    return (
        part.get("role") in ROLES.get(kind, ())
        and part.keys() == {"type", kind, "role"}
        and uri(part[kind].get("url"))
    )


FAKE = FakeMinimax
SAMPLES = (
    ProviderCall(
        provider="minimax",
        model="MiniMax-Hailuo-02",
        operation="text-to-video",
        body={"prompt": "A kite [Pan left]", "duration": 6, "resolution": "768P"},
    ),
    ProviderCall(
        provider="minimax",
        model="I2V-01",
        operation="image-to-video",
        body={"prompt": "It sails away", "prompt_optimizer": True},
        media={"first_frame_image": [sample_media("image")]},
    ),
    ProviderCall(
        provider="minimax",
        model="S2V-01",
        operation="image-to-video",
        body={"prompt": "She waves"},
        media={"subject_reference[]": [sample_media("image")]},
    ),
    ProviderCall(
        provider="minimax",
        model="MiniMax-H3",
        operation="video-v2",
        body={"prompt": "A kite", "resolution": "768P", "duration": 5, "ratio": "16:9"},
        media={
            "first_frame": [sample_media("image")],
            "reference_video[]": [sample_media("video")],
        },
    ),
    ProviderCall(
        provider="minimax",
        model="speech-2.6-hd",
        operation="text-to-speech",
        body={
            "text": "Hello there",
            "stream": False,
            "voice_setting": {"voice_id": "English_Graceful_Lady", "speed": 1.0},
            "audio_setting": {"format": "wav", "sample_rate": 32_000},
        },
    ),
    ProviderCall(
        provider="minimax",
        model="music-2.0",
        operation="music",
        body={"prompt": "Folk", "lyrics": "[verse] Up it goes"},
    ),
    ProviderCall(
        provider="minimax",
        model="MiniMax-M3",
        operation="chat",
        body={"prompt": "Say kite", "system": "Be brief", "temperature": 0.5, "max_tokens": 20},
    ),
)
