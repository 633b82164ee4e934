"""What is known of a run's nodes before they run: from the run that it retries, and from the cache.

Looked up when a run is accepted, for what could begin then: a task all of whose nodes are known is
finished there. Looked up again when a worker begins a task, unless it is cheap and nothing was
known of it a moment ago. A node that is known costs nothing, and says `cached`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from common.clock import rfc3339
from executor.engine.keys import Forms, KeyMaker, elements_of
from executor.engine.known import (
    Outputs,
    behind,
    empty_record,
    is_of_task,
    known_outcome,
    known_record,
    result_of,
    values_of,
    whole_records,
)
from executor.engine.measure import shape_of_node
from executor.engine.payload import NodeRecord, node_forms
from executor.engine.plan import Plan
from executor.engine.segment import NodeOutcome
from executor.engine.state import RunState
from executor.engine.step import Step, TaskSpec, finish_task
from executor.models import Execution, NodeResults
from executor.selectors.records import records_of
from executor.selectors.runs import get_node_forms, list_records
from executor.services.cache import Fresh, find_entries, peek_entries, store_entries
from executor.types import NodeStatus

Place = tuple[str, str]
Known = Mapping[str, Outputs]  # outputs by node

# In `Execution.options`: cheap segments of which nothing was known when the run was accepted.
MISSED = "missed"
# In `Execution.options` of a retry: the nodes that, with all behind them, are done anew.
REDO = "redo"


@dataclass(slots=True)
class Foreknown:
    """What was known when a run was accepted: records of whole tasks by segment, and other nodes.

    Of these the run that is retried has done `earlier`, which stays. The rest stood in the cache,
    and may be gone from there by the time that their task begins.
    """

    records: dict[int, list[NodeRecord]] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    earlier: set[str] = field(default_factory=set)
    missed: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class TaskKnowledge:
    """What is known of a task that begins: outcomes to store, of all of its nodes if `is_whole`.

    `taken_over` is as `SegmentRunner` wants it. `keys` are None where nothing was looked up.
    """

    outcomes: Sequence[NodeOutcome] = ()
    taken_over: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    is_whole: bool = False
    keys: Mapping[str, str] | None = None


class Sources:
    """Where results of one run's nodes may be known from. `peeks`: nothing is written."""

    def __init__(
        self, execution: Execution, plan: Plan, *, now: datetime, peeks: bool = False
    ) -> None:
        self.execution = execution
        self.plan = plan
        self.now = now
        self.peeks = peeks
        self._earlier: dict[tuple[str, int], NodeRecord] = {}

    @property
    def are_any(self) -> bool:
        """Say whether there is a reason to look."""
        return _mode(self.execution) == "use" or self.execution.retry_of is not None

    def read_earlier(self, records: Collection[NodeRecord]) -> None:
        """Take in what the run that is retried has stored."""
        self._earlier |= {
            (record.node_id, record.start): record
            for record in records
            if record.node_id not in self._redone and record.node_id in self.plan.graph.by_id
        }

    def find(self, keys: Mapping[TaskSpec, Mapping[str, str]]) -> dict[TaskSpec, Known]:
        """Return what is known of tasks whose nodes have these keys."""
        earlier = {spec: self.known_earlier(spec) for spec in keys}
        wanted = {
            key for spec, by_node in keys.items() for id_, key in by_node.items()
            if id_ not in earlier[spec]
        }  # fmt: skip
        entries = self._entries(wanted) if wanted and _mode(self.execution) == "use" else {}
        return {
            spec: earlier[spec]
            | {
                id_: entries[key]
                for id_, key in by_node.items()
                if id_ not in earlier[spec] and key in entries
            }
            for spec, by_node in keys.items()
        }

    def _entries(self, keys: Collection[str]) -> Mapping[str, Outputs]:
        workspace_id = self.execution.workspace_id
        takes_partial = self.execution.options["keep"] != "all"
        if self.peeks:
            return peek_entries(workspace_id, keys, takes_partial=takes_partial, now=self.now)
        return find_entries(workspace_id, keys, takes_partial=takes_partial, now=self.now)

    def known_earlier(self, spec: TaskSpec) -> dict[str, Outputs]:
        """Return what the run that is retried had of a task's nodes."""
        found: dict[str, Outputs] = {}
        if not self._earlier:
            return found
        for id_ in self.plan.segments[spec.segment].node_ids:
            record = self._earlier.get((id_, spec.start))
            if record is not None and _is_result(self.plan, spec, record):
                found[id_] = record.outputs
        return found

    @cached_property
    def _redone(self) -> frozenset[str]:
        return behind(self.plan, self.execution.options.get(REDO, ()))


def take_known(
    execution: Execution,
    plan: Plan,
    state: RunState,
    step: Step,
    *,
    now: datetime,
    peeks: bool = False,
) -> Foreknown:
    """Finish, in a run that begins, all tasks that are known whole, and what follows from them.

    Changes the state, and the step to what is left to do.
    """
    found, sources = Foreknown(), Sources(execution, plan, now=now, peeks=peeks)
    if not sources.are_any:
        return found
    if execution.retry_of is not None:
        stored = NodeResults.objects.filter(execution_id=execution.retry_of)
        sources.read_earlier(records_of(stored))
    forms: dict[Place, Mapping[str, Any]] = dict(input_forms(plan, execution.inputs))
    forms |= _empty_forms(plan, state, step.empty)
    maker = KeyMaker(plan, forms, scope=execution.mode)
    waiting, step.ready = step.ready, []
    while waiting:
        elements = elements_of(plan, state, waiting)
        known = sources.find({spec: maker.keys(spec, elements[spec]) for spec in waiting})
        following: list[TaskSpec] = []
        for spec in waiting:
            records = whole_records(plan, spec, known[spec], forms, str(rfc3339(now)))
            if records is None:
                step.ready.append(spec)
                _enter_missed(plan, spec, known[spec], found)
                found.earlier |= found.others.intersection(sources.known_earlier(spec))
                continue
            found.records.setdefault(spec.segment, []).extend(records)
            after = finish_task(plan, state, spec, result_of(plan, records))
            following += after.ready
            _join(step, after)
            if spec.segment in state.done:
                forms |= _forms_of(plan, state, found.records[spec.segment])
            forms |= _empty_forms(plan, state, after.empty)
        waiting = following
    return found


def look_up_task(
    execution: Execution,
    plan: Plan,
    state: RunState,
    spec: TaskSpec,
    forms: Forms,
    *,
    stored: Set[str] = frozenset(),
    now: datetime,
) -> TaskKnowledge:
    """Return what is known of a task that a worker begins; `forms` are what arrives.

    `stored` are nodes of which an earlier try at the task has stored what came of them.
    """
    sources = Sources(execution, plan, now=now)
    keys = _keys(execution, plan, state, spec, forms) if _mode(execution) != "off" else {}
    if not sources.are_any or _was_missed(execution, plan, spec):
        return TaskKnowledge(keys=keys)
    if execution.retry_of is not None:
        sources.read_earlier(list_records(execution.retry_of, segments=[spec.segment]))
    known = sources.find({spec: keys})[spec]
    at = str(rfc3339(now))
    records = None if stored else whole_records(plan, spec, known, forms, at)
    if records is not None:
        outcomes = [known_outcome(plan, record, now) for record in records]
        return TaskKnowledge(outcomes, is_whole=True, keys=keys)
    if plan.segments[spec.segment].space is not None:
        return TaskKnowledge(keys=keys)
    return _partly_known(plan, spec, {id_: known[id_] for id_ in known.keys() - stored}, keys, now)


def remember(
    execution: Execution,
    plan: Plan,
    state: RunState,
    spec: TaskSpec,
    records: Sequence[NodeRecord],
    keys: Mapping[str, str] | None,
    *,
    now: datetime,
) -> Callable[[], None] | None:
    """Return what stores, inside the same commit, what the nodes of a task gave for others to use.

    None where there is nothing to be stored.
    """
    mode = _mode(execution)
    fresh = [record for record in records if _is_result(plan, spec, record) and not record.cached]
    if mode == "off" or not fresh:
        return None
    if keys is None:
        forms = outer_forms(execution, plan, state, spec)
        keys = _keys(execution, plan, state, spec, forms)
    is_costly = plan.segments[spec.segment].cost != "inline"
    entries = [
        Fresh(keys[record.node_id], record.outputs, is_costly)
        for record in fresh
        if record.node_id in keys
    ]
    return partial(
        store_entries, execution.workspace_id, entries, replaces=mode == "refresh", now=now
    )


def outer_forms(
    execution: Execution, plan: Plan, state: RunState, spec: TaskSpec
) -> dict[Place, Mapping[str, Any]]:
    """Return the stored forms that a segment reads from outside of itself, by (node, port).

    What is on a branch that was not taken is left out.
    """
    wanted = {
        (source.node, source.port)
        for id_ in plan.segments[spec.segment].node_ids
        for binding in plan.node(id_).bindings
        for source in binding.sources
        if plan.segment_of.get(source.node) != spec.segment
    }
    forms = {
        place: form
        for place, form in input_forms(plan, execution.inputs).items()
        if place in wanted
    }
    nodes = {node for node, port in wanted if (node, port) not in forms}
    if nodes:
        made = get_node_forms(execution.id, plan, state, nodes)
        forms |= {place: form for place, form in made.items() if place in wanted}
    return forms


def input_forms(plan: Plan, inputs: Mapping[str, Any]) -> dict[Place, Mapping[str, Any]]:
    """Return the inputs of a run as what its input nodes give."""
    return {(node.id, "value"): inputs[str(node.params["name"])] for node in plan.inputs}


def _keys(
    execution: Execution, plan: Plan, state: RunState, spec: TaskSpec, forms: Forms
) -> dict[str, str]:
    maker = KeyMaker(plan, forms, scope=execution.mode)
    return maker.keys(spec, elements_of(plan, state, (spec,))[spec])


def _forms_of(
    plan: Plan, state: RunState, records: Sequence[NodeRecord]
) -> dict[Place, Mapping[str, Any]]:
    """Return what the nodes of a finished segment give."""
    by_node: dict[str, list[NodeRecord]] = {}
    for record in sorted(records, key=lambda record: record.start):
        by_node.setdefault(record.node_id, []).append(record)
    return {
        (id_, port): form
        for id_, chunks in by_node.items()
        for port, form in node_forms(
            plan.node(id_), chunks, shape_of_node(plan, state, plan.node(id_))
        ).items()
        if not state.is_absent(id_, port)
    }


def _empty_forms(
    plan: Plan, state: RunState, nodes: Sequence[str]
) -> dict[Place, Mapping[str, Any]]:
    """Return what mapped nodes give that had no elements to run for."""
    records = [empty_record(plan.node(id_)) for id_ in nodes]
    return _forms_of(plan, state, records)


def _join(step: Step, after: Step) -> None:
    step.skipped += after.skipped
    step.empty += after.empty
    step.failed += after.failed
    step.final = after.final


def _partly_known(
    plan: Plan, spec: TaskSpec, known: Known, keys: Mapping[str, str], now: datetime
) -> TaskKnowledge:
    at = str(rfc3339(now))
    records = [
        known_record(plan.node(id_), spec, known[id_], at)
        for id_ in plan.segments[spec.segment].node_ids
        if id_ in known
    ]
    return TaskKnowledge(
        [known_outcome(plan, record, now) for record in records],
        {record.node_id: values_of(record) for record in records},
        False,
        keys,
    )


def _enter_missed(plan: Plan, spec: TaskSpec, known: Known, found: Foreknown) -> None:
    segment = plan.segments[spec.segment]
    if segment.space is None:
        found.others.update(known)
    if segment.cost == "inline" and (segment.space is not None or not known):
        found.missed.add(spec.segment)


def _was_missed(execution: Execution, plan: Plan, spec: TaskSpec) -> bool:
    """Say whether another look is not worth it; a costly node may be known by now."""
    is_cheap = plan.segments[spec.segment].cost == "inline"
    return is_cheap and spec.segment in execution.options.get(MISSED, ())


def _is_result(plan: Plan, spec: TaskSpec, record: NodeRecord) -> bool:
    """Say whether a record holds what a node gave, for all elements of a task."""
    node = plan.node(record.node_id)
    has_ended = record.status == NodeStatus.COMPLETED
    if node.space is not None:
        has_ended = has_ended or record.status == NodeStatus.SKIPPED
    return has_ended and is_of_task(node, spec, record.outputs)


def _mode(execution: Execution) -> str:
    return str(execution.options.get("cache", "use"))
