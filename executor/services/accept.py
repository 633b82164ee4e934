"""Accepting a run: checked, planned and stored in one transaction before anybody hears of it."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from common import faults
from common.clock import SYSTEM_CLOCK, Clock
from common.ids import new_id
from common.sql import insert_rows
from executor.engine.codec import is_list_form, length_of
from executor.engine.plan import Plan
from executor.engine.state import RunState
from executor.engine.step import Step, TaskSpec, begin
from executor.models import Execution
from executor.selectors.planning import plan_of
from executor.services.inputs import InputReader, pending_urls
from executor.services.shedding import shedder
from executor.services.transitions import FETCH_SEGMENT, Transition
from executor.types import Accepted, ExecutionRequest, ExecutionStatus
from workflows.api import VersionRef, estimate_nodes, find_runnable, interface_of_version


def accept_execution(request: ExecutionRequest, *, clock: Clock = SYSTEM_CLOCK) -> Accepted:
    """Store a run that will reach exactly one final state; workers are rung on commit.

    Raises:
        NotFound: no such workflow or version here.
        NotPublished: nothing is published.
        InvalidGraph: a draft that has problems.
        InvalidInputs: inputs that do not fit the version's interface.
        Unavailable: too many runs wait already.
    """
    shedder.check(request.trigger.priority)
    version = find_runnable(request.workspace_id, request.workflow_id, request.version)
    plan = plan_of(version.id)
    reader = InputReader(request.workspace_id, clock)
    inputs = reader.read(interface_of_version(version.id), request.inputs)
    execution = _execution(request, version, plan, inputs, clock)
    with transaction.atomic():
        if reader.files:
            insert_rows(reader.files)
        _start(execution, plan, inputs)
        faults.point("accept.before_commit")
    faults.point("accept.after_commit")
    return Accepted(
        execution.id,
        version.workflow_id,
        version.number,
        execution.estimated_credits,
        execution.created_at,
    )


def first_step(plan: Plan, state: RunState, inputs: Mapping[str, Any]) -> Step:
    """Return what a run begins with, once its inputs are there."""
    lengths = {
        f"{node.id}.value": length_of(form)
        for node in plan.inputs
        if (form := inputs.get(str(node.params["name"]))) is not None and is_list_form(form)
    }
    return begin(plan, state, lengths)


def _start(execution: Execution, plan: Plan, inputs: Mapping[str, Any]) -> None:
    """Insert the run with its first tasks; one with nothing to compute is finished at once."""
    state = RunState()
    if pending_urls(inputs):
        step = Step(ready=[TaskSpec(FETCH_SEGMENT)])
    else:
        step = first_step(plan, state, inputs)
    execution.state = state.as_json()
    insert_rows([execution])
    change = Transition(
        execution, plan, state, execution.created_at, is_whole=True, is_new=True, has_place=False
    )
    change.apply(step)
    if change.records or change.events:
        change.write()


def _execution(
    request: ExecutionRequest,
    version: VersionRef,
    plan: Plan,
    inputs: Mapping[str, Any],
    clock: Clock,
) -> Execution:
    estimated = sum(node.credits for node in estimate_nodes(plan.graph))
    return Execution(
        id=new_id("exec"),
        workspace_id=request.workspace_id,
        workflow_id=version.workflow_id,
        version_id=version.id,
        version_number=version.number,
        status=ExecutionStatus.QUEUED,
        priority=request.trigger.priority,
        mode=request.mode,
        trigger=request.trigger,
        key_id=request.key_id,
        inputs=inputs,
        options={
            "cache": request.cache,
            "keep": request.keep,
            "maxCredits": request.max_credits,
        },
        metadata=request.metadata,
        callback_url=request.callback_url or version.callback_url,
        estimated_credits=estimated,
        created_at=clock.now(),
    )
