"""Reads of runs: the poll answer in two statements, events onwards from a number."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from common.clock import rfc3339
from common.fetch import redact_url
from common.http.rendering import render_json
from common.sql import columns_of, read_row, select_rows, select_values
from executor import conf
from executor.engine.measure import shape_of_node
from executor.engine.payload import NodeRecord, node_forms
from executor.engine.plan import Plan
from executor.engine.state import RunState
from executor.errors import ExecutionNotFound
from executor.models import Execution, ExecutionEvent, NodeResults
from executor.selectors.records import find_presenter, records_of, run_record
from executor.selectors.reviews import with_reviews
from executor.types import DRAFT, FINAL_STATUSES, ExecutionStatus, TaskState


@dataclass(frozen=True, slots=True)
class PollAnswer:
    """A poll's body, already JSON, and whether it can still change."""

    body: bytes
    status: ExecutionStatus

    @property
    def is_final(self) -> bool:
        """Say whether the run is over."""
        return self.status.is_final


def get_poll_answer(workspace_id: str, execution_id: str) -> PollAnswer:
    """Return the poll answer: one statement for a finished run, two for any other.

    Raises:
        ExecutionNotFound: no such run here.
    """
    with connection.cursor() as cursor:
        cursor.execute(_poll_sql(), (execution_id, workspace_id))
        values = cursor.fetchone()
    if values is None:
        raise ExecutionNotFound
    status, final_payload, running, *columns = values
    if final_payload is not None:
        return PollAnswer(final_payload.encode("utf-8"), ExecutionStatus(status))
    payload = _payload(read_row(Execution, columns), running)
    return PollAnswer(render_json(payload), ExecutionStatus(status))


def get_status(workspace_id: str, execution_id: str) -> ExecutionStatus:
    """Return a run's status alone.

    Raises:
        ExecutionNotFound: no such run here.
    """
    found = select_values(
        Execution, ("status",), {"pk": execution_id, "workspace_id": workspace_id}
    )
    if found is None:
        raise ExecutionNotFound
    return ExecutionStatus(found[0])


def get_mode(workspace_id: str, execution_id: str) -> str:
    """Return whether a run is `live` or `test`.

    Raises:
        ExecutionNotFound: no such run here.
    """
    rows = Execution.objects.of(workspace_id).filter(pk=execution_id)
    mode = rows.values_list("mode", flat=True).first()
    if mode is None:
        raise ExecutionNotFound
    return mode


def get_execution_json(workspace_id: str, execution_id: str) -> dict[str, Any]:
    """Return the poll answer with what a run was given: inputs, metadata, trigger, version.

    Raises:
        ExecutionNotFound: no such run here.
    """
    execution = Execution.objects.of(workspace_id).filter(pk=execution_id).first()
    if execution is None:
        raise ExecutionNotFound
    payload = json.loads(get_poll_answer(workspace_id, execution_id).body)
    return {
        **payload,
        "workflowId": execution.workflow_id,
        "version": execution.version_number or DRAFT,
        "trigger": execution.trigger,
        "mode": execution.mode,
        "inputs": shown_inputs(execution),
        "metadata": execution.metadata,
        "createdAt": rfc3339(execution.created_at),
    }


def shown_inputs(execution: Execution) -> dict[str, Any]:
    """Return what a run was given as the API shows it, files as signed links."""
    show = find_presenter(execution).show
    return {name: _shown_input(form, show) for name, form in execution.inputs.items()}


def list_events(
    execution_id: str, *, since: int, max_rows: int | None = None
) -> list[dict[str, Any]]:
    """Return the events after number `since`, as `{seq, type, data}` in order.

    Of the first `max_rows` commits only, each of which has at least one.
    """
    rows = ExecutionEvent.objects.filter(execution_id=execution_id, last_seq__gt=since)
    found = _numbered(rows.order_by("first_seq")[:max_rows], execution_id)
    return [event for event in found if event["seq"] > since]


def get_event_seq(workspace_id: str, execution_id: str) -> int:
    """Return the number of a run's newest event.

    Raises:
        ExecutionNotFound: no such run here.
    """
    rows = Execution.objects.of(workspace_id).filter(pk=execution_id)
    seq = rows.values_list("event_seq", flat=True).first()
    if seq is None:
        raise ExecutionNotFound
    return seq


def get_snapshot(workspace_id: str, execution_id: str) -> tuple[int, bytes, bool]:
    """Return a run's newest event number, its poll answer as it was then, and whether it is final.

    The number is read first: an event that comes in between is shown twice rather than not at all.

    Raises:
        ExecutionNotFound: no such run here.
    """
    seq = get_event_seq(workspace_id, execution_id)
    answer = get_poll_answer(workspace_id, execution_id)
    return seq, answer.body, answer.is_final


def get_execution_row(execution_id: str) -> Execution:
    """Return a run's row, for the engine."""
    return Execution.objects.across_workspaces().get(pk=execution_id)


def list_records(
    execution_id: str, *, segments: Collection[int], start: int | None = None
) -> list[NodeRecord]:
    """Return what is stored of the nodes of these segments (of one task's elements), in order."""
    rows = NodeResults.objects.filter(execution_id=execution_id, segment__in=segments)
    if start is not None:
        rows = rows.filter(start=start)
    # What was known beforehand lies in one row, whichever elements it is of.
    return sorted(records_of(rows.order_by("start", "part")), key=lambda record: record.start)


def get_node_forms(
    execution_id: str, plan: Plan, state: RunState, nodes: Collection[str]
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the stored outputs of these nodes by (node, port), mapped ones strung together.

    What a node did not give, or a mapped one for none of its elements, is left out.
    """
    chunks: dict[str, list[NodeRecord]] = {}
    segments = {plan.segment_of[node] for node in nodes}
    for record in list_records(execution_id, segments=segments):
        if record.node_id in nodes:
            chunks.setdefault(record.node_id, []).append(record)
    return {
        (node_id, port): form
        for node_id, records in chunks.items()
        for port, form in _forms_of(plan, state, node_id, records).items()
        if not state.is_absent(node_id, port)
    }


def _forms_of(
    plan: Plan, state: RunState, node_id: str, records: Sequence[NodeRecord]
) -> Mapping[str, Mapping[str, Any]]:
    node = plan.node(node_id)
    return node_forms(node, records, shape_of_node(plan, state, node))


def list_final_among(execution_ids: Collection[str]) -> list[str]:
    """Return which of these runs are over, for the watch of a worker process; one parameter."""
    ids = list(execution_ids)
    with connection.cursor() as cursor:
        cursor.execute(_final_sql(), [ids if conf.is_postgres() else json.dumps(ids)])
        return [id_ for (id_,) in cursor.fetchall()]


@cache
def _final_sql() -> str:
    """Return the watch's statement; thousands of ids would cost Django more than the database."""
    among = "= ANY(%s)" if conf.is_postgres() else "IN (SELECT value FROM json_each(%s))"
    final = ", ".join(f"'{status}'" for status in FINAL_STATUSES)
    return f"SELECT id FROM executor_execution WHERE id {among} AND status IN ({final})"  # noqa: S608


@cache
def _poll_sql() -> str:
    """Return the poll's first statement: the row, and which of its segments are under way."""
    place = "t.segment || ':' || t.state"
    joined = f"STRING_AGG({place}, ',')" if conf.is_postgres() else f"GROUP_CONCAT({place})"
    return (
        f"SELECT e.status, e.final_payload, (SELECT {joined} FROM executor_task t "  # noqa: S608
        f"WHERE t.execution_id = e.id AND t.state IN ('{TaskState.RUNNING}', "
        f"'{TaskState.WAITING}')), "
        f"{columns_of(Execution, 'e')} FROM executor_execution e "
        "WHERE e.id = %s AND e.workspace_id = %s"
    )


def _payload(execution: Execution, held: str | None) -> dict[str, Any]:
    """Return the answer of a run that is not over; `held` is as "1:running,4:waiting"."""
    presenter = find_presenter(execution)
    plan = presenter.plan
    places = [place.split(":") for place in (held or "").split(",") if place]
    running, waiting = (
        frozenset(int(segment) for segment, state in places if state == wanted)
        for wanted in (TaskState.RUNNING, TaskState.WAITING)
    )
    records = records_of(select_rows(NodeResults, {"execution_id": execution.id}))
    payload = presenter.payload(run_record(execution, running, waiting), records)
    asking = plan.reviews & waiting
    with_reviews(payload, execution.id, {id_ for s in asking for id_ in plan.segments[s].node_ids})
    return payload


def _shown_input(form: Mapping[str, Any], show: Any) -> Any:
    """Show an input; of a URL that a worker has yet to fetch, without its query (it may be secret)."""
    if "l" in form:
        return [_shown_input(item, show) for item in form["l"] if item is not None]
    return {"url": redact_url(form["u"]["url"])} if "u" in form else show(form)


def _numbered(rows: QuerySet[ExecutionEvent], execution_id: str) -> Iterator[dict[str, Any]]:
    for row in rows:
        for offset, item in enumerate(row.items):
            data = item["data"]
            if item["type"] == "final":
                data = json.loads(get_execution_row(execution_id).final_payload or "null")
            yield {"seq": row.first_seq + offset, "type": item["type"], "data": data}
