"""Where a run stands, as one small value that is stored with the execution."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from executor.types import ExecutionStatus, NodeStatus, RunError
from workflows.graphs.shapes import Shape

_E = ExecutionStatus

# Every legal move of an execution; what is not here is refused wherever a status is written.
LEGAL_MOVES: Mapping[ExecutionStatus, frozenset[ExecutionStatus]] = {
    _E.QUEUED: frozenset({_E.RUNNING, _E.COMPLETED, _E.FAILED, _E.CANCELLED}),
    _E.RUNNING: frozenset({_E.PAUSED, _E.COMPLETED, _E.FAILED, _E.CANCELLED}),
    _E.PAUSED: frozenset({_E.RUNNING, _E.FAILED, _E.CANCELLED}),
    _E.COMPLETED: frozenset(),
    _E.FAILED: frozenset(),
    _E.CANCELLED: frozenset(),
}


def sources_of(target: ExecutionStatus) -> list[ExecutionStatus]:
    """Return the statuses from which a run may move to `target`."""
    return [status for status, targets in LEGAL_MOVES.items() if target in targets]


@dataclass
class RunState:
    """The state of one run; `step` moves it, nothing else does.

    `statuses`: final status of each node that has one. `absent`: outputs that a completed node did
    not give (the branch not taken; of a mapped node, by none of its elements). `lengths`: the shape
    of a list that is mapped over, by `node.port`. `inner`: of a mapped node under way whose outputs
    are such lists, the shape of each element's. `open`: tasks still to finish, by segment that has
    started. `done`: finished segments. `cut_short`: segments some of whose tasks never started.
    `error`: the first failure, after which nothing new starts.
    """

    statuses: dict[str, str] = field(default_factory=dict)
    absent: dict[str, list[str]] = field(default_factory=dict)
    lengths: dict[str, Shape] = field(default_factory=dict)
    inner: dict[str, list[Shape]] = field(default_factory=dict)
    open: dict[int, int] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    cut_short: set[int] = field(default_factory=set)
    error: RunError | None = None

    def is_absent(self, node: str, port: str) -> bool:
        """Say whether an output gives nothing: its node was skipped, or chose another branch."""
        return self.statuses.get(node) == NodeStatus.SKIPPED or port in self.absent.get(node, ())

    def as_json(self) -> dict[str, Any]:
        """Return the state as JSON."""
        return {
            "statuses": self.statuses,
            "absent": self.absent,
            "lengths": self.lengths,
            "inner": self.inner,
            "open": {str(index): count for index, count in self.open.items()},
            "done": sorted(self.done),
            "cut_short": sorted(self.cut_short),
            "error": self.error.as_json() if self.error else None,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "RunState":
        """Read a state that `as_json` wrote."""
        error = value.get("error")
        return cls(
            statuses=dict(value["statuses"]),
            absent=dict(value["absent"]),
            lengths=dict(value["lengths"]),
            inner={place: list(shapes) for place, shapes in value.get("inner", {}).items()},
            open={int(index): count for index, count in value["open"].items()},
            done=set(value["done"]),
            cut_short=set(value.get("cut_short", ())),
            error=RunError.from_json(error) if error else None,
        )
