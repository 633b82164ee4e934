"""Keys of results: equal keys, equal results, so what was computed once need not be again.

A node's key is the SHA-256 of what the node is (type, version, parameters, how it is wired) and of
what arrives at it: the content of a value from outside of its segment, the key of the maker of one
from inside. So all keys of a task can be computed before any of its nodes has run. The key of a
mapped node is over the elements of one task alone: an element that changed changes no other's.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from executor.engine.digests import content_digest, list_digest
from executor.engine.measure import inner_shape
from executor.engine.plan import Plan, Segment
from executor.engine.state import RunState
from executor.engine.step import TaskSpec
from workflows.graphs.resolved import ResolvedNode, Source
from workflows.graphs.shapes import Path, element_at, paths

KEY_FORMAT = 1  # raise it when equal keys could mean something else than before

Place = tuple[str, str]
Forms = Mapping[Place, Mapping[str, Any]]


class KeyMaker:
    """Makes the keys of a run's nodes. `scope` parts what must never answer for each other.

    `forms` are the stored forms of what arrives from outside of a segment, by (node, port); what
    is not among them does not arrive. More may be added while the maker is in use.
    """

    def __init__(self, plan: Plan, forms: Forms, *, scope: str) -> None:
        self.plan = plan
        self.forms = forms
        self._scope = _scope_digest(scope)
        self._whole: dict[Place, bytes | None] = {}

    def keys(self, spec: TaskSpec, elements: Sequence[Path]) -> dict[str, str]:
        """Return the keys of a task's nodes by id; a node that cannot be cached has none.

        `elements` are where the task's elements are (`elements_of`).
        """
        segment = self.plan.segments[spec.segment]
        made: dict[str, bytes] = {}
        for id_ in segment.node_ids:
            key = self._key(self.plan.node(id_), segment, made, elements)
            if key is not None:
                made[id_] = key
        return {id_: key.hex() for id_, key in made.items()}

    def _key(
        self,
        node: ResolvedNode,
        segment: Segment,
        made: Mapping[str, bytes],
        elements: Sequence[Path],
    ) -> bytes | None:
        static = self.plan.node_digests[node.id]
        if static is None:
            return None
        parts = [self._scope, static]
        for binding in node.bindings:
            for source, depth in binding.wires:
                if self.plan.segment_of.get(source.node) == segment.index:
                    part = made.get(source.node)
                else:
                    part = self._outer(source, depth, elements)
                if part is None:
                    return None
                parts.append(part)
        return hashlib.sha256(b"".join(parts)).digest()

    def _outer(self, source: Source, depth: int, elements: Sequence[Path]) -> bytes | None:
        place = (source.node, source.port)
        form = self.forms.get(place)
        if depth and form is not None:
            return list_digest([element_at(form, path[:depth]) for path in elements])
        if place not in self._whole:
            self._whole[place] = content_digest(form)
        return self._whole[place]


def elements_of(
    plan: Plan, state: RunState, specs: Iterable[TaskSpec]
) -> dict[TaskSpec, Sequence[Path]]:
    """Return where the elements of tasks are, by the index on every level; unmapped: one empty path."""
    found: dict[TaskSpec, Sequence[Path]] = {}
    nested: dict[int, list[Path]] = {}
    for spec in specs:
        segment = plan.segments[spec.segment]
        if segment.space is None:
            found[spec] = ((),)
        elif len(segment.space) == 1:
            found[spec] = [(number,) for number in range(spec.start, spec.stop)]
        else:
            if segment.index not in nested:
                nested[segment.index] = list(paths(inner_shape(plan, state, segment)))
            found[spec] = nested[segment.index][spec.start : spec.stop]
    return found


@cache
def _scope_digest(scope: str) -> bytes:
    return hashlib.sha256(f"{KEY_FORMAT}:{scope}".encode()).digest()
