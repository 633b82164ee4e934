"""Words and frozen records that cross the executor's layers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal


class ExecutionStatus(StrEnum):
    """Where a run stands, in the words of the API. The last three are final and never change."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Say whether nothing can change any more."""
        return self in FINAL_STATUSES


FINAL_STATUSES = frozenset(
    {ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED}
)
OPEN_STATUSES = frozenset(ExecutionStatus) - FINAL_STATUSES


class NodeStatus(StrEnum):
    """Where a node of a run stands, in the words of the API."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"


class TaskState(StrEnum):
    """Where a task stands. `ready` and `running` are live, the others are history."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    DROPPED = "dropped"


class Trigger(StrEnum):
    """What started a run."""

    API = "api"
    WEBHOOK = "webhook"
    PLAYGROUND = "playground"
    BATCH = "batch"
    MCP = "mcp"


DRAFT = "draft"  # the version of a run of a draft, which has no number


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a node, and with it a run, failed."""

    code: str
    message: str
    node_id: str | None = None
    retryable: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the `error` member of the API."""
        return {
            "code": self.code,
            "message": self.message,
            "nodeId": self.node_id,
            "retryable": self.retryable,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "RunError":
        """Read an error that `as_json` wrote."""
        return cls(value["code"], value["message"], value["nodeId"], value["retryable"])


@dataclass(frozen=True, slots=True)
class ExecutionRequest:
    """What a caller asks for in an execute call, already typed."""

    workspace_id: str
    workflow_id: str
    version: int | Literal["draft"] | None
    inputs: Mapping[str, Any]
    mode: str
    trigger: Trigger
    callback_url: str | None = None
    max_credits: int | None = None
    cache: str = "use"
    keep: str = "all"
    metadata: Mapping[str, Any] | None = None
    key_id: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A run that is stored and will reach a final state."""

    execution_id: str
    workflow_id: str
    version: int | None
    estimated_credits: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file as the API shows it."""

    id: str
    workspace_id: str
    kind: str
    content_type: str
    bytes: int
    sha256: str
    width: int | None
    height: int | None
    duration_s: float | None
    created_at: datetime
