"""Examples as pages show them, out of what `TemplateVersion.examples` stores.

Stored is `{title, inputs, outputs, simulated, cover, before}`: `cover` names the output to show on a
card, `before` the input that it was made from, where both are pictures; null for none.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from templates_gallery.selectors.assets import Assets, is_asset, media_from
from templates_gallery.selectors.facts import element_kind
from templates_gallery.types import Example, ExampleMedia, ExampleValue, ExampleView
from workflows.api import Interface

MAX_CARD_TEXT = 240  # characters of a result that is words


def stored_example(example: Example, interface: Interface) -> dict[str, Any]:
    """Return an example as it is stored."""
    outputs = dict(example.outputs) if example.outputs is not None else None
    return {
        "title": example.title,
        "inputs": dict(example.inputs),
        "outputs": outputs,
        "simulated": example.is_simulated,
        "cover": _cover_name(outputs or {}, interface),
        "before": _before_name(example.inputs, interface),
    }


def view_example(
    stored: Mapping[str, Any], interface: Interface | None, own: Assets | None
) -> ExampleView:
    """Return an example with titles, kinds and addresses; in the order of the interface."""
    outputs = stored["outputs"] or {}
    return ExampleView(
        title=stored["title"],
        given=stored["inputs"],
        inputs=_values(stored["inputs"], _fields(interface, "inputs"), own),
        outputs=_values(outputs, _fields(interface, "outputs"), own),
        is_simulated=bool(stored["simulated"]),
    )


def cover_of(
    examples: Sequence[Mapping[str, Any]], own: Assets | None
) -> tuple[ExampleMedia | None, ExampleMedia | None, str, bool]:
    """Return what a card shows: cover, the picture before, words, and whether they are simulated."""
    for stored in examples:
        outputs = stored["outputs"] or {}
        value = outputs.get(stored.get("cover"))
        media = _media(value, own)
        if media:
            before = _media(stored["inputs"].get(stored.get("before")), own)
            is_pair = bool(before) and media[0].kind == "image"
            return media[0], before[0] if is_pair else None, "", bool(stored["simulated"])
        if value is not None:
            return None, None, _text(value)[:MAX_CARD_TEXT], bool(stored["simulated"])
    return None, None, "", False


def _cover_name(outputs: Mapping[str, Any], interface: Interface) -> str | None:
    """Return the output to show: the first that is a file, else the first there is."""
    names = [field.name for field in interface.outputs if outputs.get(field.name) is not None]
    files = [name for name in names if is_asset(_first(outputs[name]))]
    return next(iter(files or names), None)


def _before_name(inputs: Mapping[str, Any], interface: Interface) -> str | None:
    names = (
        field.name
        for field in interface.inputs
        if element_kind(field.kind) == "image" and is_asset(_first(inputs.get(field.name)))
    )
    return next(names, None)


def _fields(interface: Interface | None, side: str) -> list[tuple[str, str, str]]:
    if interface is None:
        return []
    return [(field.name, field.title, field.kind) for field in getattr(interface, side)]


def _values(
    values: Mapping[str, Any], fields: Sequence[tuple[str, str, str]], own: Assets | None
) -> tuple[ExampleValue, ...]:
    known = [field for field in fields if values.get(field[0]) is not None]
    named = {field[0] for field in known}
    others = [
        (name, name, "any") for name in values if name not in named and values[name] is not None
    ]
    return tuple(
        ExampleValue(name, title or name, kind, values[name], _media(values[name], own))
        for name, title, kind in (*known, *others)
    )


def _media(value: Any, own: Assets | None) -> tuple[ExampleMedia, ...]:
    items = value if isinstance(value, list) else [value]
    found = (media_from(item, own) for item in items if is_asset(item))
    return tuple(media for media in found if media is not None)


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(_text(item) for item in value)
    return value if isinstance(value, str) else str(value)
