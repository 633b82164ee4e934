"""Running the nodes of one task in order, handing values over in memory."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from common.clock import Clock
from executor.engine.charges import FREE, Charges
from executor.engine.codec import ABSENT, without_holes
from executor.engine.limits import check_outputs
from executor.engine.plan import Plan, Segment
from executor.engine.step import TaskSpec
from executor.types import NodeStatus, RunError
from workflows.catalogue.errors import NodeCancelled, NodeFailed
from workflows.catalogue.node import Context, Inputs, Outputs
from workflows.catalogue.values import Image, Mask
from workflows.graphs.resolved import Binding, ResolvedNode, Source
from workflows.graphs.shapes import Path, Shape, paths, shape_of

logger = logging.getLogger(__name__)


class Outer(dict[tuple[str, str], Any]):
    """The values from outside of a segment by (node, port), `ABSENT` for none.

    A list of a mapped node may have holes, and lies in as many lists as the node was mapped over.
    `shape` is `inner_shape` of the segment.
    """

    shape: Shape = None


Made = TypeVar("Made")


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
    with `ABSENT` where an element gave nothing. `lengths` are the shapes of outputs that others are
    mapped over; of a mapped node a list with one for each element. `cached`: it was known before.
    `credits` is what the runs of the node cost that completed, `about` as in `NodeRecord`.
    """

    node_id: str
    status: NodeStatus
    outputs: dict[str, Any] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    lengths: dict[str, Any] = field(default_factory=dict)
    error: RunError | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    cached: bool = False
    credits: int = 0
    about: Mapping[str, Any] | None = None

    @property
    def seconds(self) -> float | None:
        """For how long the node ran; None when it did not."""
        if self.started_at is None or self.finished_at is None:
            return None
        return max((self.finished_at - self.started_at).total_seconds(), 0.0)


class SegmentRunner:
    """Runs one task of a segment; made for it and thrown away.

    `taken_over` holds the outputs of nodes whose outcome is stored or known, None for one whose
    outputs were not kept: it is run again where others need it, unreported.
    """

    def __init__(
        self,
        plan: Plan,
        spec: TaskSpec,
        outer: Outer,
        bench: Workbench,
        clock: Clock,
        taken_over: Mapping[str, Mapping[str, Any] | None],
        charges: Charges = FREE,
    ) -> None:
        self.plan = plan
        self.spec = spec
        self.segment: Segment = plan.segments[spec.segment]
        self.outer = outer
        self.bench = bench
        self.clock = clock
        self.taken_over = taken_over
        self.charges = charges
        self.blocked: set[str] = set()
        self.values: dict[tuple[str, str], Any] = {}
        self.last_use = _last_uses(plan, self.segment)
        self.needed = _needed(plan, self.segment, taken_over)

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
            elif id_ in self.needed and not self._is_blocked(node):
                outcome = self._outcome_of(node, ())
                if outcome.error is not None:
                    self.blocked.add(id_)
                if id_ not in self.taken_over:
                    yield outcome
            self._forget(position)

    def _run_mapped(self) -> Iterator[NodeOutcome]:
        """Run the whole chain for one element after the other, so that few are in memory."""
        nodes = [self.plan.node(id_) for id_ in self.segment.node_ids]
        gathered = {node.id: _Gathered(node, self.plan) for node in nodes}
        for done, path in enumerate(self._paths(), start=1):
            for position, node in enumerate(nodes):
                if not self._is_blocked(node):
                    outcome = self._outcome_of(node, path)
                    gathered[node.id].add(outcome)
                    if outcome.error is not None:
                        self.blocked.add(node.id)
                self._forget(position)
            self.values.clear()
            self.bench.progress(nodes[-1], done / (self.spec.stop - self.spec.start))
        for id_, found in gathered.items():
            if found.has_run and id_ not in self.taken_over:
                yield found.whole()

    def _paths(self) -> Iterable[Path]:
        """Return where the task's elements are, by the index on every level."""
        if self.segment.space is None:
            return ((),)
        if len(self.segment.space) == 1:
            return ((number,) for number in range(self.spec.start, self.spec.stop))
        return islice(paths(self.outer.shape), self.spec.start, self.spec.stop)

    def _is_blocked(self, node: ResolvedNode) -> bool:
        sources = {source.node for binding in node.bindings for source in binding.sources}
        if node.id in self.blocked or sources & self.blocked:
            self.blocked.add(node.id)
            return True
        return False

    def prepare(self, make: Callable[[Any], Made]) -> Made | NodeOutcome:
        """Return what `make` makes of the arguments of a task that others carry out.

        For a segment of one node whose tasks have one element each. Where the node does not run, or
        its arguments are no good, returns what came of it instead.
        """
        node = self._only_node()
        made: list[Made] = []

        def compute() -> Mapping[str, Any] | None:
            arguments = self._arguments(node, next(iter(self._paths())))
            if arguments is None:
                return None
            made.append(make(check_arguments(node, arguments)))
            return {}

        outcome = self._guarded(node, compute, self.clock.now())
        return made[0] if made else self._of_task(outcome)

    def conclude(
        self,
        compute: Callable[[], Mapping[str, Any]],
        *,
        started_at: datetime,
        price_credits: int = 0,
    ) -> NodeOutcome:
        """Return what came of such a node; `compute` gives its outputs, and fails as nodes do.

        If it completed, it costs `price_credits`.
        """
        outcome = self._guarded(self._only_node(), compute, started_at)
        if outcome.status == NodeStatus.COMPLETED:
            outcome.credits = price_credits
        return self._of_task(outcome)

    def fail(self, error: RunError, *, started_at: datetime) -> NodeOutcome:
        """Return that such a node failed."""
        return self._of_task(self._failed(self._only_node(), error, started_at))

    def _only_node(self) -> ResolvedNode:
        (id_,) = self.segment.node_ids
        return self.plan.node(id_)

    def _of_task(self, outcome: NodeOutcome) -> NodeOutcome:
        """Give the outcome of a mapped node's one element the form of a chunk."""
        if self.segment.space is None:
            return outcome
        gathered = _Gathered(self.plan.node(outcome.node_id), self.plan)
        gathered.add(outcome)
        return gathered.whole()

    def _outcome_of(self, node: ResolvedNode, path: Path) -> NodeOutcome:
        taken: list[Inputs] = []

        def compute() -> Mapping[str, Any] | None:
            arguments = self._arguments(node, path)
            if arguments is None:
                return None
            taken.append(check_arguments(node, arguments))
            return run_node(node, self.bench.context(node), taken[0])

        outcome = self._guarded(node, compute, self.clock.now())
        if outcome.status == NodeStatus.COMPLETED:
            outcome.credits = self.charges.of(node.id, taken[0], seconds=outcome.seconds)
        return outcome

    def _guarded(
        self,
        node: ResolvedNode,
        compute: Callable[[], Mapping[str, Any] | None],
        started_at: datetime,
    ) -> NodeOutcome:
        """Run a node by `compute`, which gives None on a branch that was not taken."""
        try:
            given = compute()
            check_outputs(given or {})
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
        if given is None:
            for port in node.out_kinds:
                self.values[node.id, port] = ABSENT
            return NodeOutcome(node.id, NodeStatus.SKIPPED, absent=list(node.out_kinds))
        return self._completed(node, given, started_at)

    def _failed(self, node: ResolvedNode, error: RunError, started_at: datetime) -> NodeOutcome:
        return NodeOutcome(
            node.id,
            NodeStatus.FAILED,
            error=error,
            started_at=started_at,
            finished_at=self._ended(started_at),
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
            levels = self.plan.measured.get((node.id, port))
            if levels is not None:
                outcome.lengths[port] = shape_of(value, levels)
        outcome.finished_at = self._ended(started_at)
        return outcome

    def _ended(self, started_at: datetime) -> datetime:
        """Return the present, or the beginning where the clock was set back since."""
        return max(self.clock.now(), started_at)

    def _take_over(self, node: ResolvedNode, outputs: Mapping[str, Any]) -> None:
        for port in node.out_kinds:
            self.values[node.id, port] = outputs.get(port, ABSENT)

    def _forget(self, position: int) -> None:
        """Let go of values whose last reader has run: a picture is tens of megabytes."""
        for place in self.last_use.get(position, ()):
            self.values.pop(place, None)

    def _arguments(self, node: ResolvedNode, path: Path) -> dict[str, Any] | None:
        """Gather a node's arguments; None when it is on a branch that was not taken."""
        arguments = dict(node.params)
        fields = node.spec.input_record.model_fields.keys() - {"extra"}
        extra: dict[str, Any] = {}
        for binding in node.bindings:
            value = self._value_at(binding, path)
            if value is ABSENT:
                return None
            if binding.port not in fields:
                extra[binding.port] = value
            elif value is not None or _takes_null(node, binding.port):
                arguments[binding.port] = _as_declared(node, binding.port, value)
        if extra:
            arguments["extra"] = extra
        return arguments

    def _value_at(self, binding: Binding, path: Path) -> Any:
        if not binding.many:
            (source,), (depth,), (gaps,) = binding.sources, binding.depths, binding.gaps
            return self._source_value(source, depth, gaps, path)
        found = [
            self._source_value(source, depth, gaps, path)
            for source, depth, gaps in zip(
                binding.sources, binding.depths, binding.gaps, strict=True
            )
        ]
        present = [value for value in found if value is not ABSENT]
        if not present:
            return ABSENT
        if not binding.spread:
            return present
        return [
            item for value in present for item in (value if isinstance(value, list) else [value])
        ]

    def _source_value(self, source: Source, depth: int, gaps: int, path: Path) -> Any:
        place = (source.node, source.port)
        if place in self.values:
            return self.values[place]  # of this segment: already the element at `path`
        value = self.outer[place]
        for index in path[:depth]:
            if value is ABSENT:
                return ABSENT
            value = value[index]
        return without_holes(value, gaps) if gaps else value


@dataclass(slots=True)
class _Gathered:
    """Joins the outcomes of a mapped node's elements into one."""

    node: ResolvedNode
    plan: Plan
    outcome: NodeOutcome = field(init=False)
    has_run: bool = False

    def __post_init__(self) -> None:
        ports = self.node.out_kinds
        measured = [port for port in ports if (self.node.id, port) in self.plan.measured]
        self.outcome = NodeOutcome(self.node.id, NodeStatus.SKIPPED)
        self.outcome.outputs = {port: [] for port in ports}
        self.outcome.lengths = {port: [] for port in measured}

    def add(self, element: NodeOutcome) -> None:
        """Append one element's outputs."""
        self.has_run = True
        self.outcome.started_at = self.outcome.started_at or element.started_at
        self.outcome.finished_at = element.finished_at or self.outcome.finished_at
        for port, items in self.outcome.outputs.items():
            items.append(element.outputs.get(port, ABSENT))
        for port, shapes in self.outcome.lengths.items():
            shapes.append(element.lengths.get(port))
        self.outcome.credits += element.credits
        if element.error is not None:
            self.outcome.status, self.outcome.error = NodeStatus.FAILED, element.error
        elif element.status == NodeStatus.COMPLETED and self.outcome.error is None:
            self.outcome.status = NodeStatus.COMPLETED

    def whole(self) -> NodeOutcome:
        """Return the joined outcome; what none of the elements gave is absent."""
        self.outcome.absent = [
            port
            for port, items in self.outcome.outputs.items()
            if all(item is ABSENT for item in items)
        ]
        if self.outcome.error is not None:
            self.outcome.credits = 0  # a retry does all of these elements anew
        return self.outcome


def run_node(node: ResolvedNode, ctx: Context, args: Inputs) -> dict[str, Any]:
    """Run a node that does not suspend; return the outputs that it gave, by port.

    Raises:
        NodeFailed: the node says so.
    """
    return outputs_by_port(_drive(node.spec.node().run(ctx, args)))


def check_arguments(node: ResolvedNode, arguments: Mapping[str, Any]) -> Inputs:
    """Return a node's arguments as its record.

    Raises:
        NodeFailed: one is out of bounds.
    """
    _check_wired(node, arguments)
    try:
        return node.spec.input_record.model_validate(arguments, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise NodeFailed("invalid_value", f"{place}: {first['msg']}") from error


def outputs_by_port(outputs: Outputs) -> dict[str, Any]:
    """Return the outputs that a node gave; a port that it did not set is not among them."""
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


def _needed(plan: Plan, segment: Segment, taken_over: Collection[str]) -> Set[str]:
    """Return the nodes that have to run: those whose outcome is open, and what feeds them."""
    needed = set(segment.node_ids).difference(taken_over)
    for id_ in reversed(segment.node_ids):
        if id_ in needed:
            needed.update(source.node for b in plan.node(id_).bindings for source in b.sources)
    return needed


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
