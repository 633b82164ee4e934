"""Writing down what a task gave: each commit is one transaction, guarded by the task's fence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from common import faults
from common.clock import SYSTEM_CLOCK, Clock, rfc3339
from common.sql import forgettable, insert_rows, select_values, update_rows
from executor import dispatch
from executor.engine.codec import encode
from executor.engine.known import result_of
from executor.engine.measure import shape_of_segment
from executor.engine.payload import NodeRecord
from executor.engine.plan import Plan
from executor.engine.segment import NodeOutcome
from executor.engine.state import RunState
from executor.engine.step import Step, TaskResult, TaskSpec, fail_input, finish_task
from executor.errors import LeaseLost
from executor.models import Execution, ExecutionEvent, File, Task
from executor.selectors.planning import find_plan, plan_of
from executor.selectors.runs import list_records
from executor.services.accept import first_step
from executor.services.claims import ADVANCED, ENDED, NOBODY, Claim, check_lease
from executor.services.ending import end_open_run
from executor.services.files import keep_files
from executor.services.known import remember
from executor.services.transitions import FETCH_SEGMENT, Transition, lock_execution
from executor.types import ExecutionStatus, NodeStatus, RunError, TaskState
from workflows.graphs.shapes import count

_NO_PLAN = RunError("internal", "The version uses a node type that there is no more.")
POISONED_PART = 1_000_000  # behind every row that the tries at a poisonous task have stored


@dataclass
class TaskReport:
    """What a worker has to store: outcomes not yet stored, and the files that they name.

    `statuses`, `absent` and `lengths` add up over all commits of the task. `keys` are those of the
    nodes' results by id; None: they are not known yet.
    """

    outcomes: list[NodeOutcome] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    statuses: dict[str, NodeStatus] = field(default_factory=dict)
    absent: dict[str, list[str]] = field(default_factory=dict)
    lengths: dict[str, Any] = field(default_factory=dict)
    error: RunError | None = None
    partial_commits: int = 0
    keys: Mapping[str, str] | None = None

    def add(self, outcome: NodeOutcome) -> None:
        """Take in what came of a node."""
        self.outcomes.append(outcome)
        self.statuses[outcome.node_id] = outcome.status
        if outcome.absent and outcome.status == NodeStatus.COMPLETED:
            self.absent[outcome.node_id] = outcome.absent
        self._measure(outcome.node_id, outcome.lengths)
        self.error = self.error or outcome.error

    def add_stored(self, record: NodeRecord, plan: Plan) -> None:
        """Take in what an earlier try at the task has stored of a node."""
        found = result_of(plan, [record])
        self.statuses |= found.statuses
        self.absent |= found.absent
        self.lengths |= found.lengths
        if record.error is not None:
            self.error = self.error or RunError.from_json(record.error)

    def _measure(self, node_id: str, lengths: Mapping[str, Any]) -> None:
        self.lengths |= {f"{node_id}.{port}": shape for port, shape in lengths.items()}


def store_progress(*, claim: Claim, report: TaskReport, clock: Clock = SYSTEM_CLOCK) -> None:
    """Store what a long task has done so far, so that a crash costs no more than the rest.

    Raises:
        LeaseLost: the task is somebody else's, or the run is over; nothing was written.
    """
    with transaction.atomic():
        change = open_transition(claim, clock, ADVANCED)
        _add_outcomes(change, claim, report)
        change.write()
        faults.point("progress.before_commit")
    faults.point("progress.after_commit")
    report.partial_commits += 1
    report.outcomes, report.files = [], []


@dataclass(slots=True)
class Word:
    """What a task has to say of a node under way: how far it is, 0 to 1, and how it looks by now.

    `is_taken_back` is set, from any thread, once the task's results are about to be stored.
    """

    claim: Claim
    node_id: str
    progress: float | None = None
    preview: str | None = None
    is_taken_back: bool = False

    @property
    def is_empty(self) -> bool:
        """Say whether there is nothing in it."""
        return self.progress is None and self.preview is None

    def events(self) -> list[dict[str, Any]]:
        """Return it as events without their numbers."""
        data: list[tuple[str, dict[str, Any]]] = []
        if self.progress is not None:
            data.append(("progress", {"progress": round(self.progress, 3)}))
        if self.preview is not None:
            data.append(("preview", {"image": self.preview}))
        return [{"type": type_, "data": {"nodeId": self.node_id, **more}} for type_, more in data]


def tell_progress(
    *, execution_id: str, words: Sequence[Word], clock: Clock = SYSTEM_CLOCK
) -> list[Claim]:
    """Add `progress` and `preview` events of a run's nodes under way, in one short commit.

    Returns the claims of tasks that are no longer their worker's, or whose run is over: they have
    nothing to say any more. A power cut may take such events back: the next try begins anew.
    """
    run = {"pk": execution_id}
    with forgettable():
        found = select_values(Execution, ("event_seq", "status"), run, lock=True)
        is_open = found is not None and not ExecutionStatus(found[1]).is_final
        held = _still_held(words) if is_open else set()
        events = [
            event
            for word in words
            if word.claim in held and not word.is_taken_back
            for event in word.events()
        ]
        if found is not None and events:
            last = found[0] + len(events)
            insert_rows([_event_row(execution_id, found[0] + 1, events, clock)])
            update_rows(Execution, {"event_seq": last}, run)
            dispatch.announce_on_commit(execution_id)
    return [word.claim for word in words if word.claim not in held]


def _still_held(words: Sequence[Word]) -> set[Claim]:
    """Return the claims that still hold their tasks."""
    return {claim for claim in {word.claim for word in words} if _is_held(claim)}


def _is_held(claim: Claim) -> bool:
    held = {
        "pk": claim.task_id,
        "state": TaskState.RUNNING,
        "fence": claim.fence,
        "lease_owner": claim.owner,
    }
    return select_values(Task, ("fence",), held) is not None


def _event_row(
    execution_id: str, first: int, events: list[dict[str, Any]], clock: Clock
) -> ExecutionEvent:
    return ExecutionEvent(
        execution_id=execution_id,
        first_seq=first,
        last_seq=first + len(events) - 1,
        items=events,
        created_at=clock.now(),
    )


def finish(
    *, claim: Claim, report: TaskReport, go_on: bool = True, clock: Clock = SYSTEM_CLOCK
) -> Task | None:
    """Store a finished task and start what follows.

    With `go_on`, returns the next task of this run, already claimed by the same worker, where there
    is one; the others are rung on commit.

    Raises:
        LeaseLost: the task is somebody else's, or the run is over; nothing was written.
    """
    with transaction.atomic():
        change = open_transition(claim, clock, ENDED)
        change.is_whole = (
            len(change.plan.segments) == 1 and claim.spec.stop == 0 and not report.partial_commits
        )
        _add_outcomes(change, claim, report)
        result = TaskResult(report.statuses, report.absent, report.lengths, report.error)
        step = finish_task(change.plan, change.state, claim.spec, result)
        if claim.spec.stop:
            _tell_mapped(change, claim.spec)
        following = change.apply(step, claim_for=claim.owner if go_on else "")
        change.write()
        faults.point("finish.before_commit")
    faults.point("finish.after_commit")
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
        change = open_transition(claim, clock, ENDED)
        change.is_whole = True
        if files:
            keep_files(files, clock=clock)
        if error is not None:
            step = fail_input(change.plan, change.state, error)
        else:
            change.execution.inputs = change.changed["inputs"] = inputs
            step = first_step(change.plan, change.state, inputs)
        following = change.apply(step, claim_for=claim.owner)
        change.write()
        faults.point("inputs.before_commit")
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
        if find_plan(execution.version_id) is None:
            end_open_run(execution, ExecutionStatus.FAILED, _NO_PLAN, clock=clock)
            return
        change = _transition(execution, clock)
        change.apply(_give_up(change, task))
        change.write()
        faults.point("poison.before_commit")


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


def open_transition(claim: Claim, clock: Clock, task_changes: Mapping[str, Any]) -> Transition:
    """Lock a run and begin a change of it by the owner of a task; inside a transaction.

    Raises:
        LeaseLost: the task is somebody else's, or the run is over.
    """
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
        keep_files(report.files)
    change.segment, change.start = claim.spec.segment, claim.spec.start
    change.part = report.partial_commits
    records = [_record_of(claim, outcome) for outcome in report.outcomes]
    place = f"{claim.spec.segment}:{claim.spec.start}:{change.part}"
    change.records += change.bill.charge(change.plan, records, f"{claim.execution_id}:{place}")
    if claim.spec.stop == 0:  # of a mapped node, the whole is told when all chunks are there
        for record in change.records:
            change.tell_node(record.node_id, (record,), record.status)
    change.store_entries = remember(
        change.execution,
        change.plan,
        change.state,
        claim.spec,
        change.records,
        report.keys,
        now=change.now,
    )


def _tell_mapped(change: Transition, spec: TaskSpec) -> None:
    """Tell how far a mapped segment is, and of its nodes as wholes when all chunks are there."""
    segment, state = change.plan.segments[spec.segment], change.state
    if segment.index in state.open:
        length = count(shape_of_segment(change.plan, state, segment))
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
        credits=outcome.credits,
        started_at=rfc3339(outcome.started_at),
        finished_at=rfc3339(outcome.finished_at),
        cached=outcome.cached,
        about=outcome.about,
    )


def _stored_statuses(change: Transition, task: Task) -> dict[str, NodeStatus]:
    """Return the statuses that earlier tries at a task have stored, by node."""
    records = list_records(change.execution.id, segments=[task.segment], start=task.start)
    return {record.node_id: NodeStatus(record.status) for record in records}
