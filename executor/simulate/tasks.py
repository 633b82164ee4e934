"""What is simulated of a model: which way of making results belongs to which task."""

from collections.abc import Callable, Mapping
from typing import Any

from executor.simulate.films import films
from executor.simulate.pictures import masks, pictures
from executor.simulate.seeds import seed_of
from executor.simulate.shapes import shapes
from executor.simulate.sounds import as_long_as_input, effect, music, speech, stems
from executor.simulate.texts import answers, descriptions, transcripts, vectors, verdicts
from executor.simulate.types import Job, Made, Reader
from workflows.catalogue.model import ModelSpec

_WAYS: Mapping[str, Callable[[Job], Made]] = {
    "segment": masks,
    "text-to-video": films,
    "image-to-video": films,
    "video-to-video": films,
    "upscale-video": films,
    "lip-sync": films,
    "text-to-speech": speech,
    "speech-to-speech": as_long_as_input,
    "speech-to-text": transcripts,
    "music": music,
    "sound-effect": effect,
    "separate-audio": stems,
    "chat": answers,
    "vision": descriptions,
    "embedding": vectors,
    "moderation": verdicts,
    "text-to-3d": shapes,
    "image-to-3d": shapes,
}  # every other task gives pictures


def simulate(model: ModelSpec, values: Mapping[str, Any], read: Reader) -> Made:
    """Return what a model would give for these values: its parameters and files, by name.

    Raises:
        NodeFailed: an input cannot be read.
    """
    seed = seed_of(model.key, values, read)
    return _WAYS.get(model.task, pictures)(Job(model.task, model.name, values, seed, read))
