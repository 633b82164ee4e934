"""What a job asks for, how it stands and what it gave; and how it fails."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from common.errors import PixelFlowError


class LocalError(PixelFlowError):
    """A job cannot be done; `code` is one of API.md's codes of a failed node."""

    status: ClassVar[int] = 422
    code = "provider_error"
    default_detail = "The model could not do this."


class WrongOrder(LocalError):
    """What is asked for is not as it must be."""

    code = "invalid_value"


class ModelMissing(LocalError):
    """The weights are not here, or are of a kind that is not loaded."""

    code = "provider_unavailable"


class OutOfMemory(LocalError):
    """The accelerator has too little memory for this, even when nothing else is in it."""

    code = "resource_limit"
    default_detail = "This needs more memory than the accelerator has."


class Refused(LocalError):
    """The model's own checker found the result unfit."""

    code = "content_policy"
    default_detail = "The model's safety checker refused the result."


class Cancelled(LocalError):
    """Somebody ended the job."""


class JobState(StrEnum):
    """How a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OVER = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file that came with an order."""

    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is resident as one: a pipeline class, a model's weights, and what is loaded with them.

    `load` may have `base` (the repository of the pipeline, if `model` holds but a part of it),
    `part` and `class` (which), `parts` (others: `part`, `class`, `model`, `subfolder`), `without`
    (parts that are left out), `float32` (those that half precision harms), `scheduler`, `prior`
    (a pipeline that goes before), `ip_adapter` and `image_encoder`.
    """

    pipeline: str
    model: str
    load: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The same for equal recipes."""
        return json.dumps([self.pipeline, self.model, self.load], sort_keys=True)

    def repositories(self) -> list[str]:
        """Return whose weights it takes."""
        parts = [part["model"] for part in self.load.get("parts", ()) if "model" in part]
        others = [self.load[name] for name in ("base", "image_encoder") if name in self.load]
        return list(dict.fromkeys([self.model, *others, *parts]))


@dataclass(frozen=True, slots=True)
class Order:
    """What a job asks for. `kind` is what shall come of it, `duration` seconds of film."""

    reference: str
    recipe: Recipe
    operation: str
    kind: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Sequence[GivenFile]] = field(default_factory=dict)
    seed: int | None = None
    output_format: str = "png"
    duration: float | None = None
    fps: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A file that a pipeline gave."""

    kind: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result on disk until the job is forgotten."""

    kind: str
    content_type: str
    path: Path
    size: int


@dataclass(slots=True)
class Job:
    """A job. The worker's thread alone changes it, but for `is_unwanted`, which anybody sets."""

    order: Order
    state: JobState = JobState.QUEUED
    progress: float = 0.0
    preview: str | None = None
    seed: int | None = None
    gpu_seconds: float = 0.0
    results: tuple[StoredResult, ...] = ()
    error: LocalError | None = None
    is_unwanted: bool = False
    began_waiting: float = field(default_factory=time.monotonic)
    ended: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in OVER

    def as_json(self) -> dict[str, Any]:
        """Return the job as it is told."""
        error = self.error and {"code": self.error.code, "message": self.error.detail}
        return {
            "reference": self.order.reference,
            "state": self.state,
            "progress": round(self.progress, 4),
            "preview": self.preview,
            "seed": self.seed,
            "usage": {"gpu_seconds": round(self.gpu_seconds, 3)},
            "files": [
                {"kind": each.kind, "contentType": each.content_type, "bytes": each.size}
                for each in self.results
            ],
            "error": error,
        }
