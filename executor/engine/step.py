"""What follows from an event in a run: given where it stands, the next tasks, or the end.

Pure: `begin` and `finish_task` change the state that they are given and return effects as data,
which services carry out in the same transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from executor.engine.measure import live_elements, shape_of_segment
from executor.engine.plan import Plan, Segment, binding_sources
from executor.engine.state import RunState
from executor.types import ExecutionStatus, NodeStatus, RunError
from workflows.graphs.resolved import Binding, ResolvedNode
from workflows.graphs.shapes import Shape, ShapesDiffer, count, has_empty, nest, widest

MAX_ELEMENTS = 1_000  # of a mapped list, over all of its levels


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A task to create: a segment, and for a mapped one the elements `start` to `stop`."""

    segment: int
    start: int = 0
    stop: int = 0


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What came of a task: per node a final status, absent outputs, and shapes of lists.

    `lengths` has, by `node.port`, the shape of an output; of a mapped node a list with one for each
    element of the task.
    """

    statuses: Mapping[str, NodeStatus]
    absent: Mapping[str, list[str]] = field(default_factory=dict)
    lengths: Mapping[str, Any] = field(default_factory=dict)
    error: RunError | None = None


@dataclass(slots=True)
class Step:
    """Effects: tasks to create, nodes that ended without running, and the run's end if it is.

    `empty` are mapped nodes over an empty list: completed, with empty lists as outputs.
    """

    ready: list[TaskSpec] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    failed: list[tuple[str, RunError]] = field(default_factory=list)
    final: ExecutionStatus | None = None


def begin(plan: Plan, state: RunState, lengths: Mapping[str, Shape]) -> Step:
    """Start a run whose inputs are all there; `lengths` are the shapes of its input lists."""
    step = Step()
    state.lengths.update(lengths)
    for node in plan.inputs:
        state.statuses[node.id] = NodeStatus.COMPLETED
    for segment in plan.segments:
        if not segment.needs:
            _unlock(plan, state, segment, step)
    _settle(plan, state, step)
    return step


def fail_input(plan: Plan, state: RunState, error: RunError) -> Step:
    """End a run one of whose inputs could not be had."""
    step = Step()
    _fail(state, step, error.node_id or "", error)
    _settle(plan, state, step)
    return step


def finish_task(plan: Plan, state: RunState, spec: TaskSpec, result: TaskResult) -> Step:
    """Take a finished task into the state and say what follows."""
    step = Step()
    segment = plan.segments[spec.segment]
    if segment.space is None:
        state.statuses.update(result.statuses)
        state.absent.update(result.absent)
        state.lengths.update(result.lengths)
    else:
        _take_in_elements(plan, state, spec, result)
    state.error = state.error or result.error
    _count_down(plan, state, segment, step)
    _settle(plan, state, step)
    return step


def drop_tasks(plan: Plan, state: RunState, segments: list[int]) -> Step:
    """Take tasks that will never start (one segment index for each) out of a failed run."""
    step = Step()
    state.cut_short.update(segments)
    for segment in segments:
        _count_down(plan, state, plan.segments[segment], step)
    _settle(plan, state, step)
    return step


def _take_in_elements(plan: Plan, state: RunState, spec: TaskSpec, result: TaskResult) -> None:
    """Join what came of some of a mapped segment's elements with what is known of others."""
    for node, status in result.statuses.items():
        absent = _absent_ports(plan.node(node), status, result.absent.get(node, []))
        known = state.statuses.get(node)
        if known is not None:
            before = _absent_ports(plan.node(node), known, state.absent.get(node, []))
            absent = [port for port in absent if port in before]
        state.statuses[node] = _merged(known, status)
        state.absent[node] = absent
        if not absent or state.statuses[node] == NodeStatus.SKIPPED:
            del state.absent[node]
    for place, shapes in result.lengths.items():
        state.inner[place][spec.start : spec.stop] = shapes


def _absent_ports(node: ResolvedNode, status: str, absent: list[str]) -> list[str]:
    return list(node.out_kinds) if status == NodeStatus.SKIPPED else absent


def _merged(known: str | None, new: NodeStatus) -> str:
    """Join the statuses of a mapped node's chunks: a failure wins, then anything that ran."""
    ranks = (NodeStatus.FAILED, NodeStatus.COMPLETED, NodeStatus.SKIPPED)
    return next(rank for rank in ranks if rank in (known, new))


def _count_down(plan: Plan, state: RunState, segment: Segment, step: Step) -> None:
    """Take one of a segment's tasks as ended; with the last the segment is."""
    state.open[segment.index] -= 1
    if state.open[segment.index]:
        return
    del state.open[segment.index]
    if segment.space is not None:
        _close_mapped(plan, state, segment, step)
    if segment.index not in state.cut_short:
        _close(plan, state, segment, step)


def _close_mapped(plan: Plan, state: RunState, segment: Segment, step: Step) -> None:
    """Give the nodes of a mapped segment their statuses as wholes."""
    inner = {
        (id_, port): state.inner.pop(f"{id_}.{port}")
        for id_ in segment.node_ids
        for port in plan.node(id_).out_kinds
        if f"{id_}.{port}" in state.inner
    }
    broken: set[str] = set()
    if state.error is not None:
        broken = _withdraw_partial(plan, state, segment, step)
    for (id_, port), shapes in inner.items():
        # Where all is there, the length says it all.
        if id_ not in broken and (plan.measured[id_, port] or None in shapes):
            place = f"{id_}.{port}"
            state.lengths[place] = nest(shapes, state.lengths[place])
    if len(segment.space or ()) > 1 and has_empty(shape_of_segment(plan, state, segment)):
        _keep_empty(plan, state, [id_ for id_ in segment.node_ids if id_ not in broken])


def _withdraw_partial(plan: Plan, state: RunState, segment: Segment, step: Step) -> set[str]:
    """Let no node count as completed that did not come to all elements; return which those are.

    Either tasks were never started, or a node before it failed for some elements.
    """
    is_cut_short = segment.index in state.cut_short
    broken: set[str] = set()
    for id_ in segment.node_ids:
        if state.statuses.get(id_) == NodeStatus.FAILED:
            broken.add(id_)
        elif is_cut_short or not broken.isdisjoint(binding_sources(plan.node(id_).bindings)):
            broken.add(id_)
            state.statuses[id_] = NodeStatus.SKIPPED
            step.skipped.append(id_)
    return broken


def _keep_empty(plan: Plan, state: RunState, node_ids: Sequence[str]) -> None:
    """Where a list inside is empty, something is there, although no element gave anything."""
    for id_ in node_ids:
        if _is_skipped(plan.node(id_), state, set()):
            continue  # what it needs is missing as a whole
        state.absent.pop(id_, None)
        if state.statuses[id_] == NodeStatus.SKIPPED:
            state.statuses[id_] = NodeStatus.COMPLETED


def _close(plan: Plan, state: RunState, segment: Segment, step: Step) -> None:
    """Mark a segment as done and start what waited for it alone."""
    state.done.add(segment.index)
    for follower in plan.followers[segment.index]:
        waiting = plan.segments[follower]
        if waiting.needs <= state.done:
            _unlock(plan, state, waiting, step)


def _unlock(plan: Plan, state: RunState, segment: Segment, step: Step) -> None:
    """Start a segment: skip it, fail it, or make its tasks. After a failure nothing starts."""
    if state.error is not None or segment.index in state.open or segment.index in state.done:
        return  # the end of another that waited for the same one has started it already
    if _skip_whole(plan, state, segment, step):
        _close(plan, state, segment, step)
        return
    if segment.space is None:
        state.open[segment.index] = 1
        step.ready.append(TaskSpec(segment.index))
        return
    _unlock_mapped(plan, state, segment, step)


def _unlock_mapped(plan: Plan, state: RunState, segment: Segment, step: Step) -> None:
    try:
        shape = shape_of_segment(plan, state, segment)
    except ShapesDiffer as differ:
        _fail(state, step, segment.node_ids[0], _no_pairs(segment, differ))
        return
    if widest(shape) > MAX_ELEMENTS:
        message = f"A mapped list has at most {MAX_ELEMENTS} elements."
        node = segment.node_ids[0]
        _fail(state, step, node, RunError("resource_limit", message, node))
        return
    number = count(shape)
    starts: Sequence[int] = range(0, number, segment.chunk)
    if segment.cost != "inline":
        starts = live_elements(plan, state, segment, shape)
    _enter_shapes(plan, state, segment, shape, number if starts else 0)
    if not starts:
        _complete_empty(plan, state, segment, shape, step)
        return
    state.open[segment.index] = len(starts)
    step.ready.extend(
        TaskSpec(segment.index, start, min(start + segment.chunk, number)) for start in starts
    )


def _no_pairs(segment: Segment, differ: ShapesDiffer) -> RunError:
    shown = " and ".join(str(length) for length in differ.lengths)
    message = f"Lists that go pairwise must be of one length; these have {shown} elements."
    return RunError("invalid_value", message, segment.node_ids[0])


def _enter_shapes(plan: Plan, state: RunState, segment: Segment, shape: Shape, number: int) -> None:
    for id_ in segment.node_ids:
        for port in plan.node(id_).out_kinds:
            state.lengths[f"{id_}.{port}"] = shape
            if number and (id_, port) in plan.measured:
                state.inner[f"{id_}.{port}"] = [None] * number


def _complete_empty(
    plan: Plan, state: RunState, segment: Segment, shape: Shape, step: Step
) -> None:
    """End a mapped segment that has nothing to run: its lists are empty, or all missing."""
    is_empty = has_empty(shape)
    for id_ in segment.node_ids:
        if is_empty and not _is_skipped(plan.node(id_), state, set()):
            state.statuses[id_] = NodeStatus.COMPLETED
            step.empty.append(id_)
        else:
            state.statuses[id_] = NodeStatus.SKIPPED
            step.skipped.append(id_)
    _close(plan, state, segment, step)


def _skip_whole(plan: Plan, state: RunState, segment: Segment, step: Step) -> bool:
    """Skip a segment none of whose nodes gets what it needs; it then costs no task at all."""
    skipped: set[str] = set()
    for id_ in segment.node_ids:
        if not _is_skipped(plan.node(id_), state, skipped):
            return False
        skipped.add(id_)
    for id_ in segment.node_ids:
        state.statuses[id_] = NodeStatus.SKIPPED
        step.skipped.append(id_)
    if segment.space is not None:
        _enter_missing(plan, state, segment)
    return True


def _enter_missing(plan: Plan, state: RunState, segment: Segment) -> None:
    """Say how long the lists of skipped nodes are, for whoever goes pairwise with them."""
    try:
        shape = shape_of_segment(plan, state, segment)
    except ShapesDiffer:
        return
    for id_ in segment.node_ids:
        for port in plan.node(id_).out_kinds:
            state.lengths[f"{id_}.{port}"] = shape


def _is_skipped(node: ResolvedNode, state: RunState, skipped: set[str]) -> bool:
    """Say whether a node is on a branch that was not taken."""

    def is_absent(binding: Binding) -> bool:
        gone = [
            source.node in skipped or state.is_absent(source.node, source.port)
            for source in binding.sources
        ]
        # A port that takes many lives on what arrived; any other lacks its one value.
        return all(gone)

    return any(is_absent(binding) for binding in node.bindings)


def _fail(state: RunState, step: Step, node: str, error: RunError) -> None:
    state.statuses[node] = NodeStatus.FAILED
    state.error = state.error or error
    step.failed.append((node, error))


def _settle(plan: Plan, state: RunState, step: Step) -> None:
    """See whether the run is over, and if so give every node left its final status.

    After a failure what was under way is let finish (it may be paid for), so that its results can
    be taken over by a retry; only then does the run end.
    """
    if state.open:
        return
    if state.error is None and len(state.done) < len(plan.segments):
        return
    step.final = ExecutionStatus.FAILED if state.error else ExecutionStatus.COMPLETED
    for node in plan.graph.nodes:
        if node.id not in state.statuses:
            state.statuses[node.id] = _last_status(node, state)
            if state.statuses[node.id] == NodeStatus.SKIPPED:
                step.skipped.append(node.id)


def _last_status(node: ResolvedNode, state: RunState) -> NodeStatus:
    """An output node is completed when its value is there; anything else never ran."""
    if node.spec.meta.role != "output":
        return NodeStatus.SKIPPED
    source = node.bindings[0].sources[0]
    given = state.statuses.get(source.node) == NodeStatus.COMPLETED
    if given and not state.is_absent(source.node, source.port):
        return NodeStatus.COMPLETED
    return NodeStatus.SKIPPED


def cancel_rest(plan: Plan, state: RunState, stored: Mapping[str, str]) -> None:
    """Give every node its final status in a cancelled run; `stored` are those of node runs.

    A node of a task under way counts as completed when it was stored, and a mapped one only when
    all of its elements were.
    """
    for node in plan.graph.nodes:
        segment = plan.segment_of.get(node.id)
        under_way = segment in state.open or segment in state.cut_short
        if under_way:
            known = stored.get(node.id) if node.space is None else None
            state.statuses[node.id] = known or NodeStatus.CANCELLED
        else:
            state.statuses.setdefault(node.id, NodeStatus.CANCELLED)
    state.open.clear()
