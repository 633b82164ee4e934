"""Turning a model's values into a provider's request, by the mapping that stands in the model's file.

Renames, nesting, constants and a few encodings; no expressions and no code in data.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from workflows.catalogue.model import ModelSpec, Route, Wire
from workflows.catalogue.params import Param
from workflows.catalogue.remote import ProviderCall
from workflows.catalogue.values import Media

LIST_MARK = "[]"


def routes_for(model: ModelSpec, values: Mapping[str, Any]) -> list[int]:
    """Return the numbers of the routes that can do what these values ask for, in the file's order."""
    return [
        number
        for number, route in enumerate(model.routes)
        if not any(_is_asked(model, name, values.get(name)) for name in route.without)
    ]


def call_by(model: ModelSpec, number: int, values: Mapping[str, Any]) -> ProviderCall:
    """Return the request of a route for these values: parameters and media by name.

    What is null is not sent.
    """
    route = model.routes[number]
    body: dict[str, Any] = copy.deepcopy(dict(route.constants))
    media: dict[str, list[Media]] = {}
    for name, value in values.items():
        if value is None or name in route.without:
            continue
        if _is_media(value):
            files = list(value) if isinstance(value, list | tuple) else [value]
            media.setdefault(_media_path(route, name, value), []).extend(files)
        else:
            _write(body, route, model.params_by_name[name], value)
    for wire in route.wire.values():
        if isinstance(wire, Wire) and wire.of is not None:
            _write_pair(body, wire, values)
    return ProviderCall(
        provider=route.provider,
        model=route.model,
        body=body,
        media=media,
        give_up_s=model.give_up_s,
        operation=route.operation or model.task,
    )


def paired(route: Route) -> set[str]:
    """Return the parameters that go into a request only as a part of a pair."""
    pairs = [wire.of for wire in route.wire.values() if isinstance(wire, Wire) and wire.of]
    return {name for pair in pairs for name in pair if name not in route.wire}


def put(body: dict[str, Any], path: str, value: Any) -> None:
    """Set what stands at a path of keys divided by dots, making objects on the way."""
    *parents, last = path.split(".")
    for key in parents:
        body = body.setdefault(key, {})
    body[last] = value


def _is_asked(model: ModelSpec, name: str, value: Any) -> bool:
    param = model.params_by_name.get(name)
    return value not in (None, [], ()) if param is None else value != param.default


def _is_media(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(item, Media) for item in value)
    return isinstance(value, Media)


def _media_path(route: Route, name: str, value: Any) -> str:
    wire = route.wire.get(name)
    if wire is None:
        return name + (LIST_MARK if isinstance(value, list | tuple) else "")
    return wire.path if isinstance(wire, Wire) else wire


def _write(body: dict[str, Any], route: Route, param: Param, value: Any) -> None:
    if param.name in paired(route):
        return
    wire = route.wire.get(param.name)
    if wire is None or isinstance(wire, str):
        put(body, wire or param.name, value)
    else:
        put(body, wire.path, _encoded(wire, value))


def _encoded(wire: Wire, value: Any) -> Any:
    if wire.values is not None:
        value = wire.values.get(_as_key(value), value)
    return value if wire.encode is None else _ENCODERS[wire.encode](value)


def _write_pair(body: dict[str, Any], wire: Wire, values: Mapping[str, Any]) -> None:
    assert wire.of is not None and wire.encode is not None  # noqa: S101, PT018 - of the schema
    first, second = (values.get(name) for name in wire.of)
    if first is None or second is None:
        return
    text = wire.encode.replace("W", str(first)).replace("H", str(second))
    put(body, wire.path, wire.values.get(text, text) if wire.values else text)


def _as_key(value: Any) -> str:
    """Return how a value is named in a table of `values`: true and false as TOML writes them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


_ENCODERS: Mapping[str, Callable[[Any], Any]] = {
    "text": _as_key,
    "integer": lambda value: int(float(value)),
    "number": float,
    "list": lambda value: [value],
    "not": lambda value: not value,
    "seconds": lambda value: f"{_as_key(value)}s",
    "object": lambda value: value,  # what `values` put there
}
