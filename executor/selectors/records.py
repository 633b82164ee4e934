"""Rows to the engine's records and back, and the final answer of a run."""

from collections.abc import Iterable

from executor.engine.payload import NodeRecord, Presenter, RunRecord
from executor.engine.plan import Plan
from executor.engine.state import RunState
from executor.engine.unplanned import StoredPresenter
from executor.models import Execution, NodeResults
from executor.selectors.links import media_url
from executor.selectors.planning import find_plan
from workflows.api import node_types_of_version


def run_record(
    execution: Execution,
    running: frozenset[int] = frozenset(),
    waiting: frozenset[int] = frozenset(),
) -> RunRecord:
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
        waiting=waiting,
    )


def records_of(rows: Iterable[NodeResults]) -> list[NodeRecord]:
    """Return the records in stored rows."""
    return [NodeRecord.from_json(item) for row in rows for item in row.items]


def presenter_of(execution: Execution, plan: Plan, state: RunState) -> Presenter:
    """Return a presenter whose links are ours."""
    return Presenter(plan, state, media_url, is_test=execution.mode == "test")


def presenter_without_plan(execution: Execution, state: RunState) -> Presenter:
    """Return a presenter for a run of a version whose plan can no longer be made."""
    types = node_types_of_version(execution.version_id)
    return StoredPresenter(types, state, media_url, is_test=execution.mode == "test")


def find_presenter(execution: Execution) -> Presenter:
    """Return the presenter of a run, with its version's plan where there still is one."""
    plan, state = find_plan(execution.version_id), RunState.from_json(execution.state)
    if plan is None:
        return presenter_without_plan(execution, state)
    return presenter_of(execution, plan, state)
