"""Simulated sounds: a beep first, then a quiet tone for as long as is asked for."""

import io
import wave
from collections.abc import Mapping
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from executor.simulate.seeds import numbered, within
from executor.simulate.sizes import sound_s, spoken_s
from executor.simulate.types import Job, Made, MadeFile

RATE = 24_000  # samples a second
LONG_S = 60.0  # a longer sound has fewer: half an hour would be 86 MB, and half a minute of work
LONG_RATE = 8_000
BEEP_S = 0.25
BEEP_HZ = 1_000.0
AGAIN_S = 10.0  # the beep comes again, so that no part of a long sound can be taken for real
SAME_BYTES = {"fflags": "+bitexact"}  # no ids made up by the container
STEMS = ("vocals", "drums", "bass", "other")

Samples = NDArray[np.int16]

# Container, codec, and the rate of a codec that takes no other, by the beginning of a format's name.
_ENCODED: Mapping[str, tuple[str, str, int | None]] = {
    "mp3": ("mp3", "libmp3lame", None),
    "aac": ("adts", "aac", None),
    "m4a": ("ipod", "aac", None),
    "flac": ("flac", "flac", None),
    "opus": ("ogg", "libopus", 48_000),
    "ogg": ("ogg", "libopus", 48_000),
}


def speech(job: Job) -> Made:
    """Return a sound that takes as long as the text would to be spoken."""
    text = job.text("text", "prompt", "script", "lyrics")
    return _one(job, sound_s(job, spoken_s(job, text)))


def as_long_as_input(job: Job) -> Made:
    """Return a sound as long as the one that is given."""
    return _one(job, _input_s(job))


def music(job: Job) -> Made:
    """Return a sound of the length that is asked for, half a minute otherwise."""
    return _one(job, sound_s(job, 30.0))


def effect(job: Job) -> Made:
    """Return a sound of the length that is asked for, or of the film that is given."""
    films = [film.duration_s for film in job.files("video") if film.duration_s]
    return _one(job, sound_s(job, films[0] if films else 4.0))


def stems(job: Job) -> Made:
    """Return the parts of a sound, each as long as it is."""
    seconds, name = _input_s(job), format_of(job)
    files = [_file(numbered(job.seed, number), seconds, name) for number in range(len(STEMS))]
    return Made({"json": list(STEMS)}, files)


def tone(seed: bytes, seconds: float, rate: int = RATE) -> Samples:
    """Return the samples of a marked tone: the beep, then a quiet hum, and the beep again."""
    total = max(int(seconds * rate), 1)
    piece = min(total, int(AGAIN_S * rate))
    times = np.arange(piece) / rate
    hum = 0.06 * np.sin(2 * np.pi * within(seed, 0, 110, 440) * times)
    beep = times < min(BEEP_S, seconds)
    hum[beep] = 0.4 * np.sin(2 * np.pi * BEEP_HZ * times[beep])
    once = (hum * 32_767).astype(np.int16)
    return np.resize(once, total)


def encoded_sound(samples: Samples, name: str, rate: int = RATE) -> bytes:
    """Return samples as a file; `name` begins like a format (`mp3_44100_128`), else it is WAV."""
    known = next((ways for start, ways in _ENCODED.items() if name.startswith(start)), None)
    return _as_wav(samples, rate) if known is None else _as_stream(samples, rate, *known)


def format_of(job: Job) -> str:
    """Return the name of the format that is asked for; nothing where none is."""
    word = job.word("output_format", "format", "audio_format", "response_format", "container")
    return word.removeprefix("audio/")


def sound_frames(samples: Samples, rate: int) -> list[av.AudioFrame]:
    """Return samples as the frames of an encoder, half a second in each."""
    frames = []
    for start in range(0, len(samples), rate // 2):
        part = samples[start : start + rate // 2]
        frame = av.AudioFrame.from_ndarray(part.reshape(1, -1), format="s16", layout="mono")
        frame.rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        frames.append(frame)
    return frames


def _one(job: Job, seconds: float) -> Made:
    return Made({}, [_file(job.seed, seconds, format_of(job))])


def _file(seed: bytes, seconds: float, name: str) -> MadeFile:
    rate = RATE if seconds <= LONG_S else LONG_RATE
    return MadeFile("audio", encoded_sound(tone(seed, seconds, rate), name, rate))


def _input_s(job: Job) -> float:
    given = job.files("audio", "video")
    seconds = given[0].duration_s if given else None
    return sound_s(job, seconds or 5.0)


def _as_wav(samples: Samples, rate: int) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return target.getvalue()


def _as_stream(
    samples: Samples, rate: int, container: str, codec: str, only_hz: int | None
) -> bytes:
    target = io.BytesIO()
    wanted_hz = only_hz or rate
    if wanted_hz != rate:
        samples = np.repeat(samples, wanted_hz // rate)
    with av.open(target, "w", format=container, options=SAME_BYTES) as file:
        stream = file.add_stream(codec, rate=wanted_hz, layout="mono")
        resampler = av.AudioResampler(stream.codec_context.format, "mono", wanted_hz)
        for frame in sound_frames(samples, wanted_hz):
            for fitting in resampler.resample(frame):
                file.mux(stream.encode(fitting))
        for fitting in resampler.resample(None):
            file.mux(stream.encode(fitting))
        file.mux(stream.encode(None))
    return target.getvalue()
