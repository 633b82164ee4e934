"""What a graph takes and gives: its input and output nodes as fields, JSON Schema, and checks."""

from collections.abc import Callable, Mapping
from typing import Any

from common.errors import Issue
from workflows.catalogue.ports import element_of, fits, is_list, is_media
from workflows.catalogue.values import Media
from workflows.graphs.document import escape
from workflows.graphs.fields import InputField, Interface, OutputField
from workflows.graphs.resolved import ResolvedGraph, ResolvedNode

DRAFT = "https://json-schema.org/draft/2020-12/schema"
MAX_TEXT = 128 * 1024
MAX_LIST = 1_000


def interface_of(graph: ResolvedGraph) -> Interface:
    """Read the interface off a resolved graph."""
    return Interface(
        tuple(_input_field(node) for node in graph.of_role("input")),
        tuple(_output_field(node, graph) for node in graph.of_role("output")),
    )


def input_schema(interface: Interface) -> dict[str, Any]:
    """Return the JSON Schema of the `inputs` object of an execute call."""
    return {
        "$schema": DRAFT,
        "type": "object",
        "properties": {field.name: _field_schema(field) for field in interface.inputs},
        "required": [field.name for field in interface.inputs if field.must_be_given],
        "additionalProperties": False,
    }


def output_schema(interface: Interface) -> dict[str, Any]:
    """Return the JSON Schema of the `outputs` object of a finished run."""
    properties = {
        field.name: {"title": field.title, "x-kind": field.kind, **_given_schema(field.kind)}
        for field in interface.outputs
    }
    return {"$schema": DRAFT, "type": "object", "properties": properties}


def check_inputs(
    interface: Interface, given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Issue]]:
    """Check the inputs of a run by shape and bounds; media are looked up by the caller.

    Returns the value of every input by name (defaults filled in, null for one left out) and what
    is wrong, with pointers into the request body.
    """
    fields = {field.name: field for field in interface.inputs}
    issues = [
        Issue(f"/inputs/{escape(name)}", "unknown_input", f"There is no input {name}.")
        for name in given
        if name not in fields
    ]
    values = {}
    for name, field in fields.items():
        value = given.get(name)
        if value is None:
            value = field.default
        if value is None:
            if field.required:
                issues.append(Issue(f"/inputs/{escape(name)}", "missing", f"{name} is required."))
        else:
            issues.extend(_problems_with(field, field.kind, value, f"/inputs/{escape(name)}"))
        values[name] = value
    return values, issues


def check_value(field: InputField, value: Any) -> Issue | None:
    """Return what is wrong with a value that comes from another node, files in it as handles.

    The path is a JSON pointer that begins with the field's name.
    """
    at = escape(field.name)
    return next(iter(_problems_with(field, field.kind, value, at, media=_handle_problem)), None)


def check_fields(interface: Interface) -> list[Issue]:
    """Return what is wrong with the inputs as they are declared: bounds and defaults.

    A default that the input itself would refuse would fail every call that relies on it.
    """
    issues: list[Issue] = []
    for field in interface.inputs:
        at = f"nodes/{field.node_id}/params"
        if _is_empty_range(field):
            message = "The maximum is below the minimum."
            issues.append(Issue(f"{at}/maximum", "out_of_range", message))
        if field.default is not None:
            found = _problems_with(field, field.kind, field.default, "")[:1]
            issues.extend(Issue(f"{at}/default", item.code, item.message) for item in found)
    return issues


def _is_empty_range(field: InputField) -> bool:
    return field.minimum is not None and field.maximum is not None and field.minimum > field.maximum


def _input_field(node: ResolvedNode) -> InputField:
    params = node.params
    kind = node.out_kinds["value"]
    return InputField(
        name=_text(params.get("name")),
        node_id=node.id,
        kind=kind,
        title=_text(params.get("label")) or node.label or _text(params.get("name")),
        help=_text(params.get("help")),
        required=params.get("required") is not False,
        default=params.get("default"),
        choices=_texts(params.get("choices")),
        minimum=_number(params.get("minimum")),
        maximum=_number(params.get("maximum")),
        max_length=_length(params.get("maxLength")),
    )


def _text(value: object) -> str:
    """A draft may hold anything where a text belongs; it is shown as none."""
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else []
    return tuple(item for item in items if isinstance(item, str))


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return None


def _length(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    return None


def _output_field(node: ResolvedNode, graph: ResolvedGraph) -> OutputField:
    name = _text(node.params.get("name"))
    title = _text(node.params.get("label")) or node.label or name
    kind, nullable = _what_reaches(node, graph)
    return OutputField(name, node.id, kind, title, nullable)


def _what_reaches(node: ResolvedNode, graph: ResolvedGraph) -> tuple[str, bool]:
    """Return the kind that reaches an output node, and whether null could."""
    for binding in node.bindings:
        port = binding.sources[0].port
        source = graph.by_id.get(binding.sources[0].node)
        if source is not None:
            return source.wire_kind(port), port in source.nullable
    return "any", False


def _field_schema(field: InputField) -> dict[str, Any]:
    schema: dict[str, Any] = {"title": field.title, "x-kind": field.kind}
    schema |= _taken_schema(field.kind)
    optional = {
        "description": field.help or None,
        "minimum": field.minimum,
        "maximum": field.maximum,
        "maxLength": field.max_length,
        "enum": list(field.choices) or None,
        "default": field.default,
    }
    return schema | {key: value for key, value in optional.items() if value is not None}


_PLAIN_SCHEMAS: Mapping[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
}

_MEDIA_TAKEN: dict[str, Any] = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"fileId": {"type": "string"}},
            "required": ["fileId"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"url": {"type": "string", "format": "uri"}},
            "required": ["url"],
            "additionalProperties": False,
        },
        {"type": "string", "pattern": "^data:"},
    ]
}


def _taken_schema(kind: str) -> dict[str, Any]:
    if is_list(kind):
        return {"type": "array", "items": _taken_schema(element_of(kind)), "maxItems": MAX_LIST}
    return _MEDIA_TAKEN if is_media(kind) else _PLAIN_SCHEMAS.get(kind, {})


def _given_schema(kind: str) -> dict[str, Any]:
    if is_list(kind):
        return {"type": "array", "items": _given_schema(element_of(kind))}
    if is_media(kind):
        names = ("kind", "fileId", "url", "contentType")
        return {
            "type": "object",
            "properties": {name: {"type": "string"} for name in names}
            | {name: {"type": "integer"} for name in ("width", "height", "bytes")},
            "required": [*names, "bytes"],
        }
    return _PLAIN_SCHEMAS.get(kind, {})


MediaCheck = Callable[[str, Any], tuple[str, str] | None]


def _media_problem(kind: str, value: Any) -> tuple[str, str] | None:  # noqa: ARG001 - MediaCheck
    if isinstance(value, str) and value.startswith("data:"):
        return None
    if isinstance(value, dict) and len(value) == 1:
        (name, text), *_ = value.items()
        if name in ("fileId", "url") and isinstance(text, str):
            return None
    message = 'Give {"fileId": "file_…"}, {"url": "https://…"} or a data: URI.'
    return "wrong_kind", message


def _handle_problem(kind: str, value: Any) -> tuple[str, str] | None:
    if isinstance(value, Media) and fits(value.kind, kind):
        return None
    return "wrong_kind", f"This is no file of kind {kind}."


def _problems_with(
    field: InputField, kind: str, value: Any, at: str, *, media: MediaCheck = _media_problem
) -> list[Issue]:
    if is_list(kind):
        return _problems_with_list(field, kind, value, at, media)
    problem = media(kind, value) if is_media(kind) else _plain_problem(field, kind, value)
    return [Issue(at, *problem)] if problem else []


def _problems_with_list(
    field: InputField, kind: str, value: Any, at: str, media: MediaCheck
) -> list[Issue]:
    if not isinstance(value, list):
        return [Issue(at, "wrong_kind", f"{field.name} must be a list.")]
    if len(value) > MAX_LIST:
        return [Issue(at, "out_of_range", f"A list has at most {MAX_LIST} elements.")]
    issues: list[Issue] = []
    for index, item in enumerate(value):
        found = _problems_with(field, element_of(kind), item, f"{at}/{index}", media=media)
        issues.extend(found)
    return issues


def _plain_problem(field: InputField, kind: str, value: Any) -> tuple[str, str] | None:
    if not _is_plain(kind, value):
        return "wrong_kind", f"{field.name} must be of kind {kind}."
    if isinstance(value, str):
        return _text_problem(field, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number_problem(field, value)
    return None


def _is_plain(kind: str, value: Any) -> bool:
    match kind:
        case "text":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return True


def _text_problem(field: InputField, value: str) -> tuple[str, str] | None:
    if field.choices and value not in field.choices:
        return "not_allowed", f"{field.name} must be one of {', '.join(field.choices)}."
    if len(value) > (field.max_length or MAX_TEXT):
        return "out_of_range", f"{field.name} is longer than {field.max_length or MAX_TEXT}."
    return None


def _number_problem(field: InputField, value: float) -> tuple[str, str] | None:
    if field.minimum is not None and value < field.minimum:
        return "out_of_range", f"{field.name} must be at least {field.minimum:g}."
    if field.maximum is not None and value > field.maximum:
        return "out_of_range", f"{field.name} must be at most {field.maximum:g}."
    return None
