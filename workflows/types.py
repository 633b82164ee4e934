"""Frozen values that `workflows` gives out instead of rows."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, Literal

VersionChoice = int | Literal["draft"] | None


@dataclass(frozen=True, slots=True)
class WorkflowSummary:
    """A workflow without its graph, as lists show it; `published_number` is None before publish."""

    id: str
    workspace_id: str
    name: str
    description: str
    revision: int
    problems: list[dict[str, str]]
    callback_url: str | None
    published_number: int | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class WorkflowRef(WorkflowSummary):
    """A workflow with its draft, the graph document as it was given."""

    graph: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VersionRef:
    """A version that can run; `number` is None for a snapshot of a draft.

    `callback_url` is the workflow's at the moment of the look-up. A part of a version (running to
    a node) has that version's number; `unused_inputs` are the inputs that the whole has beside its
    own.
    """

    id: str
    workflow_id: str
    workspace_id: str
    number: int | None
    callback_url: str | None
    created_at: datetime
    published_by: str
    unused_inputs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class VersionDocument:
    """A published version with its graph and the JSON Schemas of its inputs and outputs."""

    ref: VersionRef
    graph: Mapping[str, Any]
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Schemas:
    """JSON Schemas (2020-12) of what a graph takes and gives."""

    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DraftView:
    """What a draft looks like today: the problems it has, and its interface as far as it stands."""

    problems: list[dict[str, str]]
    schemas: Schemas


class Unchanged(Enum):
    """The mark of a graph that is not given; None will not do, being JSON's null."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True)
class WorkflowChanges:
    """What to change in a draft. None leaves a text as it is; an empty `callback_url` clears it."""

    name: str | None = None
    description: str | None = None
    callback_url: str | None = None
    graph: object = UNCHANGED


def fold(text: str) -> str:
    """Return a text in the form in which search compares: NFC, without case."""
    return unicodedata.normalize("NFC", text).casefold()
