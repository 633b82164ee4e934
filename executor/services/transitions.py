"""Carrying out what the engine decided, inside the caller's transaction and the row's lock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from common.clock import rfc3339
from common.http.rendering import render_json
from common.ids import new_id
from common.sql import SharedNow, insert_rows, select_row, update_rows
from executor import conf, dispatch
from executor.engine.payload import NodeRecord
from executor.engine.plan import Plan
from executor.engine.state import RunState, sources_of
from executor.engine.step import Step, TaskSpec, drop_tasks
from executor.models import Execution, ExecutionEvent, NodeResults, Task
from executor.selectors.records import presenter_of, records_of, run_record
from executor.services.places import leave_place, take_place
from executor.services.timing import lease_end
from executor.types import ExecutionStatus, NodeStatus, TaskState

FETCH_SEGMENT = -1


@dataclass
class Transition:
    """One change of a run: what is written together, and the events that tell of it.

    `records` are of nodes that ended in this transaction, for the `part`-th row of the task at
    `segment` and `start`; `is_whole` says that no others exist, which spares a query when the run
    ends in one go. `is_new` says that the run is being stored, and needs a place if it gets tasks.
    `has_place` says that it has one, to be left when it ends.
    """

    execution: Execution
    plan: Plan
    state: RunState
    now: datetime
    segment: int = -1
    start: int = 0
    part: int = 0
    records: list[NodeRecord] = field(default_factory=list)
    is_whole: bool = False
    is_new: bool = False
    has_place: bool = True
    events: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.presenter = presenter_of(self.plan, self.state)

    def apply(self, step: Step, *, claim_for: str = "") -> Task | None:
        """Carry out a step; with `claim_for` the first new `runs` task is claimed at once.

        Returns the claimed task. The others are rung on commit.
        """
        self._add_ended(step)
        if self.state.error is not None and step.final is None:
            self._drop_waiting(step)
        if step.final is not None:
            self._finish(step.final)
            return None
        return self._create_tasks(step.ready, claim_for)

    def write(self) -> None:
        """Write results, events and the execution row, and announce the news on commit."""
        if self.records:
            items = [record.as_json() for record in self.records]
            insert_rows([self._results(items)])
        if not self.execution.status_is_final:
            self.changed["state"] = self.state.as_json()
        self._append_events()
        update_rows(Execution, self.changed, {"pk": self.execution.id})
        if self.has_place and self.execution.status_is_final:
            leave_place(self.execution, self.now)  # last, for whoever waits for a place waits here
        dispatch.announce_on_commit(self.execution.id)

    def tell_node(self, node_id: str, records: Sequence[NodeRecord], status: str) -> None:
        """Add a `node` event."""
        data = self.presenter.node(self.plan.node(node_id), records, status)
        self.events.append({"type": "node", "data": data})

    def finish(self, status: ExecutionStatus, error: dict[str, Any] | None) -> None:
        """Give the run its final status."""
        if ExecutionStatus(self.execution.status) not in sources_of(status):
            raise ValueError(f"{self.execution.status} cannot become {status}")
        execution = self.execution
        execution.status, execution.error = status, error
        execution.finished_at = self.now
        execution.started_at = execution.started_at or self.now
        payload = self.presenter.payload(run_record(execution), self._all_records())
        execution.final_payload = render_json(payload).decode("utf-8")
        self.events.append({"type": "final", "data": None})  # readers put the payload in
        self.changed |= {
            "status": status,
            "error": error,
            "state": self.state.as_json(),
            "started_at": execution.started_at,
            "finished_at": self.now,
            "final_payload": execution.final_payload,
        }

    def _finish(self, status: ExecutionStatus) -> None:
        self.finish(status, self.state.error.as_json() if self.state.error else None)

    def _all_records(self) -> list[NodeRecord]:
        if self.is_whole:
            return self.records
        stored = NodeResults.objects.filter(execution_id=self.execution.id)
        return [*records_of(stored), *self.records]

    def _add_ended(self, step: Step) -> None:
        """Record nodes that ended without running."""
        for node_id in step.empty:
            outputs: dict[str, Any] = {
                port: {"v": []} for port in self.plan.node(node_id).out_kinds
            }
            self._add_record(node_id, NodeStatus.COMPLETED, outputs, None)
        for node_id, error in step.failed:
            self._add_record(node_id, NodeStatus.FAILED, {}, error.as_json())
        for node_id in step.skipped:
            self.tell_node(node_id, (), NodeStatus.SKIPPED)

    def _add_record(
        self, node_id: str, status: NodeStatus, outputs: dict[str, Any], error: Any
    ) -> None:
        at = rfc3339(self.now)
        record = NodeRecord(node_id, 0, status, outputs, error, 0, at, at)
        self.records.append(record)
        self.tell_node(node_id, (record,), status)

    def _drop_waiting(self, step: Step) -> None:
        """After a failure nothing new starts: take waiting tasks out, which may end the run."""
        waiting = Task.objects.filter(execution_id=self.execution.id, state=TaskState.READY)
        segments = list(waiting.values_list("segment", flat=True))
        if segments:
            waiting.update(state=TaskState.DROPPED)
            after = drop_tasks(self.plan, self.state, segments)
            step.final = after.final
            for node_id in after.skipped:
                self.tell_node(node_id, (), NodeStatus.SKIPPED)

    def _create_tasks(self, specs: Sequence[TaskSpec], claim_for: str) -> Task | None:
        if not specs:
            return None
        state = self._first_state() if self.is_new else TaskState.READY
        tasks = [self._task(spec, state) for spec in specs]
        may_go_on = claim_for and not dispatch.backlog("runs")  # else it is somebody else's turn
        mine = next((task for task in tasks if task.queue == "runs"), None) if may_go_on else None
        if mine is not None:
            mine.state, mine.lease_owner = TaskState.RUNNING, claim_for
            mine.fence = mine.attempts = 1
            mine.lease_until = cast(datetime, lease_end(self.now))
        insert_rows(tasks)
        for task in tasks:
            if task.state == TaskState.READY:
                dispatch.ring_on_commit(task.id, task.queue)
        return mine

    def _first_state(self) -> TaskState:
        """Say how a new run's tasks begin: held, where its workspace has enough under way."""
        is_root = self.execution.parent_id is None
        has_place = not is_root or take_place(self.execution.workspace_id)
        return TaskState.READY if has_place else TaskState.HELD

    def _task(self, spec: TaskSpec, state: TaskState) -> Task:
        fetching = spec.segment == FETCH_SEGMENT
        cost = "cpu" if fetching else self.plan.segments[spec.segment].cost
        return Task(
            id=new_id("task"),
            execution_id=self.execution.id,
            workspace_id=self.execution.workspace_id,
            segment=spec.segment,
            start=spec.start,
            stop=spec.stop,
            queue=conf.QUEUE_OF_COST[cost],
            priority=self.execution.priority,
            state=state,
            wake_at=cast(datetime, SharedNow(self.now)),  # insert_rows writes it as SQL
            rung_at=self.now,
        )

    def _results(self, items: list[Any]) -> NodeResults:
        return NodeResults(
            execution_id=self.execution.id,
            segment=self.segment,
            start=self.start,
            part=self.part,
            items=items,
        )

    def _append_events(self) -> None:
        if not self.events:
            return
        first = self.execution.event_seq + 1
        last = self.execution.event_seq + len(self.events)
        event = ExecutionEvent(
            execution_id=self.execution.id,
            first_seq=first,
            last_seq=last,
            items=self.events,
            created_at=self.now,
        )
        insert_rows([event])
        self.execution.event_seq = self.changed["event_seq"] = last


def lock_execution(execution_id: str) -> Execution | None:
    """Return the row, locked until the transaction ends; None when it is gone.

    On SQLite the IMMEDIATE transaction itself is the lock.
    """
    return select_row(Execution, {"pk": execution_id}, lock=True)
