"""Test mode understands what the settings of every shipped model mean for size and length."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image as Pictures

from executor.simulate.pictures import format_of as picture_format
from executor.simulate.sizes import Size, film_s, film_size, picture_size
from executor.simulate.sounds import format_of as sound_format
from executor.simulate.tasks import simulate
from executor.simulate.types import Job
from tests.executor.simulated import AUDIO, IMAGE, MASK, VIDEO, read
from workflows.catalogue.model import ModelSpec
from workflows.catalogue.model_files import shipped_models
from workflows.catalogue.ports import element_of, is_list
from workflows.catalogue.tasks import TASKS
from workflows.catalogue.tasks.base import input_ports

MEDIA: dict[str, Any] = {"image": IMAGE, "mask": MASK, "video": VIDEO, "audio": AUDIO}
MODELS = [model for model in shipped_models() if not model.is_retired]
RATIO = re.compile(r"(\d+):(\d+)")
KEEPS_SIZE = {"upscale", "remove-background", "segment", "depth", "preprocess", "outpaint"}


def first_of_each_task() -> list[ModelSpec]:
    return list({model.task: model for model in reversed(MODELS)}.values())


def values_of(model: ModelSpec, **changes: Any) -> dict[str, Any]:
    """What a run with the defaults is given, and with files at the ports that need some."""
    given = {
        name: "a boat" if param.required and param.kind == "text" else param.default
        for name, param in model.params_by_name.items()
    }
    for port in input_ports(TASKS[model.task], model):
        kind = element_of(port.kind) if is_list(port.kind) else port.kind
        if port.required and kind in MEDIA:
            given[port.name] = [MEDIA[kind]] if is_list(port.kind) else MEDIA[kind]
    return {**given, **changes}


def job(model: ModelSpec, **changes: Any) -> Job:
    return Job(model.task, model.name, values_of(model, **changes), b"\5" * 32, read)


def size_of(model: ModelSpec, **changes: Any) -> Size:
    made = job(model, **changes)
    pictured = made.files("image")
    source = (IMAGE.width or 1, IMAGE.height or 1) if pictured else None
    is_film = TASKS[model.task].modality == "video"
    return film_size(made, source) if is_film else picture_size(made, source)


def of_modality(*names: str) -> Iterator[ModelSpec]:
    return (model for model in MODELS if TASKS[model.task].modality in names)


def test_every_ratio_that_can_be_chosen_is_that_of_the_result():
    wrong = []
    for model in of_modality("image", "video"):
        param = model.params_by_name.get("aspect_ratio")
        if param is None or model.task in KEEPS_SIZE or "width" in model.params_by_name:
            continue
        for choice in param.choices:
            if found := RATIO.fullmatch(choice):
                wide, high = size_of(model, aspect_ratio=choice)
                if abs(wide / high / (int(found[1]) / int(found[2])) - 1) > 0.06:
                    wrong.append((model.key, choice, (wide, high)))

    assert wrong == []


def test_every_resolution_that_can_be_chosen_changes_the_result():
    wrong = []
    for model in of_modality("image", "video"):
        param = model.params_by_name.get("resolution")
        if param is None or model.task in KEEPS_SIZE or "width" in model.params_by_name:
            continue
        choices = [choice for choice in param.choices if any(map(str.isdigit, choice))]
        sizes = {size_of(model, resolution=choice) for choice in choices}
        if len(sizes) < len(choices):
            wrong.append((model.key, choices, sizes))

    assert wrong == []


def test_width_and_height_are_those_of_the_result():
    for model in of_modality("image"):
        if {"width", "height"} <= model.params_by_name.keys() and model.task not in KEEPS_SIZE:
            assert size_of(model, width=640, height=832) == (640, 832), model.key


def test_every_length_that_can_be_chosen_is_that_of_the_film():
    for model in of_modality("video"):
        param = model.params_by_name.get("duration")
        if param is None:
            continue
        asked = param.choices or [value for value in (param.minimum, param.maximum) if value]
        for value in asked:
            wanted = re.match(r"\d+(\.\d+)?", str(value))
            if wanted:
                assert film_s(job(model, duration=value), None) == float(wanted[0]), model.key


def test_every_format_that_can_be_chosen_is_known():
    for model in of_modality("image", "audio"):
        param = model.params_by_name.get("output_format")
        for choice in param.choices if param else ():
            made = job(model, output_format=choice)
            is_sound = TASKS[model.task].modality == "audio"
            name = sound_format(made) if is_sound else picture_format(made)
            assert name.startswith(KNOWN_SOUNDS if is_sound else KNOWN_PICTURES), (
                model.key,
                choice,
            )


KNOWN_PICTURES = ("png", "jpeg", "jpg", "webp")
KNOWN_SOUNDS = ("mp3", "wav", "flac", "opus", "aac", "ogg", "pcm", "m4a")


@pytest.mark.parametrize("model", first_of_each_task(), ids=lambda model: model.task)
def test_a_model_of_each_task_is_simulated_with_its_defaults(model):
    made = simulate(model, values_of(model), read)

    assert made.files or made.data
    for file in made.files:
        if file.kind == "image":
            assert Pictures.open(io.BytesIO(file.data)).size[0] > 0
