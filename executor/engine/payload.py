"""The poll answer: the one place where a run's inside becomes its outside."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from common.clock import rfc3339
from executor.engine.codec import chunk_length, is_kept, join_chunks, nest_form, render
from executor.engine.measure import shape_of_node
from executor.engine.plan import Plan
from executor.engine.state import RunState
from executor.types import ExecutionStatus, NodeStatus
from workflows.catalogue.node import SIMULATED, CostClass
from workflows.graphs.resolved import ResolvedNode
from workflows.graphs.shapes import Shape, count

MediaUrl = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """What is stored of a node in one task: outputs by port in stored form, times as the API's text.

    A mapped node has a record for each chunk of its list, `start` giving the order; any other has
    one. `about` are further members of the node's entry, such as whose provider did it.
    """

    node_id: str
    start: int
    status: str
    outputs: Mapping[str, Any]
    error: Mapping[str, Any] | None = None
    credits: int = 0
    started_at: str | None = None
    finished_at: str | None = None
    cached: bool = False
    about: Mapping[str, Any] | None = None

    def as_json(self) -> list[Any]:
        """Return the record as JSON, without names: there are many of them."""
        rare = [self.cached, self.about] if self.about else [True] if self.cached else []
        return [
            self.node_id,
            self.start,
            self.status,
            self.outputs,
            self.error,
            self.credits,
            self.started_at,
            self.finished_at,
            *rare,
        ]

    @classmethod
    def from_json(cls, value: Sequence[Any]) -> "NodeRecord":
        """Read a record that `as_json` wrote."""
        return cls(*value)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What is stored of a run.

    `running` are the segments that a worker holds right now, `waiting` those that wait for another
    run or a person without one.
    """

    id: str
    status: str
    inputs: Mapping[str, Any]
    estimated_credits: int
    charged_credits: int
    error: Mapping[str, Any] | None
    started_at: datetime | None
    finished_at: datetime | None
    running: frozenset[int] = frozenset()
    waiting: frozenset[int] = frozenset()


class Presenter:
    """Shows one run; `media_url` gives the signed link of a file id.

    `called` are the credits of nodes that run other workflows, where the runs themselves told: such
    a node may have ended, or been cut short, without a record of its own. In test mode what stands
    in for a provider says so.
    """

    def __init__(
        self, plan: Plan, state: RunState, media_url: MediaUrl, *, is_test: bool = False
    ) -> None:
        self.plan = plan
        self.is_test = is_test
        self.state = state
        self.media_url = media_url
        self.called: Mapping[str, int] = {}
        self._shown: dict[tuple[str, str], dict[str, Any]] = {}

    def payload(self, run: RunRecord, records: Iterable[NodeRecord]) -> dict[str, Any]:
        """Return the poll answer."""
        by_node = _by_node(records)
        nodes = [
            self.node(
                node,
                by_node.get(node.id, ()),
                self._status(node, run, by_node.get(node.id, ())),
            )
            for node in self.plan.graph.nodes
        ]
        return {
            "executionId": run.id,
            "status": run.status,
            "progress": self._progress(run, nodes),
            "outputs": self._outputs(run, by_node),
            "nodes": nodes,
            "credits": {"estimated": run.estimated_credits, "charged": run.charged_credits},
            "error": run.error,
            "startedAt": rfc3339(run.started_at),
            "finishedAt": rfc3339(run.finished_at),
        }

    def output_forms(
        self, run: RunRecord, records: Iterable[NodeRecord]
    ) -> Mapping[str, Mapping[str, Any]]:
        """Return the outputs that are there by name, in stored form."""
        return self._output_forms(run, _by_node(records))

    def node(
        self, node: ResolvedNode, records: Sequence[NodeRecord], status: str
    ) -> dict[str, Any]:
        """Return one entry of `nodes`; the final answer shows most of them a second time."""
        place = (node.id, status)
        if place not in self._shown or node.id in self.called:
            self._shown[place] = self._node(node, records, status)
        return self._shown[place]

    def _node(
        self, node: ResolvedNode, records: Sequence[NodeRecord], status: str
    ) -> dict[str, Any]:
        chunks = sorted(records, key=lambda record: record.start)
        error = next((chunk.error for chunk in chunks if chunk.error), None)
        return {
            "nodeId": node.id,
            "type": node.spec.type,
            "label": node.label,
            "status": status,
            "progress": 1.0 if status == NodeStatus.COMPLETED else 0.0,
            "cached": bool(chunks) and all(chunk.cached for chunk in chunks),
            "credits": self.called.get(node.id, sum(chunk.credits for chunk in chunks)),
            "startedAt": min((c.started_at for c in chunks if c.started_at), default=None),
            "finishedAt": max((c.finished_at for c in chunks if c.finished_at), default=None)
            if status in _ENDED
            else None,
            "outputs": self._node_outputs(node, chunks) if status == NodeStatus.COMPLETED else {},
            "error": error,
            **_about(chunks),
            **self.marks(node.spec.cost, chunks),
        }

    def marks(self, cost: CostClass | None, chunks: Sequence[NodeRecord]) -> dict[str, Any]:
        """Return what marks a node of this cost class as simulated; nothing for any other."""
        has_run = any(chunk.status != NodeStatus.SKIPPED for chunk in chunks)
        return {"simulated": True} if self.is_test and has_run and cost in SIMULATED else {}

    def show(self, form: Mapping[str, Any]) -> Any:
        """Return a stored value as the API shows it."""
        return show_value(form, self.media_url)

    def _node_outputs(self, node: ResolvedNode, chunks: Sequence[NodeRecord]) -> dict[str, Any]:
        return {
            port: self.show(form)
            for port, form in self._forms_of(node, chunks).items()
            if is_kept(form) and not self.state.is_absent(node.id, port)
        }

    def _status(self, node: ResolvedNode, run: RunRecord, records: Sequence[NodeRecord]) -> str:
        segment = self.plan.segment_of.get(node.id)
        if segment not in self.state.open and node.id in self.state.statuses:
            return self.state.statuses[node.id]
        if records and node.space is None:
            return records[0].status  # stored by a task that goes on with its other nodes
        if segment in run.waiting and node.spec.meta.role == "review":
            return NodeStatus.PAUSED
        if segment in run.running or segment in run.waiting:
            return NodeStatus.RUNNING
        return NodeStatus.QUEUED if segment in self.state.open else NodeStatus.PENDING

    def _progress(self, run: RunRecord, nodes: list[dict[str, Any]]) -> float:
        if run.status == ExecutionStatus.COMPLETED:
            return 1.0
        given = {node.id for node in self.plan.inputs}  # there from the start, so no progress
        counted = [node for node in nodes if node["nodeId"] not in given]
        ended = sum(1 for node in counted if node["status"] in _ENDED)
        return round(ended / max(len(counted), 1), 3)

    def _outputs(
        self, run: RunRecord, by_node: Mapping[str, Sequence[NodeRecord]]
    ) -> dict[str, Any]:
        """Return the outputs that are there: all of a completed run, some of a failed one."""
        forms = self._output_forms(run, by_node)
        return {name: self.show(form) for name, form in forms.items()}

    def _output_forms(
        self, run: RunRecord, by_node: Mapping[str, Sequence[NodeRecord]]
    ) -> dict[str, Mapping[str, Any]]:
        found = {
            str(node.params["name"]): self._form_into(node, run, by_node)
            for node in self.plan.outputs
        }
        return {name: form for name, form in found.items() if form is not None}

    def _form_into(
        self,
        node: ResolvedNode,
        run: RunRecord,
        by_node: Mapping[str, Sequence[NodeRecord]],
    ) -> Mapping[str, Any] | None:
        source = node.bindings[0].sources[0]
        feeding = self.plan.node(source.node)
        if feeding.spec.meta.role == "input":
            form: Mapping[str, Any] | None = run.inputs.get(str(feeding.params["name"]))
            return form if form is None or "u" not in form else None
        if self.state.statuses.get(source.node) != NodeStatus.COMPLETED:
            return None
        if self.state.is_absent(source.node, source.port):
            return None
        chunks = sorted(by_node.get(source.node, ()), key=lambda record: record.start)
        return self._forms_of(feeding, chunks).get(source.port)

    def _forms_of(
        self, node: ResolvedNode, chunks: Sequence[NodeRecord]
    ) -> Mapping[str, Mapping[str, Any]]:
        return node_forms(node, chunks, shape_of_node(self.plan, self.state, node))


def show_value(form: Mapping[str, Any], media_url: MediaUrl) -> Any:
    """Return a stored value as the API shows it, wherever it does."""
    return render(form, partial(_shown_media, media_url=media_url))


def _shown_media(media: Mapping[str, Any], *, media_url: MediaUrl) -> dict[str, Any]:
    shown = {
        "kind": media["kind"],
        "fileId": media["file_id"],
        "url": media_url(media["file_id"]),
        # What lies there, which for a value between nodes is not yet its own format.
        "contentType": "image/png" if media.get("draft") else media["content_type"],
        "width": media.get("width"),
        "height": media.get("height"),
        "durationS": media.get("duration_s"),
        "bytes": media.get("bytes"),
    }
    return {name: value for name, value in shown.items() if value is not None}


_ENDED = frozenset(
    {NodeStatus.COMPLETED, NodeStatus.FAILED, NodeStatus.SKIPPED, NodeStatus.CANCELLED}
)


def _about(chunks: Sequence[NodeRecord]) -> Mapping[str, Any]:
    """Return what else is told of a node: of several elements, by the one that took a detour."""
    told = [chunk.about for chunk in chunks if chunk.about]
    detours = [about for about in told if about.get("route", {}).get("fallbackFrom")]
    return next(iter([*detours, *told]), {})


def _by_node(records: Iterable[NodeRecord]) -> dict[str, list[NodeRecord]]:
    by_node: dict[str, list[NodeRecord]] = {}
    for record in records:
        by_node.setdefault(record.node_id, []).append(record)
    return by_node


def node_forms(
    node: ResolvedNode, chunks: Sequence[NodeRecord], shape: Shape
) -> dict[str, Mapping[str, Any]]:
    """Return a node's stored outputs by port, those of a mapped node strung together.

    `shape` is that of `shape_of_node`: only the elements are stored that had a task, and this says
    which are missing between them, and which list inside the list each of them belongs to.
    """
    if node.space is None:
        return dict(chunks[0].outputs) if chunks else {}
    ports = {port for chunk in chunks for port in chunk.outputs}
    forms = {port: join_chunks(_with_gaps(chunks, port, count(shape))) for port in sorted(ports)}
    if node.depth < 2:
        return dict(forms)
    return {port: nest_form(form, shape) for port, form in forms.items()}


def _with_gaps(chunks: Sequence[NodeRecord], port: str, total: int) -> list[Mapping[str, Any]]:
    """Return an output's forms chunk by chunk, with holes for elements before, between and behind."""
    forms: list[Mapping[str, Any]] = []
    reached = 0
    for chunk in chunks:
        if port in chunk.outputs:
            if chunk.start > reached:
                forms.append({"l": [None] * (chunk.start - reached)})
            forms.append(chunk.outputs[port])
            reached = chunk.start + chunk_length(chunk.outputs[port])
    if total > reached:
        forms.append({"l": [None] * (total - reached)})
    return forms
