"""The playground's plain form, for browsers without scripts: its fields, and what was sent in them.

A field for a file keeps the one that is there (an example's, or an earlier run's) in a hidden field
beside it, until another one is chosen.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from common import strict_json
from common.errors import InvalidInputs, Issue, MalformedRequest, UnsupportedMediaType
from executor.api import MediaRejected, take_stream
from templates_gallery.http.playground_inputs import MEDIA_KINDS, sent_file
from templates_gallery.selectors.facts import element_kind
from templates_gallery.selectors.playground import Subject

PREFIX = "in-"
KEPT = "kept-"
MAX_FILES = 10

_ACCEPT = {"image": "image/*", "mask": "image/*", "video": "video/*", "audio": "audio/*"}
_NUMBERS = {"number": float, "integer": int}


@dataclass(frozen=True, slots=True)
class PlainField:
    """One input as the template renders it. `files` are shown beside a file's field."""

    name: str
    title: str
    help: str
    widget: str
    required: bool
    value: str = ""
    choices: Sequence[str] = ()
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    step: str = "any"
    accept: str = ""
    is_list: bool = False
    files: Sequence[Mapping[str, Any]] = ()
    kept: str = ""
    error: str = ""

    @property
    def field_name(self) -> str:
        """The form's name of it."""
        return f"{PREFIX}{self.name}"

    @property
    def kept_name(self) -> str:
        """The form's name of the hidden field beside it."""
        return f"{KEPT}{self.name}"


@dataclass(frozen=True, slots=True)
class _About:
    """What the schema of a field does not say of it."""

    is_required: bool
    is_multiline: bool
    error: str


def plain_fields(
    subject: Subject, values: Mapping[str, Any], issues: Sequence[Issue] = ()
) -> list[PlainField]:
    """Return the fields of a subject with values in them, and beside each what is wrong with it."""
    errors = {_name_in(issue.path): issue.message for issue in reversed(issues)}
    required = subject.input_schema.get("required", ())
    return [
        _plain_field(
            name,
            schema,
            values.get(name),
            about=_About(name in required, name in subject.multiline, errors.get(name, "")),
        )
        for name, schema in subject.input_schema.get("properties", {}).items()
    ]


def read_form(
    request: HttpRequest, subject: Subject, *, workspace_id: str, with_files: bool = True
) -> dict[str, Any]:
    """Return the inputs that a form brought; files in it become files of the workspace.

    Without files those inputs are left out.

    Raises:
        InvalidInputs: with an issue for each field that cannot be read.
    """
    found: dict[str, Any] = {}
    issues: list[Issue] = []
    for name, schema in subject.input_schema.get("properties", {}).items():
        if not with_files and element_kind(str(schema.get("x-kind", ""))) in MEDIA_KINDS:
            continue
        try:
            value = _read_field(request, name, str(schema.get("x-kind", "")), schema, workspace_id)
        except (ValueError, MalformedRequest):
            issues.append(Issue(f"/inputs/{name}", "wrong_kind", _problem(schema)))
        except (MediaRejected, UnsupportedMediaType) as error:
            issues.append(Issue(f"/inputs/{name}", "undecodable", error.detail))
        else:
            found |= {} if value is None else {name: value}
    if issues:
        raise InvalidInputs(issues)
    return found


def shown_form(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    """Return what a form brought as its fields show it, for a form that comes back."""
    found: dict[str, Any] = {}
    for name, schema in subject.input_schema.get("properties", {}).items():
        kind = str(schema.get("x-kind", ""))
        if element_kind(kind) in MEDIA_KINDS:
            found[name] = _kept_or_none(request, name)
        elif kind == "boolean":
            found[name] = f"{PREFIX}{name}" in request.POST
        else:
            found[name] = request.POST.get(f"{PREFIX}{name}", "")
    return found


def _name_in(pointer: str) -> str:
    """Return the input that a pointer like `/inputs/photo/2` leads to; empty for another one."""
    parts = pointer.split("/")
    return parts[2] if len(parts) > 2 and parts[1] == "inputs" else ""


def _plain_field(
    name: str, schema: Mapping[str, Any], value: Any, *, about: "_About"
) -> PlainField:
    kind = str(schema.get("x-kind", ""))
    files = _files_of(value) if element_kind(kind) in MEDIA_KINDS else ()
    return PlainField(
        name=name,
        title=schema.get("title") or name,
        help=schema.get("description", ""),
        widget=_widget(kind, schema, is_multiline=about.is_multiline),
        required=about.is_required,
        value="" if files else _as_text(kind, value),
        choices=schema.get("enum", ()),
        minimum=schema.get("minimum"),
        maximum=schema.get("maximum"),
        max_length=schema.get("maxLength"),
        step="1" if kind == "integer" else "any",
        accept=_ACCEPT.get(element_kind(kind), ""),
        is_list=kind.startswith("list["),
        files=files,
        kept=json.dumps(value, ensure_ascii=False) if files else "",
        error=about.error,
    )


def _widget(kind: str, schema: Mapping[str, Any], *, is_multiline: bool) -> str:
    if element_kind(kind) in MEDIA_KINDS:
        return "file"
    if "enum" in schema:
        return "select"
    if kind in _NUMBERS:
        return "number"
    if kind == "boolean":
        return "checkbox"
    return "text" if kind == "text" and not is_multiline else "textarea"


def _files_of(value: Any) -> Sequence[Mapping[str, Any]]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, Mapping)]


def _as_text(kind: str, value: Any) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, str):
        return value
    if kind == "list[text]" and isinstance(value, list):
        return "\n".join(str(item) for item in value)
    return json.dumps(value, ensure_ascii=False)


def _read_field(
    request: HttpRequest, name: str, kind: str, schema: Mapping[str, Any], workspace_id: str
) -> Any:
    if element_kind(kind) in MEDIA_KINDS:
        return _read_files(request, name, kind, workspace_id)
    text = request.POST.get(f"{PREFIX}{name}", "").replace("\r\n", "\n")
    if kind == "boolean":
        return bool(text)
    if not text.strip():
        return None
    if kind in _NUMBERS:
        return _NUMBERS[kind](text.strip().replace(",", "."))
    if kind == "text" or "enum" in schema:
        return text
    if kind == "list[text]":
        return [line for line in text.split("\n") if line.strip()]
    return strict_json.parse(text.encode())


def _read_files(request: HttpRequest, name: str, kind: str, workspace_id: str) -> Any:
    sent = request.FILES.getlist(f"{PREFIX}{name}")[:MAX_FILES]
    if not sent:
        return sent_file(_kept(request, name))
    ids = [{"fileId": take_stream(workspace_id=workspace_id, stream=file).id} for file in sent]
    return ids if kind.startswith("list[") else ids[0]


def _kept(request: HttpRequest, name: str) -> Any:
    text = request.POST.get(f"{KEPT}{name}", "")
    return strict_json.parse(text.encode()) if text else None


def _kept_or_none(request: HttpRequest, name: str) -> Any:
    try:
        return _kept(request, name)
    except MalformedRequest:
        return None


def _problem(schema: Mapping[str, Any]) -> str:
    kind = str(schema.get("x-kind", ""))
    if kind in _NUMBERS:
        return "Write a whole number." if kind == "integer" else "Write a number."
    return 'Write JSON, such as ["a", "b"].'
