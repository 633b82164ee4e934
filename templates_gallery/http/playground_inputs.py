"""Inputs on their way into a playground: out of an address, or as an example has them."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from common import strict_json
from common.errors import Gone, MalformedRequest, NotFound
from executor.api import get_file_ref, media_url
from templates_gallery.http.playground_boot import shown_media, shown_values
from templates_gallery.selectors.facts import element_kind
from templates_gallery.selectors.playground import Subject
from templates_gallery.types import ExampleMedia
from workflows.api import check_inputs

PARAMETER = "in"
MAX_CHARACTERS = 4_000
MEDIA_KINDS = frozenset({"image", "mask", "video", "audio", "model3d"})


def read_link(text: str, subject: Subject, *, workspace_id: str) -> dict[str, Any] | None:
    """Return the inputs that an address carries: base64url of JSON, or JSON.

    Whatever does not fit is left out, for a link is nobody's to correct. Files come as they are
    shown: those of the template's examples, and of the workspace that the page is about.
    """
    given = _decoded(text)
    if given is None:
        return None
    files = media_inputs(subject)
    values = {
        name: _file(value, subject, workspace_id) if name in files else value
        for name, value in given.items()
    }
    there = {name: value for name, value in values.items() if value is not None}
    checked = {name: _as_link(value) if name in files else value for name, value in there.items()}
    _, issues = check_inputs(subject.interface, checked)
    wrong = {issue.path.split("/")[2] for issue in issues}
    return {name: value for name, value in there.items() if name not in wrong} or None


def write_link(values: Mapping[str, Any]) -> str:
    """Return inputs as an address carries them; empty for what is too long."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    packed = base64.urlsafe_b64encode(text.encode()).decode("ascii").rstrip("=")
    return packed if len(packed) <= MAX_CHARACTERS else ""


def media_inputs(subject: Subject) -> frozenset[str]:
    """Return the names of the inputs that take files."""
    fields = subject.interface.inputs
    return frozenset(field.name for field in fields if element_kind(field.kind) in MEDIA_KINDS)


def first_values(subject: Subject) -> dict[str, Any]:
    """Return what a form begins with: the first example over the defaults."""
    properties = subject.input_schema.get("properties", {})
    found = {name: schema["default"] for name, schema in properties.items() if "default" in schema}
    example = shown_values(subject.examples[0].inputs) if subject.examples else {}
    return {**found, **example}


def asset_of(subject: Subject, name: object) -> ExampleMedia | None:
    """Return a file that the inputs of the examples name."""
    values = (value for example in subject.examples for value in example.inputs)
    files = (media for value in values for media in value.media)
    return next((media for media in files if media.asset == name), None)


def sent_file(value: Any) -> Any:
    """Return a file as it is sent: of what is shown of it only what names it."""
    if isinstance(value, list):
        return [sent_file(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return next(({key: value[key]} for key in ("asset", "fileId", "url") if key in value), None)


def _decoded(text: str) -> Mapping[str, Any] | None:
    if not text or len(text) > MAX_CHARACTERS:
        return None
    try:
        value = strict_json.parse(text.encode() if text.startswith("{") else _unpacked(text))
    except (MalformedRequest, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _file(value: Any, subject: Subject, workspace_id: str) -> Any:
    """Return a file of an address as it is shown; None for one that is not to be had."""
    if isinstance(value, list):
        items = [_file(item, subject, workspace_id) for item in value]
        return None if None in items else items
    if not isinstance(value, dict) or len(value) != 1:
        return None  # bytes have no place in an address either
    ((name, told),) = value.items()
    if name == "asset":
        media = asset_of(subject, told)
        return shown_media(media) if media else None
    if name == "fileId":
        return _own_file(workspace_id, str(told))
    return value if name == "url" and str(told).startswith(("https://", "http://")) else None


def _own_file(workspace_id: str, file_id: str) -> dict[str, Any] | None:
    try:
        file = get_file_ref(workspace_id, file_id)
    except (NotFound, Gone):
        return None
    return {"fileId": file.id, "url": media_url(file.id), "kind": file.kind}


def _as_link(value: Any) -> Any:
    """Return a file as a link, for a check of its form alone."""
    return [_as_link(item) for item in value] if isinstance(value, list) else {"url": "https://"}
