"""How large and how long a result is to be, from what the parameters of models are called.

Models name the same thing in several ways: `width` and `height`, `size = "1536x1024"`,
`aspect_ratio = "16:9"` with `resolution = "2K"` or `"720p"`, `image_size = "landscape_16_9"`.
"""

import math
import re

from executor.simulate.types import Job, number_in

Size = tuple[int, int]

# What media may have (`executor.media.types.MediaLimits`); films stay far below, for their time.
MAX_SIDE = 16_384
MAX_PIXELS = 40_000_000
MAX_FILM_SIDE = 4_096
MAX_FILM_PIXELS = 4_096 * 2_304
MAX_FILM_S = 3_600.0
MAX_SOUND_S = 1_800.0
MAX_COUNT = 16

PICTURE = 1_024  # pixels of a side, where nothing says otherwise
FILM_SHORT_SIDE = 720
FILM_S = 5.0
FILM_FPS = 24.0
SPOKEN_PER_S = 15.0  # characters that are spoken in a second

_SIZE_NAMES = ("size", "image_size", "dimensions", "video_size", "output_size")
_SCALE_NAMES = ("resolution", "target_resolution", "output_resolution", "size", "megapixels")
_RATIO_NAMES = ("aspect_ratio", "ratio", "orientation", "size", "image_size")
_FACTOR_NAMES = ("scale", "upscale_factor", "scale_factor", "factor", "upscale", "outscale")
_LENGTH_NAMES = ("duration", "duration_s", "duration_seconds", "seconds", "length", "length_s")
_LENGTH_MS_NAMES = ("duration_ms", "length_ms", "music_length_ms")
_FRAME_NAMES = ("frames", "num_frames", "frame_count", "video_length")
_FPS_NAMES = ("fps", "frames_per_second", "frame_rate")
_COUNT_NAMES = ("count", "num_images", "num_outputs", "samples", "n")

_PAIR = re.compile(r"(\d{2,5})\s*[x×*]\s*(\d{2,5})")
_RATIO = re.compile(r"(?<![\d.])(\d{1,2}(?:\.\d+)?)\s*[:/_]\s*(\d{1,2}(?:\.\d+)?)(?![\d.])")
_LINES = re.compile(r"(\d{3,4})\s*p\b")
_K = re.compile(r"(\d(?:\.\d)?)\s*k\b")
_MEGAPIXELS = re.compile(r"(\d+(?:\.\d+)?)\s*(?:mp|megapixels?)\b")


def picture_size(job: Job, source: Size | None) -> Size:
    """Return width and height of a picture; what does not say takes those of the source."""
    exact = _exact_size(job)
    if exact is None:
        ratio, area = _ratio(job), _area(job)
        if ratio is None and area is None and source is not None:
            exact = source
        else:
            exact = _of_area(ratio or _ratio_of(source) or 1.0, area or PICTURE * PICTURE)
    return bounded(exact, MAX_SIDE, MAX_PIXELS)


def upscaled_size(job: Job, source: Size) -> Size:
    """Return the size of a source made larger: by a factor, to a resolution, or twofold."""
    factor, exact, area = job.number(*_FACTOR_NAMES), _exact_size(job), _area(job)
    if factor is None and exact is None and area is not None:
        exact = _of_area(source[0] / source[1], area)
    if factor is not None or exact is None:
        times = factor if factor is not None and factor > 0 else 2.0
        exact = max(round(source[0] * times), 1), max(round(source[1] * times), 1)
    return bounded(exact, MAX_SIDE, MAX_PIXELS)


def film_size(job: Job, source: Size | None) -> Size:
    """Return width and height of a film, both even, as its format wants them."""
    exact, ratio, lines = _exact_size(job), _ratio(job), _short_side(job)
    if exact is None and ratio is None and lines is None and source is not None:
        exact = source
    if exact is None:
        shape = ratio or _ratio_of(source) or 16 / 9
        short = lines or FILM_SHORT_SIDE
        exact = (round(short * shape), short) if shape >= 1 else (short, round(short / shape))
    return _even(exact)


def upscaled_film_size(job: Job, source: Size) -> Size:
    """Return the size of a film made larger, both sides even."""
    lines = _short_side(job)
    if lines is not None and job.number(*_FACTOR_NAMES) is None:
        times = lines / min(source)
        return _even((round(source[0] * times), round(source[1] * times)))
    return _even(upscaled_size(job, source))


def film_s(job: Job, source_s: float | None) -> float:
    """Return for how long a film goes on, in seconds: as asked for, as its frames, as its source."""
    frames = job.number(*_FRAME_NAMES)
    asked = _asked_s(job)
    if asked is None and frames:
        asked = frames / (job.number(*_FPS_NAMES) or FILM_FPS)
    return _limited_s(asked or source_s or FILM_S, MAX_FILM_S)


def sound_s(job: Job, otherwise: float) -> float:
    """Return for how long a sound goes on, in seconds."""
    return _limited_s(_asked_s(job) or otherwise, MAX_SOUND_S)


def spoken_s(job: Job, text: str) -> float:
    """Return for how long a text is spoken, in seconds."""
    speed = job.number("speed", "rate", "speaking_rate") or 1.0
    return _limited_s(len(text) / SPOKEN_PER_S / max(speed, 0.1), MAX_SOUND_S)


def count_of(job: Job) -> int:
    """Return how many results are asked for."""
    return int(min(max(job.number(*_COUNT_NAMES) or 1, 1), MAX_COUNT))


def bounded(size: Size, max_side: int, max_pixels: int) -> Size:
    """Return a size in its shape, but no larger than may be."""
    width, height = (max(side, 1) for side in size)
    too_much = max(width / max_side, height / max_side, math.sqrt(width * height / max_pixels), 1.0)
    if too_much > 1:
        width, height = int(width / too_much), int(height / too_much)
    return max(width, 1), max(height, 1)


def _even(size: Size) -> Size:
    width, height = bounded(size, MAX_FILM_SIDE, MAX_FILM_PIXELS)
    return max(width // 2 * 2, 16), max(height // 2 * 2, 16)


def _limited_s(seconds: float, most: float) -> float:
    return round(min(max(seconds, 0.1), most), 3)


def _asked_s(job: Job) -> float | None:
    seconds = job.number(*_LENGTH_NAMES)
    if seconds is not None and seconds > 0:
        return seconds
    milliseconds = job.number(*_LENGTH_MS_NAMES)
    return milliseconds / 1_000 if milliseconds else None


def _exact_size(job: Job) -> Size | None:
    width, height = (number_in(job.values.get(name)) for name in ("width", "height"))
    if width and height and width > 0 and height > 0:
        return int(width), int(height)
    for name in (*_SIZE_NAMES, *_SCALE_NAMES):
        found = _PAIR.search(job.word(name))
        if found:
            return int(found[1]), int(found[2])
    return None


def _ratio(job: Job) -> float | None:
    """Return width through height, where something says so."""
    for name in _RATIO_NAMES:
        word = job.word(name)
        found = _RATIO.search(word)
        if found and float(found[1]) and float(found[2]):
            shape = float(found[1]) / float(found[2])
            is_turned = "portrait" in word and shape > 1
            return 1 / shape if is_turned else shape
        for start, shape in (("square", 1.0), ("landscape", 4 / 3), ("portrait", 3 / 4)):
            if start in word:
                return shape
    return None


def _ratio_of(source: Size | None) -> float | None:
    return None if source is None else source[0] / source[1]


def _area(job: Job) -> float | None:
    """Return how many pixels a picture is to have, where something says so."""
    megapixels = job.number("megapixels", "output_megapixels")
    if megapixels is not None and megapixels > 0:
        return megapixels * 1_000_000
    for name in _SCALE_NAMES:
        word = job.word(name)
        if found := _MEGAPIXELS.search(word):
            return float(found[1]) * 1_000_000
        if found := _K.search(word):
            return (float(found[1]) * 1_024) ** 2
        if found := _LINES.search(word):
            return float(found[1]) ** 2 * 16 / 9
        if word.isdecimal() and 64 <= int(word) <= MAX_SIDE:
            return float(word) ** 2
    return None


def _short_side(job: Job) -> int | None:
    """Return the shorter side of a film, where something says so: `720p`, `4k`, `768`."""
    for name in _SCALE_NAMES:
        word = job.word(name)
        if found := _LINES.search(word):
            return int(found[1])
        if found := _K.search(word):
            return {1: 1_080, 2: 1_440, 4: 2_160}.get(int(float(found[1])), 2_160)
        if word.isdecimal() and 64 <= int(word) <= MAX_FILM_SIDE:
            return int(word)
    return None


def _of_area(ratio: float, area: float) -> Size:
    """Return the size of a shape with so many pixels, in steps of 16, as models have them."""
    width, height = math.sqrt(area * ratio), math.sqrt(area / ratio)
    return max(round(width / 16) * 16, 16), max(round(height / 16) * 16, 16)
