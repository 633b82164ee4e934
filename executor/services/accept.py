"""Accepting a run: checked, planned and stored in one transaction before anybody hears of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction

from common import faults, metrics
from common.clock import SYSTEM_CLOCK, Clock
from common.ids import new_id
from executor.engine.measure import input_shapes
from executor.engine.plan import Plan
from executor.engine.state import RunState
from executor.engine.step import Step, TaskSpec, begin
from executor.models import Execution
from executor.selectors.planning import plan_of
from executor.services.files import keep_files
from executor.services.inputs import InputReader, pending_urls
from executor.services.known import MISSED, Foreknown, take_known
from executor.services.shedding import shedder
from executor.services.transitions import FETCH_SEGMENT, Transition
from executor.types import Accepted, ExecutionRequest, ExecutionStatus, Trigger
from workflows.api import VersionRef, estimate_nodes, find_runnable, interface_of_version


def accept_execution(request: ExecutionRequest, *, clock: Clock = SYSTEM_CLOCK) -> Accepted:
    """Store a run that will reach exactly one final state; workers are rung on commit.

    Raises:
        NotFound: no such workflow or version here.
        NotPublished: nothing is published.
        InvalidGraph: a draft that has problems; no such node to run to.
        InvalidInputs: inputs that do not fit the version's interface.
        Unavailable: too many runs wait already.
    """
    shedder.check(request.trigger.priority)
    version = find_runnable(
        request.workspace_id, request.workflow_id, request.version, to_node=request.to_node
    )
    plan = plan_of(version.id)
    reader = InputReader(request.workspace_id, clock)
    given = {
        name: value for name, value in request.inputs.items() if name not in version.unused_inputs
    }
    inputs = reader.read(interface_of_version(version.id), given)
    execution = _execution(request, version, plan, inputs, clock)
    return accept_run(execution, plan, reader, inputs, clock=clock)


def accept_run(
    execution: Execution,
    plan: Plan,
    reader: InputReader,
    inputs: Mapping[str, Any],
    *,
    clock: Clock = SYSTEM_CLOCK,
) -> Accepted:
    """Store a run that was made ready, with the files that its reader took in."""
    beginning = begin_run(execution, plan, inputs)
    try:
        with transaction.atomic():
            if reader.files:
                keep_files(reader.files, clock=clock)
            store_run(beginning)
            faults.point("accept.before_commit")
    except (OperationalError, InterfaceError):
        if not _is_stored_all_the_same(execution.id):
            raise
    metrics.run_accepted(Trigger(execution.trigger), execution.estimated_credits)
    faults.point("accept.after_commit")
    return Accepted(
        execution.id,
        execution.workflow_id,
        execution.version_number,
        execution.estimated_credits,
        execution.created_at,
    )


def _is_stored_all_the_same(execution_id: str) -> bool:
    """Say whether a run is there whose commit got no answer: the connection may break after it.

    To refuse it would have the caller send it again, and it would run twice. Nobody was rung; the
    sweep will.
    """
    if connection.in_atomic_block:
        return False
    connection.close()
    return Execution.objects.across_workspaces().filter(pk=execution_id).exists()


def first_step(plan: Plan, state: RunState, inputs: Mapping[str, Any]) -> Step:
    """Return what a run begins with, once its inputs are there."""
    return begin(plan, state, input_shapes(plan, inputs))


@dataclass(frozen=True, slots=True)
class Beginning:
    """A run that is not stored yet, and what it begins with."""

    execution: Execution
    plan: Plan
    state: RunState
    step: Step
    known: Foreknown


def begin_run(
    execution: Execution, plan: Plan, inputs: Mapping[str, Any], *, peeks: bool = False
) -> Beginning:
    """Return what a new run begins with, beyond what is known of it; stores nothing of the run.

    With `peeks` it stays so, and nothing that is known counts as used.
    """
    state, known = RunState(), Foreknown()
    if pending_urls(inputs) and not peeks:
        step = Step(ready=[TaskSpec(FETCH_SEGMENT)])
    else:
        step = first_step(plan, state, inputs)
        known = take_known(execution, plan, state, step, now=execution.created_at, peeks=peeks)
    if known.missed:
        execution.options[MISSED] = sorted(known.missed)
    return Beginning(execution, plan, state, step, known)


def store_run(beginning: Beginning) -> None:
    """Insert a run with its first tasks; one with nothing to compute is finished at once.

    Inside the caller's transaction.
    """
    change = Transition(
        beginning.execution,
        beginning.plan,
        beginning.state,
        beginning.execution.created_at,
        is_whole=True,
        is_new=True,
        known=beginning.known.records,
        has_place=False,
    )
    change.apply(beginning.step)
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
            "keep": "all" if request.to_node is not None else request.keep,
            "maxCredits": request.max_credits,
        },
        metadata=request.metadata,
        callback_url=request.callback_url or version.callback_url,
        estimated_credits=estimated,
        created_at=clock.now(),
    )
