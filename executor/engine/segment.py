"""Running the nodes of one task in order, handing values over in memory."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from pydantic import ValidationError

from common.clock import Clock
from executor.engine.codec import ABSENT
from executor.engine.plan import Plan, Segment
from executor.engine.step import TaskSpec
from executor.types import NodeStatus, RunError
from workflows.catalogue.errors import NodeCancelled, NodeFailed
from workflows.catalogue.node import Context
from workflows.catalogue.values import Image, Mask
from workflows.graphs.resolved import Binding, ResolvedNode, Source

logger = logging.getLogger(__name__)

Outer = Mapping[tuple[str, str], Any]


class Workbench(Protocol):
    """What a task's nodes run on; made by the worker for one task."""

    def context(self, node: ResolvedNode) -> Context:
        """Return the context of one run of a node."""
        ...

    def keep(self, node: ResolvedNode, port: str, value: Any) -> Any:
        """Take an output for storing; return what stands for it in the outcome."""
        ...

    def progress(self, node: ResolvedNode, done: float) -> None:
        """Hear how far a mapped node is, 0 to 1."""
        ...


@dataclass(slots=True)
class NodeOutcome:
    """What came of a node in one task.

    `outputs` by port are what `Workbench.keep` returned: one for each, or for a mapped node a list
    with `ABSENT` where an element gave nothing. `lengths` are those of outputs that are lists.
    """

    node_id: str
    status: NodeStatus
    outputs: dict[str, Any] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    lengths: dict[str, int] = field(default_factory=dict)
    error: RunError | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class SegmentRunner:
    """Runs one task of a segment; made for it and thrown away.

    `outer` holds the values from outside of the segment by (node, port), `ABSENT` for none; a list
    of a mapped node may have holes. `taken_over` holds the outputs of nodes that an earlier try at
    this task completed, None for one whose outputs were not kept: it is run again, unreported.
    """

    def __init__(
        self,
        plan: Plan,
        spec: TaskSpec,
        outer: Outer,
        bench: Workbench,
        clock: Clock,
        taken_over: Mapping[str, Mapping[str, Any] | None],
    ) -> None:
        self.plan = plan
        self.spec = spec
        self.segment: Segment = plan.segments[spec.segment]
        self.outer = outer
        self.bench = bench
        self.clock = clock
        self.taken_over = taken_over
        self.blocked: set[str] = set()
        self.values: dict[tuple[str, str], Any] = {}
        self.last_use = _last_uses(plan, self.segment)

    def run(self) -> Iterator[NodeOutcome]:
        """Run the nodes, yielding what came of each; those behind a failed one are left out.

        Raises:
            NodeCancelled: when the run is cancelled meanwhile.
        """
        if self.segment.space is None:
            yield from self._run_once()
        else:
            yield from self._run_mapped()

    def _run_once(self) -> Iterator[NodeOutcome]:
        for position, id_ in enumerate(self.segment.node_ids):
            node = self.plan.node(id_)
            known = self.taken_over.get(id_)
            if known is not None:
                self._take_over(node, known)
            elif not self._is_blocked(node):
                outcome = self._outcome_of(node, 0)
                if outcome.error is not None:
                    self.blocked.add(id_)
                if id_ not in self.taken_over:
                    yield outcome
            self._forget(position)

    def _run_mapped(self) -> Iterator[NodeOutcome]:
        """Run the whole chain for one element after the other, so that few are in memory."""
        nodes = [self.plan.node(id_) for id_ in self.segment.node_ids]
        gathered = {node.id: _Gathered(node) for node in nodes}
        for index in range(self.spec.start, self.spec.stop):
            for position, node in enumerate(nodes):
                if not self._is_blocked(node):
                    outcome = self._outcome_of(node, index)
                    gathered[node.id].add(outcome)
                    if outcome.error is not None:
                        self.blocked.add(node.id)
                self._forget(position)
            self.values.clear()
            done = (index + 1 - self.spec.start) / (self.spec.stop - self.spec.start)
            self.bench.progress(nodes[-1], done)
        yield from (found.outcome for found in gathered.values() if found.has_run)

    def _is_blocked(self, node: ResolvedNode) -> bool:
        sources = {source.node for binding in node.bindings for source in binding.sources}
        if node.id in self.blocked or sources & self.blocked:
            self.blocked.add(node.id)
            return True
        return False

    def _outcome_of(self, node: ResolvedNode, index: int) -> NodeOutcome:
        started_at = self.clock.now()
        try:
            arguments = self._arguments(node, index)
            if arguments is None:
                for port in node.out_kinds:
                    self.values[node.id, port] = ABSENT
                return NodeOutcome(node.id, NodeStatus.SKIPPED, absent=list(node.out_kinds))
            given = run_node(node, self.bench.context(node), arguments)
        except NodeFailed as failure:
            error = RunError(failure.code, failure.message, node.id, failure.retryable)
            return self._failed(node, error, started_at)
        except MemoryError:
            error = RunError("resource_limit", "The node ran out of memory.", node.id)
            return self._failed(node, error, started_at)
        except NodeCancelled:
            raise
        except Exception:  # the edge between nodes and engine
            logger.exception("node broke", extra={"action": "node_broke"})
            return self._failed(node, RunError("internal", "The node broke.", node.id), started_at)
        return self._completed(node, given, started_at)

    def _failed(self, node: ResolvedNode, error: RunError, started_at: datetime) -> NodeOutcome:
        return NodeOutcome(
            node.id,
            NodeStatus.FAILED,
            error=error,
            started_at=started_at,
            finished_at=self.clock.now(),
        )

    def _completed(
        self, node: ResolvedNode, given: Mapping[str, Any], started_at: datetime
    ) -> NodeOutcome:
        outcome = NodeOutcome(node.id, NodeStatus.COMPLETED, started_at=started_at)
        for port in node.out_kinds:
            value = given.get(port, ABSENT)
            self.values[node.id, port] = value
            if value is ABSENT:
                outcome.absent.append(port)
                continue
            outcome.outputs[port] = self.bench.keep(node, port, value)
            if isinstance(value, list):
                outcome.lengths[port] = len(value)
        outcome.finished_at = self.clock.now()
        return outcome

    def _take_over(self, node: ResolvedNode, outputs: Mapping[str, Any]) -> None:
        for port in node.out_kinds:
            self.values[node.id, port] = outputs.get(port, ABSENT)

    def _forget(self, position: int) -> None:
        """Let go of values whose last reader has run: a picture is tens of megabytes."""
        for place in self.last_use.get(position, ()):
            self.values.pop(place, None)

    def _arguments(self, node: ResolvedNode, index: int) -> dict[str, Any] | None:
        """Gather a node's arguments; None when it is on a branch that was not taken."""
        arguments = dict(node.params)
        fields = node.spec.input_record.model_fields
        extra: dict[str, Any] = {}
        for binding in node.bindings:
            value = self._value_at(binding, index)
            if value is ABSENT:
                return None
            if binding.port not in fields:
                extra[binding.port] = value
            elif value is not None or _takes_null(node, binding.port):
                arguments[binding.port] = _as_declared(node, binding.port, value)
        if extra:
            arguments["extra"] = extra
        return arguments

    def _value_at(self, binding: Binding, index: int) -> Any:
        found = [
            self._source_value(binding, source, is_list, index)
            for source, is_list in zip(binding.sources, binding.lists, strict=True)
        ]
        if not binding.many:
            return found[0]
        present = [value for value in found if value is not ABSENT]
        if not present:
            return ABSENT
        if not binding.spread:
            return present
        return [
            item for value in present for item in (value if isinstance(value, list) else [value])
        ]

    def _source_value(self, binding: Binding, source: Source, is_list: bool, index: int) -> Any:
        place = (source.node, source.port)
        if source.node in self.plan.segment_of and place in self.values:
            return self.values[place]  # of this segment: already the element at `index`
        value = self.outer[place]
        if value is ABSENT or not is_list:
            return value
        if binding.mapped:
            return value[index]
        return [item for item in value if item is not ABSENT]


@dataclass(slots=True)
class _Gathered:
    """Joins the outcomes of a mapped node's elements into one."""

    node: ResolvedNode
    outcome: NodeOutcome = field(init=False)
    has_run: bool = False

    def __post_init__(self) -> None:
        self.outcome = NodeOutcome(self.node.id, NodeStatus.SKIPPED)
        self.outcome.outputs = {port: [] for port in self.node.out_kinds}

    def add(self, element: NodeOutcome) -> None:
        """Append one element's outputs."""
        self.has_run = True
        self.outcome.started_at = self.outcome.started_at or element.started_at
        self.outcome.finished_at = element.finished_at or self.outcome.finished_at
        for port, items in self.outcome.outputs.items():
            items.append(element.outputs.get(port, ABSENT))
        if element.error is not None:
            self.outcome.status, self.outcome.error = NodeStatus.FAILED, element.error
        elif element.status == NodeStatus.COMPLETED and self.outcome.error is None:
            self.outcome.status = NodeStatus.COMPLETED


def run_node(node: ResolvedNode, ctx: Context, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Run a node that does not suspend; return the outputs that it gave, by port.

    Raises:
        NodeFailed: when an argument is out of bounds, or the node says so.
    """
    _check_wired(node, arguments)
    try:
        record = node.spec.input_record.model_validate(arguments, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise NodeFailed("invalid_value", f"{place}: {first['msg']}") from error
    outputs = _drive(node.spec.node().run(ctx, record))
    return {name: getattr(outputs, name) for name in outputs.model_fields_set}


def _drive(coroutine: Any) -> Any:
    """Run a coroutine that never suspends, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise RuntimeError("an inline or cpu node awaited something that suspends")


def _check_wired(node: ResolvedNode, arguments: Mapping[str, Any]) -> None:
    """Hold values that came over an edge to the bounds of the parameter they stand for."""
    for binding in node.bindings:
        param = node.spec.params_by_name.get(binding.port)
        if param is None:
            continue
        problem = param.problem_with(arguments[binding.port])
        if problem:
            raise NodeFailed("invalid_value", problem[1])


def _takes_null(node: ResolvedNode, port: str) -> bool:
    declared = node.spec.static_ports.get(port)
    return declared is not None and declared.nullable and port not in node.spec.params_by_name


def _as_declared(node: ResolvedNode, port: str, value: Any) -> Any:
    """Give a mask to a port for pictures as a picture; everything else as it is."""
    if isinstance(value, Mask) and node.spec.static_ports[port].kind == "image":
        fields = {name: getattr(value, name) for name in value.__dataclass_fields__}
        return Image(**{**fields, "kind": "image"})
    return value


def _last_uses(plan: Plan, segment: Segment) -> Mapping[int, Sequence[tuple[str, str]]]:
    """Return, by position in the segment, the values that nobody behind it reads."""
    last: dict[tuple[str, str], int] = {}
    for position, id_ in enumerate(segment.node_ids):
        node = plan.node(id_)
        last |= {(id_, port): position for port in node.out_kinds}
        for binding in node.bindings:
            last |= {(source.node, source.port): position for source in binding.sources}
    by_position: dict[int, list[tuple[str, str]]] = {}
    for place, position in last.items():
        by_position.setdefault(position, []).append(place)
    return by_position
