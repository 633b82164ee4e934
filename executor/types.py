"""Words and frozen records that cross the executor's layers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Literal

from common.clock import rfc3339


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
    """Where a task stands. `done` and `dropped` are history, the others are live.

    `held` waits for a place among its workspace's "running at once", `waiting` for another run, a
    person, or an hour.
    """

    HELD = "held"
    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    DROPPED = "dropped"


LIVE_TASKS = (TaskState.HELD, TaskState.READY, TaskState.RUNNING, TaskState.WAITING)


class Priority(IntEnum):
    """Who goes first among equals; the lowest number does. Load is shed from the other end."""

    PLAYGROUND = 0
    API = 1
    BATCH = 2


class AttemptState(StrEnum):
    """Where a try at a provider stands.

    `intent`: written down, perhaps sent. `submitted`: the provider's handle is known. `fetching`:
    it is done there, and its results are being taken over. `unknown`: nobody can say whether the
    provider works for us, and nothing is sent again.
    """

    INTENT = "intent"
    SUBMITTED = "submitted"
    FETCHING = "fetching"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


# Every legal move of an attempt; what is not here is refused wherever a state is written.
ATTEMPT_MOVES: Mapping[AttemptState, frozenset[AttemptState]] = {
    AttemptState.INTENT: frozenset(
        {
            AttemptState.SUBMITTED,
            AttemptState.FETCHING,  # it was done at once
            AttemptState.DONE,  # the same, and its files came along
            AttemptState.FAILED,
            AttemptState.CANCELLED,
            AttemptState.UNKNOWN,
        }
    ),
    AttemptState.SUBMITTED: frozenset(
        {
            AttemptState.FETCHING,
            AttemptState.DONE,
            AttemptState.FAILED,
            AttemptState.CANCELLED,
        }
    ),
    AttemptState.FETCHING: frozenset(
        {AttemptState.DONE, AttemptState.FAILED, AttemptState.CANCELLED}
    ),
    AttemptState.DONE: frozenset(),
    AttemptState.FAILED: frozenset(),
    AttemptState.CANCELLED: frozenset(),
    AttemptState.UNKNOWN: frozenset(),
}
OPEN_ATTEMPTS = (AttemptState.INTENT, AttemptState.SUBMITTED, AttemptState.FETCHING)


class ReviewState(StrEnum):
    """Where a question to a person stands."""

    OPEN = "open"
    DECIDED = "decided"
    EXPIRED = "expired"
    DROPPED = "dropped"


class Trigger(StrEnum):
    """What started a run."""

    API = "api"
    WEBHOOK = "webhook"
    PLAYGROUND = "playground"
    BATCH = "batch"
    MCP = "mcp"

    @property
    def priority(self) -> Priority:
        """Whose turn it is among runs of one workspace."""
        return _PRIORITIES.get(self, Priority.API)


_PRIORITIES = {Trigger.PLAYGROUND: Priority.PLAYGROUND, Trigger.BATCH: Priority.BATCH}


DRAFT = "draft"  # the version of a run of a draft, which has no number


# Why a node, and with it a run, may fail: every code that is ours, with what it means. Nodes of an
# installation's own may have others.
FAILURES: Mapping[str, str] = {
    "input_fetch_blocked": "The URL of an input leads where the server does not go",
    "input_fetch_failed": "The URL of an input could not be fetched",
    "undecodable": "A file is not what it says, or is broken",
    "invalid_value": "A value is not one that the node can work with",
    "resource_limit": "A node needs or gives more than is allowed",
    "timed_out": "A node, a person or the whole run took too long",
    "content_policy": "A provider refused the content",
    "provider_error": "A provider failed",
    "provider_unavailable": "A provider cannot be reached, or does not serve us",
    "provider_rate_limited": "A provider had no capacity for this",
    "provider_outcome_unknown": "Nobody knows whether a provider has done this; it is not asked again",
    "missing_credentials": "A key for the provider is missing",
    "review_rejected": "A person said no",
    "internal": "Something broke here",
}


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a node, and with it a run, failed: `code` is one of `FAILURES`."""

    code: str
    message: str
    node_id: str | None = None
    retryable: bool = False
    provider: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the `error` member of the API; `provider` is there only where one had a part."""
        shown = {
            "code": self.code,
            "message": self.message,
            "nodeId": self.node_id,
            "retryable": self.retryable,
        }
        return shown if self.provider is None else {**shown, "provider": self.provider}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "RunError":
        """Read an error that `as_json` wrote."""
        return cls(
            value["code"],
            value["message"],
            value["nodeId"],
            value["retryable"],
            value.get("provider"),
        )


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for a run: `actor` as the ledger writes it, and the key, if it is one.

    `key_cap` are the credits that the key may spend in a month, None without a cap.
    """

    actor: str = "system"
    key_id: str | None = None
    key_cap: int | None = None


SYSTEM_CALLER = Caller()


@dataclass(frozen=True, slots=True)
class ExecutionRequest:
    """What a caller asks for in an execute call, already typed.

    With `to_node`, this node alone is run, and what it needs; all that it gives is kept then.
    """

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
    caller: Caller = SYSTEM_CALLER
    to_node: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A run that is stored and will reach a final state."""

    execution_id: str
    workflow_id: str
    version: int | None
    estimated_credits: int
    created_at: datetime

    def as_json(self, *, poll_url: str) -> dict[str, Any]:
        """Return the answer to whoever asked for the run."""
        return {
            "executionId": self.execution_id,
            "status": ExecutionStatus.QUEUED,
            "workflowId": self.workflow_id,
            "version": self.version or DRAFT,
            "estimatedCredits": self.estimated_credits,
            "pollUrl": poll_url,
            "createdAt": rfc3339(self.created_at),
        }


@dataclass(frozen=True, slots=True)
class ReviewRef:
    """A question to a person; `shown` is it as the API shows it."""

    id: str
    workspace_id: str
    shown: Mapping[str, Any]


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
