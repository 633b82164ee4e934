"""Results that are known before a task runs: what of them is whole, and what follows from it."""

from collections import ChainMap
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from executor.engine.codec import ABSENT, decode, is_kept, without_holes
from executor.engine.keys import Forms
from executor.engine.measure import stored_shapes
from executor.engine.payload import NodeRecord
from executor.engine.plan import Plan, binding_sources
from executor.engine.segment import NodeOutcome
from executor.engine.step import TaskResult, TaskSpec
from executor.types import NodeStatus
from workflows.graphs.resolved import ResolvedNode

Outputs = Mapping[str, Mapping[str, Any]]  # stored forms by port
Place = tuple[str, str]


def whole_records(
    plan: Plan, spec: TaskSpec, known: Mapping[str, Outputs], forms: Forms, at: str
) -> list[NodeRecord] | None:
    """Return the records of a task all of whose nodes are known, None if one would have to run.

    `known` are outputs by node; `forms` what arrives from outside of the segment.
    Nodes on a branch that was not taken need not be known: they are skipped again.
    """
    records: list[NodeRecord] = []
    segment = plan.segments[spec.segment]
    made: dict[Place, Any] = {}
    arriving = ChainMap(made, dict(forms)) if segment.space is None else made
    for id_ in segment.node_ids:
        node = plan.node(id_)
        if node.space is None and _is_skipped(node, arriving):
            records.append(NodeRecord(id_, spec.start, NodeStatus.SKIPPED, {}))
            continue
        if id_ not in known:
            return None
        record = known_record(node, spec, known[id_], at)
        made |= {(id_, port): form for port, form in record.outputs.items()}
        records.append(record)
    return records


def known_record(node: ResolvedNode, spec: TaskSpec, outputs: Outputs, at: str) -> NodeRecord:
    """Return the record of a node whose outputs are known: it costs nothing, and takes no time."""
    status = NodeStatus.COMPLETED
    if node.space is not None and len(_empty_ports(node, outputs)) == len(node.out_kinds):
        status = NodeStatus.SKIPPED  # for each of the task's elements
    return NodeRecord(node.id, spec.start, status, outputs, None, 0, at, at, cached=True)


def empty_record(node: ResolvedNode, at: str | None = None) -> NodeRecord:
    """Return the record of a mapped node that had no elements to run for."""
    outputs: Outputs = {port: {"v": []} for port in node.out_kinds}
    return NodeRecord(node.id, 0, NodeStatus.COMPLETED, outputs, None, 0, at, at)


def known_outcome(plan: Plan, record: NodeRecord, now: datetime) -> NodeOutcome:
    """Return a known record as the outcome of a node in a task that a worker has begun."""
    node = plan.node(record.node_id)
    return NodeOutcome(
        node.id,
        NodeStatus(record.status),
        outputs={port: decode(form) for port, form in record.outputs.items()},
        absent=_empty_ports(node, record.outputs),
        lengths=stored_shapes(plan, node, record.outputs),
        started_at=now if record.cached else None,
        finished_at=now if record.cached else None,
        cached=record.cached,
    )


def values_of(record: NodeRecord) -> Mapping[str, Any] | None:
    """Return the outputs of a stored node as values; None if some were not kept."""
    if not all(map(is_kept, record.outputs.values())):
        return None
    return {port: decode(form) for port, form in record.outputs.items()}


def result_of(plan: Plan, records: Collection[NodeRecord]) -> TaskResult:
    """Return what the records of a whole task, none of them failed, mean for the run."""
    absent: dict[str, list[str]] = {}
    lengths: dict[str, Any] = {}
    for record in records:
        node = plan.node(record.node_id)
        empty = _empty_ports(node, record.outputs)
        if empty and record.status == NodeStatus.COMPLETED:
            absent[node.id] = empty
        shapes = stored_shapes(plan, node, record.outputs)
        lengths |= {f"{node.id}.{port}": shape for port, shape in shapes.items()}
    statuses = {record.node_id: NodeStatus(record.status) for record in records}
    return TaskResult(statuses, absent, lengths)


def is_of_task(node: ResolvedNode, spec: TaskSpec, outputs: Outputs) -> bool:
    """Say whether outputs are for all elements of a task, and for no others."""
    if node.space is None:
        return True
    wanted = spec.stop - spec.start
    return outputs.keys() == node.out_kinds.keys() and all(
        len(form["l"] if "l" in form else form["v"]) == wanted for form in outputs.values()
    )


def behind(plan: Plan, roots: Collection[str]) -> frozenset[str]:
    """Return these nodes and all that depend on them."""
    found = set(roots)
    for node in plan.graph.nodes:
        if not found.isdisjoint(binding_sources(node.bindings)):
            found.add(node.id)
    return frozenset(found)


def _is_skipped(node: ResolvedNode, arriving: Forms) -> bool:
    return any(
        not any(
            _gives(arriving.get((source.node, source.port)), gaps)
            for source, gaps in zip(binding.sources, binding.gaps, strict=True)
        )
        for binding in node.bindings
    )


def _gives(form: Mapping[str, Any] | None, gaps: int) -> bool:
    """Say whether something arrives: not of a list all of whose elements are missing."""
    if form is None or not gaps:
        return form is not None
    return without_holes(decode(form), gaps) is not ABSENT


def _empty_ports(node: ResolvedNode, outputs: Outputs) -> list[str]:
    """Return the ports that gave nothing; of a mapped node, for none of the task's elements."""
    if node.space is None:
        return [port for port in node.out_kinds if port not in outputs]
    return [
        port
        for port in node.out_kinds
        if port not in outputs or all(item is None for item in outputs[port].get("l", (1,)))
    ]
