"""What a run gave, made small for a page: webp, mp4 with a poster, mp3."""

import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

MAX_SIDE = 960
MAX_WIDTH = 800
MAX_IMAGE_BYTES = 48_000
MAX_VIDEO_WIDTH = 640
VIDEO_QUALITY = ("26", "31", "36")  # tried in turn until a film is small enough
MAX_VIDEO_BYTES = 400_000
MAX_AUDIO_S = 18.0
AUDIO_RATE = 44_100
AUDIO_BITS = 64_000


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file for a page; sizes in pixels and seconds where it has some."""

    data: bytes
    suffix: str
    mime_type: str
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None


def web_image(source: bytes | Image.Image) -> WebFile:
    """Return a picture as webp, scaled to fit the page, of less quality where it is rich."""
    picture = Image.open(io.BytesIO(source)) if isinstance(source, bytes) else source
    picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    picture.thumbnail((MAX_WIDTH, MAX_SIDE), Image.Resampling.LANCZOS)
    data = b""
    for quality in (84, 78, 70, 60, 50, 40):
        stream = io.BytesIO()
        picture.save(stream, "WEBP", quality=quality, method=6)
        data = stream.getvalue()
        if len(data) <= MAX_IMAGE_BYTES:
            break
    return WebFile(data, "webp", "image/webp", *picture.size)


def web_video(source: bytes) -> tuple[WebFile, WebFile]:
    """Return a film as silent mp4, and its poster."""
    tries = (_film(source, quality) for quality in VIDEO_QUALITY)
    made = [next(tries)]
    while len(made[-1][0].data) > MAX_VIDEO_BYTES and len(made) < len(VIDEO_QUALITY):
        made.append(next(tries))
    return made[-1]


def web_audio(source: bytes) -> WebFile:
    """Return a sound as mono mp3, its beginning where it is long."""
    stream = io.BytesIO()
    with av.open(io.BytesIO(source)) as inside, av.open(stream, "w", format="mp3") as outside:
        target = outside.add_stream("libmp3lame", rate=AUDIO_RATE, layout="mono")
        target.bit_rate = AUDIO_BITS
        resampler = av.AudioResampler(format="s16p", layout="mono", rate=AUDIO_RATE)
        samples = 0
        for frame in _frames_of_sound(inside, resampler):
            samples += frame.samples
            frame.pts = None
            outside.mux(target.encode(frame))
            if samples > MAX_AUDIO_S * AUDIO_RATE:
                break
        outside.mux(target.encode(None))
    seconds = round(samples / AUDIO_RATE, 2)
    return WebFile(stream.getvalue(), "mp3", "audio/mpeg", duration_s=seconds)


def write_web_file(folder: Path, name: str, file: WebFile) -> Path:
    """Write a file beside its template; returns where it lies."""
    path = folder / f"{name}.{file.suffix}"
    path.write_bytes(file.data)
    return path


def _frames_of_sound(
    source: av.container.InputContainer, resampler: av.AudioResampler
) -> Iterator[av.AudioFrame]:
    for frame in source.decode(audio=0):
        yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _film(source: bytes, quality: str) -> tuple[WebFile, WebFile]:
    """Encode the pictures of a film anew; the poster is its ninth, or its first."""
    posters: list[Image.Image] = []
    with (
        tempfile.NamedTemporaryFile(suffix=".mp4") as file,  # `faststart` reads it once more
        av.open(io.BytesIO(source)) as inside,
    ):
        outside = av.open(file.name, "w", format="mp4", options={"movflags": "+faststart"})
        video = inside.streams.video[0]
        width, height = _even_size(video.width, video.height)
        rate = video.average_rate or Fraction(25)
        target = outside.add_stream("libx264", rate=rate)
        target.width, target.height, target.pix_fmt = width, height, "yuv420p"
        target.options = {"crf": quality, "preset": "veryslow", "threads": "1"}
        count = 0
        for frame in inside.decode(video):
            shown = frame.reformat(width=width, height=height, format="rgb24")
            array: np.ndarray = shown.to_ndarray()
            posters = [Image.fromarray(array)] if count in (0, 8) else posters
            fresh = av.VideoFrame.from_ndarray(array, format="rgb24")
            fresh.pts, fresh.time_base = count, 1 / rate
            outside.mux(target.encode(fresh))
            count += 1
        outside.mux(target.encode(None))
        outside.close()
        data = Path(file.name).read_bytes()
    seconds = round(float(count / rate), 2)
    film = WebFile(data, "mp4", "video/mp4", width, height, seconds)
    return film, web_image(posters[0])


def _even_size(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, MAX_VIDEO_WIDTH / width, MAX_SIDE / height)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
