"""Runs that a run's nodes start: `workflow.run` one, `loop.while` one for each round.

The task of such a node starts the child, and waits without a worker. The transaction that ends or
pauses the child, or lets it go on, makes the task ready again (`executor.services.waking`); whoever
claims it looks at the child, and goes on from there. Should that word ever be lost, the task wakes by
itself after `LOOK_AGAIN_S`.

Locks go up the tree: a child's row, its parent's, that one's parent's, then loads and tasks. So
nobody who holds a run's row or task may wait for the row of a child that others can see. Starting
one inserts it, `wait_for` locks the child first, and cancelling goes down the tree in a transaction
for each run (`executor.services.cancel`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from common import faults
from common.clock import SYSTEM_CLOCK, Clock
from common.ids import new_id
from executor.engine.known import behind
from executor.errors import LeaseLost
from executor.models import Execution, File
from executor.selectors.children import find_predecessor
from executor.selectors.planning import plan_of
from executor.selectors.routing import OWN
from executor.services.accept import PRICES, begin_run, price_run, store_run
from executor.services.claims import Claim, check_lease
from executor.services.files import keep_files
from executor.services.known import REDO
from executor.services.pausing import is_at_rest
from executor.services.results import open_transition
from executor.services.retry import nodes_without_files
from executor.services.transitions import lock_execution
from executor.services.waking import waiting_for
from executor.simulate.trouble import SIMULATE, asked_below
from executor.types import ExecutionStatus
from workflows.api import Callee, prices_below

LOOK_AGAIN_S = 300.0
REST_S = 3_600.0  # the same while a person is asked: to look, a paused run takes a place

_INHERITED = (
    "cache",
    "keep",
    "maxCredits",
)  # of the options; the rest is the parent's own business


def start_child(
    *,
    claim: Claim,
    parent: Execution,
    callee: Callee,
    inputs: Mapping[str, Any],
    iteration: int = 0,
    files: Sequence[File] = (),
    clock: Clock = SYSTEM_CLOCK,
) -> Execution:
    """Start a run for a task, and let go of the task until the run is over.

    Both or neither: a task never waits for a run that is not there, and never has two at once.
    `inputs` are in stored form, `files` rows that they name and that are not stored yet.

    Raises:
        LeaseLost: the task is somebody else's, or the parent is over; nothing was written.
    """
    child = _child(claim, parent, callee, inputs, iteration, clock)
    _take_over(child, claim, parent, clock)
    beginning = begin_run(child, plan_of(callee.version_id), inputs)
    (node_id,) = plan_of(parent.version_id).segments[claim.spec.segment].node_ids
    own = prices_below(parent.options.get(OWN, {}), node_id)
    price_run(beginning, prices_below(parent.options.get(PRICES, {}), node_id), own)
    with transaction.atomic():
        locked = lock_execution(parent.id)
        if locked is None or locked.status_is_final:
            raise LeaseLost(claim.task_id)
        check_lease(claim, waiting_for(LOOK_AGAIN_S, clock.now()))
        if files:
            keep_files(files, clock=clock)
        store_run(beginning)
        faults.point("call.before_commit")
    faults.point("call.after_commit")
    return child


def wait_for(*, claim: Claim, child_id: str, clock: Clock = SYSTEM_CLOCK) -> Execution | None:
    """Let go of a task whose run is still under way; returns the run if it is over instead.

    Where the run is paused, so is the parent, unless something else of it goes on.

    Raises:
        LeaseLost: the task is somebody else's, or the parent is over; nothing was written.
    """
    with transaction.atomic():
        child = lock_execution(child_id)
        if child is None or child.status_is_final:
            return child
        if is_at_rest(child):
            open_transition(claim, clock, waiting_for(REST_S, clock.now())).rest()
        else:
            check_lease(claim, waiting_for(LOOK_AGAIN_S, clock.now()))
    return None


def _child(
    claim: Claim,
    parent: Execution,
    callee: Callee,
    inputs: Mapping[str, Any],
    iteration: int,
    clock: Clock,
) -> Execution:
    return Execution(
        id=new_id("exec"),
        workspace_id=parent.workspace_id,
        workflow_id=callee.workflow_id,
        version_id=callee.version_id,
        version_number=callee.number,
        status=ExecutionStatus.QUEUED,
        mode=parent.mode,
        trigger=parent.trigger,
        key_id=parent.key_id,
        priority=parent.priority,
        inputs=inputs,
        options=_inherited(parent, claim),
        parent_id=parent.id,
        parent_task_id=claim.task_id,
        iteration=iteration,
        depth=parent.depth + 1,
        created_at=clock.now(),
    )


def _inherited(parent: Execution, claim: Claim) -> dict[str, Any]:
    """Return what a run takes over of the options, with the trouble that is asked for below."""
    options = {name: parent.options[name] for name in _INHERITED if name in parent.options}
    (node_id,) = plan_of(parent.version_id).segments[claim.spec.segment].node_ids
    asked = asked_below(parent.options.get(SIMULATE), node_id)
    return options if asked is None else {**options, SIMULATE: asked}


def _take_over(child: Execution, claim: Claim, parent: Execution, clock: Clock) -> None:
    """Make a run the retry of the one at its place in the run that the parent retries.

    If it does the same, and the parent does not do it anew. What had completed is taken over then.
    """
    plan = plan_of(parent.version_id)
    redone = behind(plan, parent.options.get(REDO, ()))
    if parent.retry_of is None or redone.intersection(plan.segments[claim.spec.segment].node_ids):
        return
    before = find_predecessor(parent, claim.spec, child.iteration)
    if before is not None and before.status_is_final and _does_the_same(before, child):
        child.retry_of = before.id
        child.options[REDO] = sorted(nodes_without_files(before, clock))


def _does_the_same(before: Execution, child: Execution) -> bool:
    return before.version_id == child.version_id and before.inputs == child.inputs
