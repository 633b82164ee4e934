"""Simulated films: one marked picture that a bar runs across, few frames a second.

A film has a dozen different frames, repeated in between, which costs next to nothing; the
container says the size and the length that were asked for. A film that is given is not decoded:
only what is known of it counts.
"""

import io
import math
from fractions import Fraction

import av
from PIL import ImageDraw
from PIL.Image import Image as Picture

from executor.simulate.drawing import flattened, ground, likeness, marked, tinted
from executor.simulate.pictures import caption_of, format_of, source_of
from executor.simulate.sizes import Size, film_s, film_size, upscaled_film_size
from executor.simulate.sounds import RATE, SAME_BYTES, sound_frames, tone
from executor.simulate.types import Job, Made, MadeFile

FPS = 8
MAX_FRAMES = 96  # of a film: a longer one shows fewer a second
DRAWN = 12  # different frames of a film
MAX_HEARD_S = 120.0  # of the sound: it takes longer to write than the picture
LESS_S = 0.1  # of the sound, which must not make a film longer than it is to be

_TIMES = 1_000  # a second has so many milliseconds, in which lengths are told
_BAR = (255, 209, 102)
# One thread, so that the bytes are the same whatever machine makes them.
_H264 = {"preset": "ultrafast", "crf": "30", "threads": "1"}
_VP8 = {"deadline": "realtime", "cpu-used": "8", "crf": "30", "b": "1M", "threads": "1"}


def films(job: Job) -> Made:
    """Return a film in the size and for as long as is asked for."""
    source = source_of(job)
    size, seconds = _size(job, source), film_s(job, _input_s(job))
    base = ground(size, job.seed)
    if source is not None:
        base = tinted(likeness(flattened(source), size), job.seed)
    picture = marked(base, caption_of(job))
    data = encoded_film(picture, seconds, format_of(job), job.seed if has_sound(job) else None)
    return Made({}, [MadeFile("video", data)])


def has_sound(job: Job) -> bool:
    """Say whether a film is to have a sound: it is asked for, or one is given."""
    asked = job.values.get("generate_audio")
    return bool(asked) if asked is not None else bool(job.files("audio"))


def encoded_film(picture: Picture, seconds: float, name: str, sound: bytes | None) -> bytes:
    """Return a film of a picture; `name` is `webm`, `mov` or something else for MP4.

    `sound` is the seed of its sound, None for a film without.
    """
    container = name if name in ("webm", "mov") else "mp4"
    is_webm = container == "webm"
    count = min(max(math.ceil(seconds * FPS), 2), MAX_FRAMES)
    rate = Fraction(count * _TIMES, max(round(seconds * _TIMES), 1)).limit_denominator(100_000)
    target = io.BytesIO()
    with av.open(target, "w", format=container, options=SAME_BYTES) as file:
        stream = file.add_stream("libvpx" if is_webm else "libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
        stream.options = _VP8 if is_webm else _H264
        track = file.add_stream("libopus" if is_webm else "aac", rate=48_000) if sound else None
        for number, frame in enumerate(_frames(picture, count)):
            frame.pts, frame.time_base = number, 1 / rate
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
        if track is not None and sound is not None:
            _add_sound(file, track, sound, min(max(seconds - LESS_S, LESS_S), MAX_HEARD_S))
    return target.getvalue()


def _frames(picture: Picture, count: int) -> list[av.VideoFrame]:
    """Return the frames in order, most of them repeated; each is marked, and the bar moves."""
    drawn = min(DRAWN, count)
    different = [_frame(picture, (number + 1) / drawn) for number in range(drawn)]
    return [different[number * drawn // count] for number in range(count)]


def _frame(picture: Picture, done: float) -> av.VideoFrame:
    shown = picture.copy()
    height = max(picture.height // 40, 2)
    ImageDraw.Draw(shown).rectangle((0, 0, picture.width * done, height), fill=_BAR)
    return av.VideoFrame.from_image(shown).reformat(format="yuv420p")


def _add_sound(
    file: av.container.OutputContainer, track: av.AudioStream, seed: bytes, seconds: float
) -> None:
    resampler = av.AudioResampler(track.codec_context.format, "mono", 48_000)
    for frame in sound_frames(tone(seed, seconds), RATE):
        for fitting in resampler.resample(frame):
            file.mux(track.encode(fitting))
    file.mux(track.encode(None))


def _size(job: Job, source: Picture | None) -> Size:
    known = [(film.width, film.height) for film in job.files("video")]
    for width, height in known:
        if width and height:
            of_film = (width, height)
            is_upscaled = job.task == "upscale-video"
            return upscaled_film_size(job, of_film) if is_upscaled else film_size(job, of_film)
    return film_size(job, None if source is None else source.size)


def _input_s(job: Job) -> float | None:
    """Return how long the sound is that a film is made for, or else the film that is given."""
    kinds = ("audio", "video") if job.task == "lip-sync" else ("video", "audio")
    lengths = [media.duration_s for kind in kinds for media in job.files(kind)]
    return next((length for length in lengths if length), None)
