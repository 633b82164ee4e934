"""A run as a page shows it without scripts: its outputs, its steps, what it cost."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from executor.api import ExecutionStatus
from templates_gallery.selectors.facts import element_kind
from templates_gallery.selectors.playground import Subject

MAX_TEXT = 100_000  # characters of a value that a page shows
MEDIA = frozenset({"image", "mask", "video", "audio", "model3d"})


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file with the address that shows it, and the player that it needs."""

    url: str
    kind: str
    width: int | None = None
    height: int | None = None

    @property
    def player(self) -> str:
        """How it is put on the page."""
        return {"mask": "image"}.get(self.kind, self.kind)


@dataclass(frozen=True, slots=True)
class ShownValue:
    """An input or output by its title: files, or a text."""

    name: str
    title: str
    files: Sequence[ShownFile] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A node of a run; `took_ms` is None before it has ended."""

    label: str
    status: str
    credits: int
    cached: bool
    took_ms: int | None
    error: str


@dataclass(frozen=True, slots=True)
class Result:
    """A run of the page's subject."""

    id: str
    status: str
    is_final: bool
    is_test: bool
    percent: int
    charged: int
    estimated: int
    took_ms: int | None
    error: str
    outputs: Sequence[ShownValue]
    steps: Sequence[ShownStep]


def result_of(run: Mapping[str, Any], subject: Subject) -> Result:
    """Return the poll answer of a run as the page shows it."""
    titles = {
        name: str(schema.get("title") or name)
        for name, schema in subject.output_schema.get("properties", {}).items()
    }
    return Result(
        id=run["executionId"],
        status=run["status"],
        is_final=ExecutionStatus(run["status"]).is_final,
        is_test=run["mode"] == "test",
        percent=round(run["progress"] * 100),
        charged=run["credits"]["charged"],
        estimated=run["credits"]["estimated"],
        took_ms=_took(run["startedAt"], run["finishedAt"]),
        error=run["error"]["message"] if run["error"] else "",
        outputs=[
            shown_value(name, titles.get(name, name), value)
            for name, value in run["outputs"].items()
        ],
        steps=[_step(node) for node in run["nodes"] if not _is_edge(node["type"])],
    )


def shown_value(name: str, title: str, value: Any) -> ShownValue:
    """Return a value of a run, as the API shows it, for a page."""
    items = value if isinstance(value, list) else [value]
    files = [_file(item) for item in items if _is_file(item)]
    if files:
        return ShownValue(name, title, files)
    return ShownValue(name, title, text=as_text(value))


def as_text(value: Any) -> str:
    """Return a value in words: a text as it is, anything else as JSON; of a long one its beginning."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]}…\n\n(The first {MAX_TEXT:,} of {len(text):,} characters.)"


def _is_file(value: object) -> bool:
    return isinstance(value, Mapping) and "url" in value and value.get("kind") in MEDIA


def _file(value: Mapping[str, Any]) -> ShownFile:
    return ShownFile(
        value["url"], element_kind(value["kind"]), value.get("width"), value.get("height")
    )


def _step(node: Mapping[str, Any]) -> ShownStep:
    return ShownStep(
        label=node["label"] or node["nodeId"],
        status=node["status"],
        credits=node["credits"],
        cached=node["cached"],
        took_ms=_took(node["startedAt"], node["finishedAt"]),
        error=node["error"]["message"] if node["error"] else "",
    )


def _is_edge(node_type: str) -> bool:
    return node_type == "output" or node_type.startswith("input.")


def _took(started_at: str | None, finished_at: str | None) -> int | None:
    if started_at is None or finished_at is None:
        return None
    took = datetime.fromisoformat(finished_at) - datetime.fromisoformat(started_at)
    return round(took.total_seconds() * 1_000)
