"""Turning an order into a pipeline's arguments: checked against its signature, files decoded."""

import inspect
import secrets
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from executor.local.files_in import decoded, rate_of
from executor.local.steps import Steps
from executor.local.types import Order, WrongOrder

# What the server itself sets, or what no order may reach into.
_OWN = frozenset({
    "self", "args", "kwargs", "generator", "latents", "output_type", "return_dict",
    "callback", "callback_steps", "callback_on_step_end", "callback_on_step_end_tensor_inputs",
    "attention_kwargs", "cross_attention_kwargs", "joint_attention_kwargs", "prompt_template",
})  # fmt: skip
_FRAMES = ("num_frames", "video_length", "frames")
_RATES = ("frame_rate", "fps")
_RATIOS = (
    "vae_scale_factor_temporal",
    "vae_temporal_compression_ratio",
    "vae_temporal_scale_factor",
)
IP_SCALE = "ip_adapter_scale"  # no argument of a pipeline: set on it before
MAX_PIXELS = 1024 * 1024  # of a picture whose size follows from the one that was given
GRID = 16
DEFAULT_FPS = 16.0


def names_of(pipeline: type) -> frozenset[str]:
    """Return the arguments of a pipeline class that an order may give."""
    return frozenset(inspect.signature(pipeline.__call__).parameters) - _OWN


def check_names(order: Order, *known: frozenset[str]) -> None:
    """Check that somebody takes every argument and file of an order.

    Raises:
        WrongOrder: nobody takes one of them.
    """
    given = {*order.inputs, *(name.removesuffix("[]") for name in order.files)}
    for name in sorted(given - {IP_SCALE}.union(*known)):
        raise WrongOrder(f"{order.recipe.pipeline} has no argument {name}.")


def arguments_of(pipeline: Any, order: Order, steps: Steps, seed: int) -> dict[str, Any]:
    """Return what a pipeline is called with.

    Raises:
        WrongOrder: a file is not what it should be.
    """
    names = names_of(type(pipeline))
    whole = inspect.signature(type(pipeline).__call__).parameters
    given = {name: value for name, value in order.inputs.items() if name in names}
    given |= _timing(pipeline, order, names)
    given |= _files(order, names, given)
    given |= _length(pipeline, names, given)
    given |= _size(order, names, given)
    given |= _control(names, given)
    if "generator" in whole:
        given["generator"] = _generators(seed, _count(given))
    if "output_type" in whole:
        given["output_type"] = _output_type(order, whole["output_type"].default)
    if "callback_on_step_end" in whole:
        given["callback_on_step_end"] = steps.after_step
    if given.get("width") and given.get("height"):
        steps.size = (given["width"], given["height"])
    return given


def fps_of(order: Order) -> float:
    """Return how many frames a second a film has: as ordered, or as the one that it is made of."""
    films = (file for name in ("video", "pose_video") for file in order.files.get(name, ()))
    return order.fps or next((rate_of(film) for film in films), DEFAULT_FPS)


def new_seed() -> int:
    """Return a seed for an order that has none."""
    return secrets.randbelow(2**31)


def _count(given: Mapping[str, Any]) -> int:
    counts = (value for name, value in given.items() if name.startswith("num_") and "_per_" in name)
    return max(1, int(next(counts, 1)))


def _generators(seed: int, count: int) -> Any:
    """Return a generator for each picture: the n-th one is that of the seed n further on.

    They are the processor's, so that a seed means the same on every device.
    """
    import torch  # noqa: PLC0415 - of the extra `local`

    made = [torch.Generator("cpu").manual_seed(seed + number) for number in range(count)]
    return made if count > 1 else made[0]


def _output_type(order: Order, default: Any) -> Any:
    if order.kind == "model3d":
        return "mesh"
    return default if default in ("np", "pt") else "pil"


def _timing(pipeline: Any, order: Order, names: frozenset[str]) -> dict[str, Any]:
    """Return how many frames a film has, and how many a second where a pipeline wants to know."""
    timing: dict[str, Any] = {}
    rate = next((name for name in _RATES if name in names), None)
    if rate is not None and order.fps is not None:
        timing[rate] = int(order.fps)
    if order.duration is None:
        return timing
    if "duration" in names:
        return timing | {"duration": order.duration}
    frames = next((name for name in _FRAMES if name in names), None)
    if frames is not None:
        timing[frames] = frames_for(order.duration * fps_of(order), _ratio_of(pipeline))
    return timing


def frames_for(frames: float, ratio: int) -> int:
    """Return the nearest number of frames that a model can make: 1 and a multiple of `ratio`."""
    if ratio <= 1:
        return max(1, round(frames))
    return max(0, round((frames - 1) / ratio)) * ratio + 1


def _ratio_of(pipeline: Any) -> int:
    found = (getattr(pipeline, name, None) for name in _RATIOS)
    return int(next((ratio for ratio in found if isinstance(ratio, int)), 1))


def _files(order: Order, names: frozenset[str], given: Mapping[str, Any]) -> dict[str, Any]:
    files: dict[str, Any] = {}
    for place, items in order.files.items():
        name = place.removesuffix("[]")
        if name not in names:
            continue
        values = [_fitted(decoded(item, name), order, given) for item in items]
        files[name] = values if place.endswith("[]") else values[0]
    return files


def _fitted(value: Any, order: Order, given: Mapping[str, Any]) -> Any:
    """Cut the picture that a film begins with to the film's shape; pipelines would squeeze it."""
    width, height = given.get("width"), given.get("height")
    if order.kind != "video" or not (width and height) or not isinstance(value, Image.Image):
        return value
    return ImageOps.fit(value, (int(width), int(height)), Image.Resampling.LANCZOS)


def _length(pipeline: Any, names: frozenset[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a film that is to be changed, cut to as many frames as the model can make of it."""
    frames = next((name for name in _FRAMES if name in names), None)
    film = given.get("video")
    if frames is None or not isinstance(film, list):
        return {}
    ratio = _ratio_of(pipeline)
    most = min(len(film), given.get(frames) or len(film))
    count = (most - 1) // ratio * ratio + 1
    return {"video": film[:count], frames: count}


def _control(names: frozenset[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a ControlNet for inpainting is shown: the picture, with holes where the mask is."""
    image, mask = given.get("image"), given.get("mask_image")
    if "control_image" not in names or "control_image" in given:
        return {}
    if image is None or mask is None:
        return {}
    import torch  # noqa: PLC0415 - of the extra `local`

    values = np.asarray(image, dtype="float32") / 255
    holes = np.asarray(mask.resize(image.size), dtype="float32") > 127
    values = np.where(holes[..., None], -1.0, values).astype("float32")
    return {"control_image": torch.from_numpy(values).permute(2, 0, 1)[None]}


def _size(order: Order, names: frozenset[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the size of a picture that is made from another one, where no size was asked for."""
    sources = [_first(value) for value in given.values() if _is_source(value, order)]
    has_size = "width" in given or "height" in given
    if has_size or not sources or not {"width", "height"} <= names:
        return {}
    width, height = sources[0].size
    scale = min(1.0, (MAX_PIXELS / (width * height)) ** 0.5)
    sides = (max(GRID, int(side * scale) // GRID * GRID) for side in (width, height))
    return dict(zip(("width", "height"), sides, strict=True))


def _is_source(value: Any, order: Order) -> bool:
    """Say whether the result has the size of this: a picture of a picture, a film of a film."""
    if order.kind == "video":
        return isinstance(value, list) and bool(value) and isinstance(value[0], Image.Image)
    return order.kind == "image" and isinstance(value, Image.Image)


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value
