"""The lengths of lists that are mapped over: taken where a list is made, looked up where it is used."""

from collections.abc import Mapping
from functools import reduce
from typing import Any

from executor.engine.plan import Plan, Segment
from executor.engine.state import RunState
from workflows.graphs.resolved import ResolvedNode, Source
from workflows.graphs.shapes import Path, Shape, cut, fill, join, paths, shape_of_form


def input_shapes(plan: Plan, inputs: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Shape]:
    """Return the shapes of a run's input lists that something is mapped over, by `node.port`."""
    shapes: dict[str, Shape] = {}
    for node in plan.inputs:
        form = inputs.get(str(node.params["name"]))
        levels = plan.measured.get((node.id, "value"))
        if form is not None and levels:
            shapes[f"{node.id}.value"] = shape_of_form(form, levels)
    return shapes


def stored_shapes(
    plan: Plan, node: ResolvedNode, outputs: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what a node's stored outputs say of the lists that must be measured, by port.

    Of a mapped node it is a list, with the shape for each of its runs.
    """
    shapes: dict[str, Any] = {}
    for port, form in outputs.items():
        levels = plan.measured.get((node.id, port))
        if levels is None:
            continue
        if node.space is None:
            shapes[port] = shape_of_form(form, levels)
        else:
            runs = form["l"] if "l" in form else [{"v": item} for item in form["v"]]
            shapes[port] = [run and shape_of_form(run, levels) for run in runs]
    return shapes


def shape_of_segment(plan: Plan, state: RunState, segment: Segment) -> Shape:
    """Return the shape of the lists that a segment is mapped over; null when none is known.

    A list in which nothing arrived has a shape all the same: elsewhere something may have.

    Raises:
        ShapesDiffer: lists that go together do not fit.
    """
    lists = plan.outer_lists(segment)
    shapes = (cut(state.lengths.get(f"{node}.{port}"), depth) for node, port, depth in lists)
    return fill(reduce(join, shapes, None), len(segment.space or ()))


def inner_shape(plan: Plan, state: RunState, segment: Segment) -> Shape:
    """Return the shape of a segment where it says more than the elements' numbers; else null.

    It does for lists inside lists, and for costly nodes, some of whose elements have no task.
    """
    levels = len(segment.space or ())
    if levels == 0 or (levels == 1 and segment.cost == "inline"):
        return None
    return shape_of_segment(plan, state, segment)


def live_elements(plan: Plan, state: RunState, segment: Segment, shape: Shape) -> list[int]:
    """Return the numbers of the elements for which everything that a costly node needs has come."""
    (id_,) = segment.node_ids
    bindings = plan.node(id_).bindings
    return [
        number
        for number, path in enumerate(paths(shape))
        if all(
            any(_is_there(state, source, path[:depth]) for source, depth in binding.wires)
            for binding in bindings
        )
    ]


def _is_there(state: RunState, source: Source, path: Path) -> bool:
    """Say whether an element of a list came, as far as its shape tells."""
    if state.is_absent(source.node, source.port):
        return False
    if not path:
        return True
    shape = state.lengths.get(f"{source.node}.{source.port}")
    for index in path:
        if not isinstance(shape, list):
            break
        shape = shape[index]
    return shape is not None


def shape_of_node(plan: Plan, state: RunState, node: ResolvedNode) -> Shape:
    """Return `inner_shape` for a node: what its runs are to be laid out by, if by anything."""
    if node.space is None:
        return None
    return inner_shape(plan, state, plan.segments[plan.segment_of[node.id]])
