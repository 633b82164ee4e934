"""What a process has under way: what stops a task, how long its node may take, and who looks."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Protocol

from executor.engine.codec import ABSENT
from executor.engine.segment import NodeOutcome
from executor.models import File
from executor.services.claims import Claim
from executor.services.results import TaskReport
from executor.types import NodeStatus, RunError
from workflows.catalogue.errors import NodeCancelled, NodeFailed
from workflows.graphs.resolved import ResolvedNode

# A node that looks at its context fails by itself when its time is up; one that is still there
# after this does not look, and is fenced off.
OVERDUE_S = 1.0
MANY = 500  # tasks; up to here the watch looks at all of their runs each time
TURNS = 3  # else at each run every third time


class LeaseBook(Protocol):
    """Who is told of the tasks whose leases are to be renewed."""

    def enter(self, task_id: str) -> None:
        """Renew this one's lease from now on."""
        ...

    def strike(self, task_id: str) -> None:
        """Renew it no longer."""
        ...


@dataclass(frozen=True, slots=True)
class _Stay:
    """A node that runs, until when by the monotonic clock, and how long that is."""

    node: ResolvedNode
    until: float
    limit_s: float


class Cancellation:
    """What the nodes of a task look at between their steps: is the run over, is my time up?"""

    def __init__(self) -> None:
        self._set = threading.Event()
        self._stay: _Stay | None = None
        self._hear: Callable[[], None] | None = None

    def set(self) -> None:
        """Tell the task to stop."""
        self._set.set()
        if self._hear is not None:
            self._hear()

    def when_set(self, hear: Callable[[], None]) -> None:
        """Have `hear` called by whoever tells the task to stop; at once, if that was before."""
        self._hear = hear
        if self._set.is_set():
            hear()

    def enter(self, node: ResolvedNode, limit_s: float | None) -> None:
        """Say that a node begins, which may take so long; None: as long as it likes."""
        until = time.monotonic() + limit_s if limit_s is not None else 0.0
        self._stay = None if limit_s is None else _Stay(node, until, limit_s)

    def leave(self) -> None:
        """Say that no node runs."""
        self._stay = None

    @property
    def is_timed(self) -> bool:
        """Say whether a node runs that has a limit of time."""
        return self._stay is not None

    def check(self) -> None:
        """Stop the node that asks.

        Raises:
            NodeCancelled: the run is over.
            NodeFailed: the node's time is up.
        """
        self.check_over()
        stay = self._stay
        if stay is not None and time.monotonic() > stay.until:
            raise NodeFailed("timed_out", _too_long(stay), retryable=True)

    def wait(self, seconds: float) -> None:
        """Wait for so long.

        Raises:
            NodeCancelled: the run is over, maybe before the time is.
        """
        self._set.wait(seconds)
        self.check_over()

    def check_over(self) -> None:
        """Stop the task that asks, between two runs of nodes.

        Raises:
            NodeCancelled: the run is over.
        """
        if self._set.is_set():
            raise NodeCancelled

    def overdue(self) -> tuple[ResolvedNode, RunError] | None:
        """Return the node that has not stopped although its time was up, and what to say of it."""
        stay = self._stay
        if stay is None or self._set.is_set() or time.monotonic() < stay.until + OVERDUE_S:
            return None
        return stay.node, RunError("timed_out", _too_long(stay), stay.node.id, retryable=True)


def _too_long(stay: _Stay) -> str:
    return f"The node took longer than {stay.limit_s:g} seconds."


class WatchedFile(FileIO):
    """A new file that stops whoever writes it when the run is over."""

    def __init__(self, path: Path, cancellation: Cancellation) -> None:
        super().__init__(path, "w")
        self._cancellation = cancellation

    def write(self, data: Any, /) -> int:
        """Write all of it.

        Raises:
            NodeCancelled: the run is over.
        """
        self._cancellation.check_over()
        return super().write(data) or 0


class FileKeeper(Protocol):
    """The workbench of a task, as far as it holds files."""

    def files(self) -> Sequence[File]:
        """Return the rows of files written since the last commit."""
        ...

    def settle(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Wait for the files of a node's outputs to be written."""
        ...


@dataclass(slots=True)
class RunningTask:
    """A task under way. `report` and `bench` are there once its nodes run."""

    claim: Claim
    execution_id: str
    cancellation: Cancellation
    report: TaskReport | None = None
    bench: FileKeeper | None = None

    def report_of_overdue(self, node: ResolvedNode, error: RunError) -> TaskReport | None:
        """Return what can be stored now: what is done, and a node that failed in the middle.

        The task's own thread still has its report, and loses or wins by the fence.
        """
        if self.report is None or self.bench is None:
            return None
        own, spec = self.report, self.claim.spec
        for outcome in own.outcomes:
            outcome.outputs = self.bench.settle(outcome.outputs)
        report = TaskReport(
            outcomes=list(own.outcomes),
            files=[*own.files, *self.bench.files()],
            statuses={**own.statuses, node.id: NodeStatus.FAILED},
            absent=dict(own.absent),
            lengths=dict(own.lengths),
            error=own.error or error,
            partial_commits=own.partial_commits,
        )
        failed = NodeOutcome(node.id, NodeStatus.FAILED, error=error)
        if spec.stop:
            holes = [ABSENT] * (spec.stop - spec.start)
            failed.outputs = {port: list(holes) for port in node.out_kinds}
        report.outcomes.append(failed)
        return report


class RunningTasks:
    """The tasks that this process runs right now; its watch stops those that are to stop."""

    def __init__(self) -> None:
        self._by_task: dict[str, RunningTask] = {}
        self.book: LeaseBook | None = None

    def add(self, claim: Claim, execution_id: str) -> RunningTask:
        """Enter a task."""
        running = RunningTask(claim, execution_id, Cancellation())
        self._by_task[claim.task_id] = running
        if self.book is not None:
            self.book.enter(claim.task_id)
        return running

    def remove(self, claim: Claim) -> None:
        """Strike a task out, unless this process has claimed it again since."""
        running = self._by_task.get(claim.task_id)
        if running is None or running.claim != claim:
            return
        del self._by_task[claim.task_id]
        if self.book is not None:
            self.book.strike(claim.task_id)

    def tasks(self) -> list[str]:
        """Return the tasks."""
        return list(self._by_task)

    def all(self) -> list[RunningTask]:
        """Return what runs now."""
        return list(self._by_task.values())

    def executions(self, turn: int = 0) -> set[str]:
        """Return the runs to look at in this turn of the watch.

        Those are all, or where they are thousands, so that each comes up once in `TURNS`.
        """
        tasks = self.all()
        if len(tasks) <= MANY:
            return {running.execution_id for running in tasks}
        at = turn % TURNS
        return {id_ for running in tasks if hash(id_ := running.execution_id) % TURNS == at}

    def timed(self) -> list[RunningTask]:
        """Return the tasks with a node that has a limit of time."""
        return [running for running in self.all() if running.cancellation.is_timed]

    def stop(self, claim: Claim) -> None:
        """Stop a task that is somebody else's by now."""
        running = self._by_task.get(claim.task_id)
        if running is not None and running.claim == claim:
            running.cancellation.set()

    def cancel(self, execution_ids: Iterable[str]) -> None:
        """Stop the tasks of these runs."""
        over = set(execution_ids)
        for running in self.all():
            if running.execution_id in over:
                running.cancellation.set()
