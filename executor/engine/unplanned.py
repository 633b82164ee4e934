"""Showing a run whose plan can no longer be made, as when a node type was withdrawn meanwhile."""

from collections.abc import Iterable, Mapping
from typing import Any

from executor.engine.codec import is_kept
from executor.engine.payload import MediaUrl, NodeRecord, Presenter, RunRecord
from executor.engine.plan import Plan
from executor.engine.state import RunState
from executor.types import FINAL_STATUSES, NodeStatus
from workflows.graphs.resolved import ResolvedGraph

NO_PLAN = Plan(ResolvedGraph(()), ())


class StoredPresenter(Presenter):
    """Shows what is stored, without a plan to say what it means; `types` are node types by node.

    Outputs are left out: which node gives which cannot be told any more.
    """

    def __init__(
        self,
        types: Mapping[str, str],
        state: RunState,
        media_url: MediaUrl,
        *,
        is_test: bool = False,
    ) -> None:
        super().__init__(NO_PLAN, state, media_url, is_test=is_test)
        self._types = types

    def payload(self, run: RunRecord, records: Iterable[NodeRecord]) -> dict[str, Any]:
        """Return the poll answer."""
        stored: dict[str, list[NodeRecord]] = {node_id: [] for node_id in self._types}
        for record in records:
            stored.setdefault(record.node_id, []).append(record)
        default = NodeStatus.CANCELLED if run.status in FINAL_STATUSES else NodeStatus.PENDING
        nodes = [self._stored_node(node, chunks, default) for node, chunks in stored.items()]
        return {**super().payload(run, ()), "nodes": nodes}

    def _stored_node(self, node_id: str, chunks: list[NodeRecord], default: str) -> dict[str, Any]:
        status = chunks[0].status if chunks else self.state.statuses.get(node_id, default)
        is_whole = len(chunks) == 1  # the parts of a mapped node cannot be put together
        is_model = self._types.get(node_id, "").startswith("model.")
        return {
            "nodeId": node_id,
            "type": self._types.get(node_id, ""),
            "label": None,
            "status": status,
            "progress": 1.0 if status == NodeStatus.COMPLETED else 0.0,
            "cached": bool(chunks) and all(chunk.cached for chunk in chunks),
            "credits": sum(chunk.credits for chunk in chunks),
            "startedAt": min((c.started_at for c in chunks if c.started_at), default=None),
            "finishedAt": max((c.finished_at for c in chunks if c.finished_at), default=None),
            "outputs": self._stored_outputs(chunks[0]) if is_whole else {},
            "error": next((chunk.error for chunk in chunks if chunk.error), None),
            **self.marks("remote" if is_model else None, chunks),
        }

    def _stored_outputs(self, record: NodeRecord) -> dict[str, Any]:
        return {port: self.show(form) for port, form in record.outputs.items() if is_kept(form)}
