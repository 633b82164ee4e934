"""Tiny files of every media kind, and calls with such files at hand."""

import io
import wave
from functools import cache
from typing import Any

from PIL import Image

from executor.providers.base import InputFile, Request
from tests.executor.media_files import make_glb, make_mp4
from workflows.catalogue.remote import ProviderCall
from workflows.catalogue.values import Media

SUFFIXES = {"image": "png", "video": "mp4", "audio": "wav", "model3d": "glb", "mask": "png"}
CONTENT_TYPES = {
    "image": "image/png",
    "mask": "image/png",
    "video": "video/mp4",
    "audio": "audio/wav",
    "model3d": "model/gltf-binary",
}
SIGNATURES = {
    "image": (0, b"\x89PNG"),
    "video": (4, b"ftyp"),
    "audio": (0, b"RIFF"),
    "model3d": (0, b"glTF"),
}


@cache
def sample_file(kind: str) -> bytes:
    """Return a tiny file of a media kind: PNG, MP4, WAV or GLB."""
    if kind in ("image", "mask"):
        buffer = io.BytesIO()
        Image.new("RGB", (8, 8), (180, 90, 30)).save(buffer, "PNG")
        return buffer.getvalue()
    if kind == "audio":
        return _sound()
    return make_mp4() if kind == "video" else make_glb({"scenes": []})


def _sound() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8_000)
        out.writeframes(bytes(800))
    return buffer.getvalue()


def kind_of(content: bytes) -> str | None:
    """Return the media kind that a sample file is of."""
    for kind, (at, mark) in SIGNATURES.items():
        if content[at : at + len(mark)] == mark:
            return kind
    return None


def sample_media(kind: str) -> Media:
    """Return a handle to a sample file, for a call's `media`."""
    return Media(kind, CONTENT_TYPES[kind], file_id=f"f-{kind}", bytes=len(sample_file(kind)))


def request_of(call: ProviderCall, *, with_urls: bool = True) -> Request:
    """Return a call with its files at hand; without URLs nobody can fetch them from outside."""
    files = {
        name: [_input_file(media, with_urls) for media in items]
        for name, items in call.media.items()
    }
    return Request(call, files)


def _input_file(media: Media, with_url: bool) -> InputFile:
    content = sample_file(media.kind)
    suffix = SUFFIXES[media.kind]
    url = f"https://files.example.com/in/{media.file_id}.{suffix}" if with_url else None
    return InputFile(media.content_type, url, lambda: content, len(content))


def sample_call(module: Any, operation: str) -> ProviderCall:
    """Return the first sample call of an operation that a fake's module has."""
    samples: tuple[ProviderCall, ...] = module.SAMPLES
    return next(call for call in samples if call.operation == operation)
