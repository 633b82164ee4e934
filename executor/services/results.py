"""Writing down what a task gave: each commit is one transaction, guarded by the task's fence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from common.clock import SYSTEM_CLOCK, Clock, rfc3339
from common.sql import forgettable, insert_rows, update_rows
from executor.engine.codec import encode, is_list_form, length_of
from executor.engine.payload import NodeRecord
from executor.engine.plan import Plan
from executor.engine.segment import NodeOutcome
from executor.engine.state import RunState
from executor.engine.step import Step, TaskResult, TaskSpec, fail_input, finish_task
from executor.errors import LeaseLost
from executor.models import Execution, File, Task
from executor.selectors.planning import plan_of
from executor.selectors.runs import list_records
from executor.services.accept import first_step
from executor.services.claims import ADVANCED, ENDED, NOBODY, UNCHANGED, Claim, check_lease
from executor.services.transitions import FETCH_SEGMENT, Transition, lock_execution
from executor.types import NodeStatus, RunError, TaskState

POISONED_PART = 1_000_000  # behind every row that the tries at a poisonous task have stored


@dataclass
class TaskReport:
    """What a worker has to store: outcomes not yet stored, and the files that they name.

    `statuses`, `absent` and `lengths` add up over all commits of the task.
    """

    outcomes: list[NodeOutcome] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    statuses: dict[str, NodeStatus] = field(default_factory=dict)
    absent: dict[str, list[str]] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    error: RunError | None = None
    partial_commits: int = 0

    def add(self, outcome: NodeOutcome, plan: Plan) -> None:
        """Take in what came of a node."""
        self.outcomes.append(outcome)
        self.statuses[outcome.node_id] = outcome.status
        if outcome.absent and outcome.status == NodeStatus.COMPLETED:
            self.absent[outcome.node_id] = outcome.absent
        self._measure(outcome.node_id, outcome.lengths, plan)
        self.error = self.error or outcome.error

    def add_stored(self, record: NodeRecord, plan: Plan) -> None:
        """Take in what an earlier try at the task has stored of a node."""
        node_id = record.node_id
        self.statuses[node_id] = NodeStatus(record.status)
        absent = [port for port in plan.node(node_id).out_kinds if port not in record.outputs]
        if absent and record.status == NodeStatus.COMPLETED:
            self.absent[node_id] = absent
        lengths = {port: length_of(f) for port, f in record.outputs.items() if is_list_form(f)}
        self._measure(node_id, lengths, plan)
        if record.error is not None:
            self.error = self.error or RunError.from_json(record.error)

    def _measure(self, node_id: str, lengths: Mapping[str, int], plan: Plan) -> None:
        for port, length in lengths.items():
            if (node_id, port) in plan.measured:
                self.lengths[f"{node_id}.{port}"] = length


def store_progress(*, claim: Claim, report: TaskReport, clock: Clock = SYSTEM_CLOCK) -> None:
    """Store what a long task has done so far, so that a crash costs no more than the rest.

    Raises:
        LeaseLost: the task is somebody else's, or the run is over; nothing was written.
    """
    with transaction.atomic():
        change = _open(claim, clock, ADVANCED)
        _add_outcomes(change, claim, report)
        change.write()
    report.partial_commits += 1
    report.outcomes, report.files = [], []


def tell_progress(claim: Claim, node_id: str, done: float, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Add a `progress` event of a node under way, 0 to 1; the next try begins it anew all the same.

    Raises:
        LeaseLost: the task is somebody else's, or the run is over; nothing was written.
    """
    with forgettable():
        change = _open(claim, clock, UNCHANGED)
        data = {"nodeId": node_id, "progress": round(done, 3)}
        change.events.append({"type": "progress", "data": data})
        change.write()


def finish(*, claim: Claim, report: TaskReport, clock: Clock = SYSTEM_CLOCK) -> Task | None:
    """Store a finished task and start what follows.

    Returns the next task of this run, already claimed by the same worker, where there is one; the
    others are rung on commit.

    Raises:
        LeaseLost: the task is somebody else's, or the run is over; nothing was written.
    """
    with transaction.atomic():
        change = _open(claim, clock, ENDED)
        change.is_whole = (
            len(change.plan.segments) == 1 and claim.spec.stop == 0 and not report.partial_commits
        )
        _add_outcomes(change, claim, report)
        result = TaskResult(report.statuses, report.absent, report.lengths, report.error)
        step = finish_task(change.plan, change.state, claim.spec, result)
        if claim.spec.stop:
            _tell_mapped(change, claim.spec)
        following = change.apply(step, claim_for=claim.owner)
        change.write()
    return following


def finish_fetch(
    *,
    claim: Claim,
    inputs: dict[str, Any],
    files: Sequence[File],
    error: RunError | None,
    clock: Clock = SYSTEM_CLOCK,
) -> Task | None:
    """Store fetched inputs and begin the run, or fail it when one could not be had.

    Raises:
        LeaseLost: the task is somebody else's, or the run is over; nothing was written.
    """
    with transaction.atomic():
        change = _open(claim, clock, ENDED)
        change.is_whole = True
        if files:
            insert_rows(files)
        if error is not None:
            step = fail_input(change.plan, change.state, error)
        else:
            change.execution.inputs = change.changed["inputs"] = inputs
            step = first_step(change.plan, change.state, inputs)
        following = change.apply(step, claim_for=claim.owner)
        change.write()
    return following


def fail_poisonous(*, task_id: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Fail the run of a task that took down every worker that claimed it.

    Nothing happens to a task that `release_dead` has not taken from its worker.
    """
    with transaction.atomic():
        task = Task.objects.filter(pk=task_id).first()
        execution = lock_execution(task.execution_id) if task is not None else None
        if task is None or execution is None or execution.status_is_final:
            return
        given_up = {"pk": task_id, "state": TaskState.RUNNING, "lease_owner": NOBODY}
        if not update_rows(Task, {"state": TaskState.DROPPED}, given_up):
            return
        change = _transition(execution, clock)
        change.apply(_give_up(change, task))
        change.write()


def _give_up(change: Transition, task: Task) -> Step:
    """Take a poisonous task into the state, as a failure of the node that it did not get past."""
    message = "No worker could finish this; it was given up after several tries."
    if task.segment == FETCH_SEGMENT:
        error = RunError("resource_limit", message, change.plan.inputs[0].id)
        return fail_input(change.plan, change.state, error)
    stored = _stored_statuses(change, task)
    nodes = change.plan.segments[task.segment].node_ids
    node = next((node for node in nodes if node not in stored), nodes[-1])
    error = RunError("resource_limit", message, node)
    change.segment, change.start, change.part = task.segment, task.start, POISONED_PART
    spec = TaskSpec(task.segment, task.start, task.stop)
    result = TaskResult({**stored, node: NodeStatus.FAILED}, error=error)
    step = finish_task(change.plan, change.state, spec, result)
    step.failed.append((node, error))
    return step


def _open(claim: Claim, clock: Clock, task_changes: Mapping[str, Any]) -> Transition:
    execution = lock_execution(claim.execution_id)
    if execution is None or execution.status_is_final:
        raise LeaseLost(claim.task_id)
    check_lease(claim, task_changes)
    return _transition(execution, clock)


def _transition(execution: Execution, clock: Clock) -> Transition:
    state = RunState.from_json(execution.state)
    return Transition(execution, plan_of(execution.version_id), state, clock.now())


def _add_outcomes(change: Transition, claim: Claim, report: TaskReport) -> None:
    if report.files:
        insert_rows(report.files)
    change.segment, change.start = claim.spec.segment, claim.spec.start
    change.part = report.partial_commits
    for outcome in report.outcomes:
        record = _record_of(claim, outcome)
        change.records.append(record)
        if claim.spec.stop == 0:  # of a mapped node, the whole is told when all chunks are there
            change.tell_node(outcome.node_id, (record,), outcome.status)


def _tell_mapped(change: Transition, spec: TaskSpec) -> None:
    """Tell how far a mapped segment is, and of its nodes as wholes when all chunks are there."""
    segment, state = change.plan.segments[spec.segment], change.state
    if segment.index in state.open:
        first = segment.node_ids[0]
        length = state.lengths[f"{first}.{next(iter(change.plan.node(first).out_kinds))}"]
        left = min(state.open[segment.index] * segment.chunk, length)
        for node_id in segment.node_ids:
            data = {"nodeId": node_id, "progress": round(1 - left / length, 3)}
            change.events.append({"type": "progress", "data": data})
        return
    records = list_records(change.execution.id, segments=[segment.index]) + change.records
    for node_id in segment.node_ids:
        own = [record for record in records if record.node_id == node_id]
        if own:
            change.tell_node(node_id, own, state.statuses[node_id])


def _record_of(claim: Claim, outcome: NodeOutcome) -> NodeRecord:
    return NodeRecord(
        node_id=outcome.node_id,
        start=claim.spec.start,
        status=outcome.status,
        outputs={port: encode(value) for port, value in outcome.outputs.items()},
        error=outcome.error.as_json() if outcome.error else None,
        started_at=rfc3339(outcome.started_at),
        finished_at=rfc3339(outcome.finished_at),
    )


def _stored_statuses(change: Transition, task: Task) -> dict[str, NodeStatus]:
    """Return the statuses that earlier tries at a task have stored, by node."""
    records = list_records(change.execution.id, segments=[task.segment], start=task.start)
    return {record.node_id: NodeStatus(record.status) for record in records}
