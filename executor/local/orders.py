"""Reading orders: JSON from outside, of which any part may be of another kind."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from executor.local.types import GivenFile, Order, Recipe, WrongOrder

KINDS = ("image", "video", "audio", "model3d")
FORMATS = ("png", "jpeg", "webp")
MAX_FILES = 64
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,128}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?")
_CLASS = re.compile(r"[A-Z][A-Za-z0-9_]{1,100}")
_ARGUMENT = re.compile(r"[a-z][a-z0-9_]{0,60}")
_PLAIN = (str, int, float, bool, type(None))
_FACTS = ("reference", "model", "pipeline", "operation", "kind", "inputs", "files", "load")
_LOAD = (
    "base", "part", "class", "subfolder", "parts", "without", "float32", "scheduler",
    "scheduler_options", "prior", "ip_adapter", "image_encoder",
)  # fmt: skip
_CHOICES = ("seed", "outputFormat", "duration", "fps")


def read_order(value: Any) -> Order:
    """Read an order.

    Raises:
        WrongOrder: it is none.
    """
    if not isinstance(value, dict) or value.keys() - {*_FACTS, *_CHOICES}:
        raise WrongOrder("This is no order.")
    load = _load(value)
    recipe = Recipe(_text(value, "pipeline", _CLASS), _text(value, "model", _REPOSITORY), load)
    for repository in recipe.repositories():
        _need(bool(_REPOSITORY.fullmatch(str(repository))), "load")
    return Order(
        reference=_text(value, "reference", _REFERENCE),
        recipe=recipe,
        operation=str(value.get("operation", ""))[:60],
        kind=_one_of(value, "kind", KINDS, "image"),
        inputs=_inputs(_object(value, "inputs")),
        files=_files(_object(value, "files")),
        seed=_seed(value.get("seed")),
        output_format=_one_of(value, "outputFormat", FORMATS, "png"),
        duration=_number(value, "duration", 600),
        fps=_number(value, "fps", 120),
    )


def _load(value: Mapping[str, Any]) -> Mapping[str, Any]:
    load = _object(value, "load")
    _need(not load.keys() - {*_LOAD}, "load")
    parts = load.get("parts", [])
    _need(isinstance(parts, list) and all(isinstance(part, dict) for part in parts), "load")
    return load


def _need(is_good: bool, name: str) -> None:
    if not is_good:
        raise WrongOrder(f"{name} is not as it should be.")


def _text(value: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    text = value.get(name)
    _need(isinstance(text, str) and form.fullmatch(text) is not None, name)
    return str(text)


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name, {})
    _need(isinstance(found, dict), name)
    return dict(found)


def _one_of(value: Mapping[str, Any], name: str, known: tuple[str, ...], default: str) -> str:
    found = value.get(name) or default
    _need(found in known, name)
    return str(found)


def _number(value: Mapping[str, Any], name: str, most: float) -> float | None:
    found = value.get(name)
    if found is None:
        return None
    _need(isinstance(found, int | float) and not isinstance(found, bool), name)
    _need(0 < found <= most, name)
    return float(found)


def _seed(seed: Any) -> int | None:
    if seed is None:
        return None
    _need(type(seed) is int and 0 <= seed < 2**63, "seed")
    return int(seed)


def _inputs(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return arguments for a pipeline: plain values, and lists of such."""
    for name, value in inputs.items():
        items = value if isinstance(value, list) else [value]
        is_plain = len(items) <= 1_000 and all(isinstance(item, _PLAIN) for item in items)
        _need(bool(_ARGUMENT.fullmatch(name)) and is_plain, name[:60])
    return inputs


def _files(files: Mapping[str, Any]) -> Mapping[str, list[GivenFile]]:
    given = {}
    for name, items in files.items():
        is_list = isinstance(items, list) and 0 < len(items) <= MAX_FILES
        _need(bool(_ARGUMENT.fullmatch(name.removesuffix("[]"))) and is_list, name[:60])
        given[name] = [_file(name, item) for item in items]
    return given


def _file(name: str, item: Any) -> GivenFile:
    _need(isinstance(item, dict), name)
    kind, data = item.get("contentType"), item.get("data")
    _need(isinstance(kind, str) and isinstance(data, str), name)
    try:
        return GivenFile(kind, base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        raise WrongOrder(f"{name} is not as it should be.") from None
