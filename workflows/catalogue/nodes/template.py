"""`text.template`: a text with named gaps, filled in one pass.

Only `{{ name }}` and `{{ name | filter:argument }}` with the filters below mean anything; whatever
else stands in braces is text. Values are never looked into and never read as templates.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.node import Context, Inputs, Meta, Node
from workflows.catalogue.nodes.text import TextOut
from workflows.catalogue.params import param
from workflows.catalogue.ports import Port

MAX_TEMPLATE = 32 * 1024  # bytes
MAX_RENDERED = 128 * 1024  # bytes
MAX_NAMES = 100
FILTERS_HELP = (
    "Filters: trim, upper, lower, truncate:20, default:text and json, as in {{ name | trim }}."
)

_BRACES = re.compile(r"\{\{([^{}]*)\}\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_PLAIN_FILTERS = frozenset({"trim", "upper", "lower", "json"})
_OWN_PORTS = frozenset({"template", "values", "extra"})
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Gap:
    """A placeholder: the name, and filters with their arguments in order."""

    name: str
    filters: tuple[tuple[str, str], ...]


class TemplateIn(Inputs):
    """`text.template`; `extra` holds the values by name, which win over those in `values`."""

    template: str = param(
        "", title="Template", help=FILTERS_HELP, max_length=MAX_TEMPLATE, multiline=True
    )
    values: Any = param(
        {}, title="Values", kind="json", help="An object with values for names that are not wired."
    )


class FillTemplate(Node[TemplateIn, TextOut]):
    """Fill the gaps of a template."""

    meta = Meta(
        type="text.template",
        title="Template",
        description="Fills {{ name }} in a text; each name becomes an input.",
        category="Text",
        keywords=("prompt", "format", "variables"),
    )

    @classmethod
    def ports_for(cls, params: Mapping[str, Any]) -> tuple[Port, ...]:
        """Return a port for each name in the template, in order."""
        names = names_in(params.get("template"))[:MAX_NAMES]
        return tuple(
            Port(name, "json", name, required=False, nullable=True)
            for name in names
            if name not in _OWN_PORTS
        )

    @classmethod
    def check(cls, params: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """Refuse a template that is too long or has too many names."""
        template = params.get("template")
        if isinstance(template, str) and _size(template) > MAX_TEMPLATE:
            return [("template", "out_of_range", f"The template is over {MAX_TEMPLATE} bytes.")]
        if len(names_in(template)) > MAX_NAMES:
            return [("template", "out_of_range", f"It has more than {MAX_NAMES} names.")]
        if not isinstance(params.get("values", {}), dict | None):
            return [("values", "wrong_kind", "Values must be an object.")]
        return []

    async def run(self, ctx: Context, args: TemplateIn) -> TextOut:
        """Return the filled template."""
        values = {} if args.values is None else args.values
        if not isinstance(values, dict):
            raise NodeFailed("invalid_value", "Values must be an object.")
        return TextOut(text=render(args.template, values | args.extra))


def names_in(template: object) -> list[str]:
    """Return the different names of a template in order; none for what is no template."""
    if not isinstance(template, str) or len(template) > MAX_TEMPLATE:
        return []
    gaps = (_gap(match.group(1)) for match in _BRACES.finditer(template))
    return list(dict.fromkeys(gap.name for gap in gaps if gap is not None))


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return the template with its gaps filled.

    Raises:
        NodeFailed: `invalid_value` for a name without value or default, `resource_limit` for a
            template or result that is too long.
    """
    if _size(template) > MAX_TEMPLATE:
        raise NodeFailed("resource_limit", f"The template is over {MAX_TEMPLATE} bytes.")
    parts: list[str] = []
    size, position = 0, 0
    for match in _BRACES.finditer(template):
        gap = _gap(match.group(1))
        filled = match.group(0) if gap is None else _filled(gap, values)
        parts += (template[position : match.start()], filled)
        position = match.end()
        size = _checked(size + _size(parts[-2]) + _size(filled))
    parts.append(template[position:])
    _checked(size + _size(parts[-1]))
    return "".join(parts)


def _gap(inside: str) -> Gap | None:
    """Read what stands between the braces; None when it means nothing."""
    name, *filters = (part.strip() for part in inside.split("|"))
    if _NAME.fullmatch(name) is None:
        return None
    read = [_filter(part) for part in filters]
    known = tuple(part for part in read if part is not None)
    return Gap(name, known) if len(known) == len(read) else None


def _filter(part: str) -> tuple[str, str] | None:
    name, colon, argument = (piece.strip() for piece in part.partition(":"))
    if name in _PLAIN_FILTERS and not colon:
        return name, ""
    if name == "truncate" and re.fullmatch(r"[0-9]{1,6}", argument):
        return name, argument
    if name == "default" and colon:
        return name, _unquoted(argument)
    return None


def _unquoted(argument: str) -> str:
    quoted = len(argument) > 1 and argument[0] == argument[-1] and argument[0] in "\"'"
    return argument[1:-1] if quoted else argument


def _filled(gap: Gap, values: Mapping[str, Any]) -> str:
    value = values.get(gap.name, _MISSING)
    for name, argument in gap.filters:
        value = _filtered(value, name, argument)
    if value is _MISSING:
        raise NodeFailed("invalid_value", f"The template has no value for {gap.name}.")
    return as_text(value)


def _filtered(value: Any, name: str, argument: str) -> Any:
    if name == "default":
        return argument if value is _MISSING or value is None else value
    if value is _MISSING:
        return value
    match name:
        case "trim":
            return as_text(value).strip()
        case "upper":
            return as_text(value).upper()
        case "lower":
            return as_text(value).lower()
        case "truncate":
            return as_text(value)[: int(argument)]
        case _:
            return json.dumps(value, ensure_ascii=False)


def as_text(value: Any) -> str:
    """Return a JSON value as people write it: null is empty, 3.0 is 3, lists and objects are JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _checked(size: int) -> int:
    if size > MAX_RENDERED:
        raise NodeFailed("resource_limit", f"The filled template is over {MAX_RENDERED} bytes.")
    return size


NODES = (FillTemplate,)
