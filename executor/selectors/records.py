"""Rows to the engine's records and back, and the final answer of a run."""

from collections.abc import Iterable
from typing import Any

from common.http.rendering import render_json
from executor.engine.payload import NodeRecord, Presenter, RunRecord
from executor.engine.plan import Plan
from executor.engine.state import RunState
from executor.selectors.links import media_url
from executor.models import Execution, NodeRun


def run_record(execution: Execution, running: frozenset[int] = frozenset()) -> RunRecord:
    """Return what the presenter needs of an execution row."""
    return RunRecord(
        id=execution.id,
        status=execution.status,
        inputs=execution.inputs,
        estimated_credits=execution.estimated_credits,
        charged_credits=execution.charged_credits,
        error=execution.error,
        started_at=execution.started_at,
        finished_at=execution.finished_at,
        running=running,
    )


def node_record(row: NodeRun) -> NodeRecord:
    """Return what the presenter needs of a node run row."""
    return NodeRecord(
        row.node_id, row.start, row.status, row.outputs, row.error, row.credits,
        row.started_at, row.finished_at,
    )


def presenter_of(plan: Plan, state: RunState) -> Presenter:
    """Return a presenter whose links are ours."""
    return Presenter(plan, state, media_url)


def final_text(
    execution: Execution, plan: Plan, state: RunState, rows: Iterable[NodeRun]
) -> str:
    """Return the final answer as the text that poll, stream and callback all send."""
    payload: dict[str, Any] = presenter_of(plan, state).payload(
        run_record(execution), [node_record(row) for row in rows]
    )
    return render_json(payload).decode("utf-8")
