"""Simulated texts and data: answers, transcripts, vectors, verdicts."""

import json
import math
from collections.abc import Mapping
from typing import Any

from executor.simulate.seeds import numbered
from executor.simulate.types import TEXT_MARK, Job, Made

CHARACTERS_OF_TOKEN = 4
MAX_ECHO = 400  # characters of what was asked, said again
WORDS_PER_S = 2.5
WORDS_OF_SEGMENT = 10
MAX_TEXT = 100_000
VECTOR = 1_536  # numbers, where nothing says otherwise
MAX_VECTOR = 4_096

_WORDS = ["this", "is", "not", "what", "anybody", "said", "but", "words", "that", "stand", "in", "for", "it", "until", "a", "live", "key", "is", "used", "the", "length", "follows", "the", "sound", "and", "the", "order", "follows", "the", "input"]  # fmt: skip


def answers(job: Job) -> Made:
    """Return what a language model would say, marked, and as JSON where that is asked for."""
    asked = _echo(job.text("prompt", "text", "messages", "input"))
    text = f"{TEXT_MARK} A simulated answer of {job.title}. It was asked: {asked}"
    return Made({"text": _formed(job, text)})


def descriptions(job: Job) -> Made:
    """Return what a vision model would say: the sizes of the pictures, and what was asked."""
    shown = ", ".join(f"{media.width} × {media.height}" for media in job.files("image", "video"))
    asked = _echo(job.text("prompt", "question", "text"))
    text = (
        f"{TEXT_MARK} {job.title} simulates a look at {shown or 'nothing'}. It was asked: {asked}"
    )
    return Made({"text": _formed(job, text)})


def transcripts(job: Job) -> Made:
    """Return words for as long as the sound goes on, and when each few of them are said."""
    lengths = [media.duration_s for media in job.files("audio", "video")]
    seconds = next((length for length in lengths if length), 5.0)
    count = min(max(int(seconds * WORDS_PER_S), 3), MAX_TEXT // 8)
    offset = job.seed[0]
    words = [TEXT_MARK, *(_WORDS[(offset + place) % len(_WORDS)] for place in range(count))]
    segments = [
        {
            "start": round(seconds * start / len(words), 2),
            "end": round(seconds * min(start + WORDS_OF_SEGMENT, len(words)) / len(words), 2),
            "text": " ".join(words[start : start + WORDS_OF_SEGMENT]),
        }
        for start in range(0, len(words), WORDS_OF_SEGMENT)
    ]
    return Made({"text": " ".join(words), "json": segments})


def vectors(job: Job) -> Made:
    """Return a vector of length 1, with as many numbers as are asked for."""
    size = int(min(max(job.number("dimensions", "size", "dimension") or VECTOR, 1), MAX_VECTOR))
    raw = b"".join(numbered(job.seed, block + 1) for block in range(math.ceil(size / 32)))[:size]
    numbers = [byte - 127.5 for byte in raw]
    length = math.sqrt(sum(number * number for number in numbers))
    return Made({"json": [round(number / length, 6) for number in numbers]})


def verdicts(job: Job) -> Made:
    """Return that nothing is against the rules; `refuse` of `metadata.simulate` asks otherwise."""
    scores = {
        name: round(job.seed[place] / 25_500, 4)
        for place, name in enumerate(("hate", "harassment", "self-harm", "sexual", "violence"))
    }
    categories: Mapping[str, Any] = dict.fromkeys(scores, False)
    verdict = {"flagged": False, "categories": categories, "scores": scores, "simulated": True}
    return Made({"json": verdict})


def _formed(job: Job, text: str) -> str:
    """Return a text in the asked form, no longer than may be."""
    most = int(job.number("max_tokens", "max_output_tokens") or MAX_TEXT) * CHARACTERS_OF_TOKEN
    wants_json = job.values.get("json_mode") is True or "json" in job.word("response_format")
    if wants_json:
        return json.dumps({"simulated": True, "model": job.title, "answer": text[:most]})
    return text[:most]


def _echo(text: str) -> str:
    shown = text if len(text) <= MAX_ECHO else text[:MAX_ECHO] + "…"
    return shown or "nothing"
