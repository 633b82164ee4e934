"""What follows from an event in a run: given where it stands, the next tasks, or the end.

Pure: `begin` and `finish_task` change the state that they are given and return effects as data,
which services carry out in the same transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from executor.engine.plan import Plan, Segment
from executor.engine.state import RunState
from executor.types import ExecutionStatus, NodeStatus, RunError
from workflows.graphs.resolved import Binding, ResolvedNode

MAX_ELEMENTS = 1_000  # of a mapped list


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A task to create: a segment, and for a mapped one the elements `start` to `stop`."""

    segment: int
    start: int = 0
    stop: int = 0


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What came of a task: per node a final status, absent outputs, and lengths of lists."""

    statuses: Mapping[str, NodeStatus]
    absent: Mapping[str, list[str]] = field(default_factory=dict)
    lengths: Mapping[str, int] = field(default_factory=dict)
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


def begin(plan: Plan, state: RunState, lengths: Mapping[str, int]) -> Step:
    """Start a run whose inputs are all there; `lengths` are those of its input lists."""
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
    for node, status in result.statuses.items():
        state.statuses[node] = _merged(state.statuses.get(node), status)
    for node, ports in result.absent.items():
        state.absent[node] = ports
    state.lengths.update(result.lengths)
    state.error = state.error or result.error
    state.open[segment.index] -= 1
    if state.open[segment.index] == 0:
        del state.open[segment.index]
        _close(plan, state, segment, step)
    _settle(plan, state, step)
    return step


def drop_tasks(plan: Plan, state: RunState, segments: list[int]) -> Step:
    """Take tasks that will never start (one segment index for each) out of a failed run."""
    step = Step()
    for segment in segments:
        state.open[segment] -= 1
        if state.open[segment] == 0:
            del state.open[segment]
    _settle(plan, state, step)
    return step


def _merged(known: str | None, new: NodeStatus) -> str:
    """Join the statuses of a mapped node's chunks: a failure wins, then anything that ran."""
    ranks = (NodeStatus.FAILED, NodeStatus.COMPLETED, NodeStatus.SKIPPED)
    return next(rank for rank in ranks if rank in (known, new))


def _close(plan: Plan, state: RunState, segment: Segment, step: Step) -> None:
    """Mark a segment as done and start what waited for it alone."""
    state.done.add(segment.index)
    for follower in plan.followers[segment.index]:
        waiting = plan.segments[follower]
        if waiting.needs <= state.done:
            _unlock(plan, state, waiting, step)


def _unlock(plan: Plan, state: RunState, segment: Segment, step: Step) -> None:
    """Start a segment: skip it, fail it, or make its tasks. After a failure nothing starts."""
    if state.error is not None:
        return
    if _skip_whole(plan, state, segment, step):
        _close(plan, state, segment, step)
        return
    if segment.space is None:
        state.open[segment.index] = 1
        step.ready.append(TaskSpec(segment.index))
        return
    _unlock_mapped(plan, state, segment, step)


def _unlock_mapped(plan: Plan, state: RunState, segment: Segment, step: Step) -> None:
    lengths = {
        state.lengths[f"{node}.{port}"]
        for node, port in plan.outer_lists(segment)
        if not state.is_absent(node, port)
    }
    error = _problem_with_lengths(segment, lengths)
    if error is not None:
        _fail(state, step, segment.node_ids[0], error)
        return
    (length,) = lengths
    for id_ in segment.node_ids:
        for port in plan.node(id_).out_kinds:
            state.lengths[f"{id_}.{port}"] = length
    if length == 0:
        for id_ in segment.node_ids:
            state.statuses[id_] = NodeStatus.COMPLETED
            step.empty.append(id_)
        _close(plan, state, segment, step)
        return
    starts = range(0, length, segment.chunk)
    state.open[segment.index] = len(starts)
    step.ready.extend(
        TaskSpec(segment.index, start, min(start + segment.chunk, length)) for start in starts
    )


def _problem_with_lengths(segment: Segment, lengths: set[int]) -> RunError | None:
    node = segment.node_ids[0]
    if len(lengths) > 1:
        shown = " and ".join(str(length) for length in sorted(lengths))
        message = f"Lists that go pairwise must be of one length; these have {shown} elements."
        return RunError("invalid_value", message, node)
    if max(lengths) > MAX_ELEMENTS:
        message = f"A mapped list has at most {MAX_ELEMENTS} elements."
        return RunError("resource_limit", message, node)
    return None


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
    return True


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
        under_way = plan.segment_of.get(node.id) in state.open
        if under_way:
            known = stored.get(node.id) if node.space is None else None
            state.statuses[node.id] = known or NodeStatus.CANCELLED
        else:
            state.statuses.setdefault(node.id, NodeStatus.CANCELLED)
    state.open.clear()
