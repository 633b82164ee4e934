"""Carrying out what the engine decided, inside the caller's transaction and the row's lock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any, cast

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from common import metrics
from common.clock import rfc3339
from common.http.rendering import render_json
from common.ids import new_id
from common.sql import SharedNow, insert_rows, select_row, update_rows
from executor import conf, dispatch
from executor.engine.payload import NodeRecord
from executor.engine.plan import Plan
from executor.engine.state import RunState, sources_of
from executor.engine.step import Step, TaskSpec, drop_tasks
from executor.models import Attempt, Execution, ExecutionEvent, NodeResults, Review, Task
from executor.selectors.children import list_call_charges
from executor.selectors.records import presenter_of, records_of, run_record
from executor.services.charges import Bill
from executor.services.pausing import is_idle
from executor.services.places import leave_place, take_place
from executor.services.timing import lease_end
from executor.services.waking import wake_parent
from executor.types import OPEN_ATTEMPTS, ExecutionStatus, NodeStatus, ReviewState, TaskState

FETCH_SEGMENT = -1
KNOWN_START = -1  # of the row of what came of a segment without a task, beside those of its tasks


@dataclass
class Transition:
    """One change of a run: what is written together, and the events that tell of it.

    `records` are of nodes that ended in this transaction, for the `part`-th row of the task at
    `segment` and `start`; `is_whole` says that no others exist, which spares a query when the run
    ends in one go. `is_new` says that the run is being stored, and needs a place if it gets tasks;
    `known` are records by segment of tasks that were finished without running then, `ended` of
    other segments' nodes that ended without a task. `has_place` says that it has one, to be left when it ends.
    `store_entries` stores into the cache. That comes when the runs above are locked, as far as they
    will be, and before the account and the load: whoever holds those may wait for the same entries.
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
    known: Mapping[int, Sequence[NodeRecord]] = field(default_factory=dict)
    ended: dict[int, list[NodeRecord]] = field(default_factory=dict)
    has_place: bool = True
    store_entries: Callable[[], None] | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.presenter = presenter_of(self.execution, self.plan, self.state)
        self.bill = Bill(self.execution)

    def apply(self, step: Step, *, claim_for: str = "") -> Task | None:
        """Carry out a step; with `claim_for` the first new `runs` task is claimed at once.

        Returns the claimed task. The others are rung on commit.
        """
        if not (self.is_new and step.final):  # else nobody can follow yet, and `final` has it all
            self._tell_known()
        self._add_ended(step)
        if self.state.error is not None and step.final is None:
            self._drop_waiting(step)
        if step.final is not None:
            self._finish(step.final)
            return None
        return self._create_tasks(step.ready, claim_for)

    def write(self) -> None:
        """Write results, events and the execution row, and announce the news on commit."""
        insert_rows(self._results())
        if not self.execution.status_is_final:
            self.changed["state"] = self.state.as_json()
        self._append_events()
        is_leaving = self.execution.status_is_final or self._pauses()
        if self.is_new:
            self.execution.state = self.state.as_json()
            insert_rows([self.execution])  # what refers to it is checked on commit
        else:
            update_rows(Execution, self.changed | self.bill.changes, {"pk": self.execution.id})
        if self.store_entries is not None:
            if is_leaving:
                self.bill.lock_above()
            self.store_entries()
        self.bill.post(self.now)
        if is_leaving and self.execution.parent_id is not None:
            parent = self.bill.above[0] if self.bill.above else None
            wake_parent(self.execution, self.now, locked=parent)
        if self.has_place and is_leaving:
            leave_place(self.execution, self.now)  # last, for whoever waits for a place waits here
        if self.events or not self.is_new:
            dispatch.announce_on_commit(self.execution.id)

    def rest(self) -> None:
        """Write down that a task waits for a person, asked here or in a run below.

        After a failure nobody is waited for: the task is dropped, which may end the run.
        """
        if self.state.error is not None:
            self.apply(Step())
        self.write()

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
        execution.started_at = execution.started_at or self.now
        execution.finished_at = max(self.now, execution.started_at)  # the clock may be set back
        records = self._all_records()
        if execution.charged_credits:
            self._tell_charges(records)
        payload = self.presenter.payload(run_record(execution), records)
        execution.final_payload = render_json(payload).decode("utf-8")
        self.events.append({"type": "final", "data": None})  # readers put the payload in
        if self.plan.reviews:
            asked = Review.objects.of(execution.workspace_id).filter(execution_id=execution.id)
            asked.filter(state=ReviewState.OPEN).update(state=ReviewState.DROPPED)
        self.changed |= {
            "status": status,
            "error": error,
            "state": self.state.as_json(),
            "started_at": execution.started_at,
            "finished_at": execution.finished_at,
            "final_payload": execution.final_payload,
        }
        seconds = max((self.now - execution.created_at).total_seconds(), 0.0)
        tell = partial(metrics.run_ended, str(status), seconds, execution.charged_credits)
        transaction.on_commit(tell, robust=True)

    def _tell_charges(self, records: Sequence[NodeRecord]) -> None:
        """Write down what was spent on which node types, and show calls what was spent in them."""
        if self.plan.calls:
            self.presenter.called = list_call_charges(self.execution.id, self.plan)
        spent: dict[str, list[int]] = {}
        for record in records:
            if record.credits and record.node_id not in self.presenter.called:
                node_type = self.plan.node(record.node_id).spec.type
                runs, credits_ = spent.get(node_type, (1, 0))
                spent[node_type] = [runs, credits_ + record.credits]
        if spent:
            self.execution.spent = self.changed["spent"] = spent

    def _pauses(self) -> bool:
        """Pause the run if nothing of it can go on until a person decides."""
        if not is_idle(self.execution, self.plan):
            return False
        self.execution.status = ExecutionStatus.PAUSED
        self.changed["status"] = ExecutionStatus.PAUSED
        return True

    def _finish(self, status: ExecutionStatus) -> None:
        self.finish(status, self.state.error.as_json() if self.state.error else None)

    def _all_records(self) -> list[NodeRecord]:
        new = [*chain(*self.known.values(), *self.ended.values()), *self.records]
        if self.is_whole:
            return new
        stored = NodeResults.objects.filter(execution_id=self.execution.id)
        return [*records_of(stored), *new]

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
        self._records_at(node_id).append(record)
        self.tell_node(node_id, (record,), status)

    def _records_at(self, node_id: str) -> list[NodeRecord]:
        """Return where a record of a node belongs: those who read it look in its own segment."""
        segment = self.plan.segment_of.get(node_id, self.segment)
        if segment == self.segment:
            return self.records
        return self.ended.setdefault(segment, [])

    def _drop_waiting(self, step: Step) -> None:
        """After a failure nothing new starts: take waiting tasks out, which may end the run.

        One whose provider was asked already, or that has started a run, is under way: what it
        gives may be paid for. What waits for a person is not, here or in a run below.
        """
        begun = Attempt.objects.filter(task_id=OuterRef("pk"), state__in=OPEN_ATTEMPTS)
        called = Execution.objects.of(self.execution.workspace_id).filter(
            parent_id=self.execution.id, parent_task_id=OuterRef("pk")
        )
        paused = Exists(called.filter(status=ExecutionStatus.PAUSED))
        asked = Q(state=TaskState.WAITING) & (Q(segment__in=self.plan.reviews) | Q(paused))
        ready = Q(state=TaskState.READY) & ~Exists(called)
        waiting = Task.objects.filter(ready | asked, ~Exists(begun), execution_id=self.execution.id)
        # Locked, or one that is claimed in between would be counted as dropped and run all the same.
        dropped = dict(waiting.select_for_update().values_list("pk", "segment"))
        if dropped:
            Task.objects.filter(pk__in=dropped).update(state=TaskState.DROPPED)
            after = drop_tasks(self.plan, self.state, list(dropped.values()))
            step.final = after.final
            for node_id in after.skipped:
                self.tell_node(node_id, (), NodeStatus.SKIPPED)

    def _create_tasks(self, specs: Sequence[TaskSpec], claim_for: str) -> Task | None:
        if not specs:
            return None
        state = self._first_state() if self.is_new else TaskState.READY
        tasks = [self._task(spec, state) for spec in specs]
        mine = next((task for task in tasks if task.queue == "runs"), None) if claim_for else None
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

    def _results(self) -> list[NodeResults]:
        apart = [*self.known.items(), *self.ended.items()]
        rows = [self._row(segment, KNOWN_START, 0, records) for segment, records in apart]
        if self.records:
            rows.append(self._row(self.segment, self.start, self.part, self.records))
        return rows

    def _row(
        self, segment: int, start: int, part: int, records: Sequence[NodeRecord]
    ) -> NodeResults:
        return NodeResults(
            execution_id=self.execution.id,
            segment=segment,
            start=start,
            part=part,
            items=[record.as_json() for record in records],
        )

    def _tell_known(self) -> None:
        """Tell of the nodes that were known before they ran, mapped ones once they are whole."""
        for index, records in self.known.items():
            if index not in self.state.done:
                continue
            by_node: dict[str, list[NodeRecord]] = {}
            for record in records:
                by_node.setdefault(record.node_id, []).append(record)
            for node_id, own in by_node.items():
                self.tell_node(node_id, own, self.state.statuses[node_id])

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
