"""Accepting a run: checked, planned and stored in one transaction before anybody hears of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction

from billing.api import (
    InsufficientCredits,
    NodePrice,
    OverMaxCredits,
    RunRequest,
    count_execution,
    get_balance,
    month_of,
    reserve_run,
)
from common import faults, metrics
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import InvalidGraph, InvalidInputs
from common.ids import new_id
from executor.engine.measure import input_shapes
from executor.engine.plan import Plan
from executor.engine.state import RunState
from executor.engine.step import Step, TaskSpec, begin
from executor.models import Execution
from executor.selectors.planning import plan_of
from executor.selectors.routing import OWN, Fees, find_payers, own_prices
from executor.services.charges import CAPPED_MONTH
from executor.services.files import keep_files
from executor.services.inputs import InputReader, pending_urls
from executor.services.known import MISSED, Foreknown, take_known
from executor.services.shedding import shedder
from executor.services.transitions import FETCH_SEGMENT, Transition
from executor.simulate.trouble import SIMULATE, problems_with
from executor.types import Accepted, Caller, ExecutionRequest, ExecutionStatus, NodeStatus, Trigger
from workflows.api import (
    VersionRef,
    estimate_run,
    find_runnable,
    frozen_prices,
    interface_of_version,
)
from workflows.catalogue.node import SIMULATED

# In `Execution.options`: what the nodes with a price cost, as it was when the run was accepted.
PRICES = "prices"

OnStore = Callable[[Accepted], None]


def accept_execution(
    request: ExecutionRequest,
    *,
    on_store: OnStore | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Accepted:
    """Store a run that will reach exactly one final state; workers are rung on commit.

    `on_store` is called first inside the transaction that stores it.

    Raises:
        NotFound: no such workflow or version here.
        NotPublished: nothing is published.
        InvalidGraph: a draft that has problems; no such node to run to; a model that nobody here
            can run for this workspace.
        InvalidInputs: inputs that do not fit the version's interface; a test run that asks for
            trouble that there is not.
        PaymentRequired: it may cost more than there is, or than `max_credits` or the key's cap.
        LimitExceeded: the executions of this minute or day are used up.
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
    execution = _execution(request, version, inputs, clock)
    execution.options |= _trouble_of(request, plan)
    return accept_run(
        execution, plan, reader, caller=request.caller, on_store=on_store, clock=clock
    )


def accept_run(
    execution: Execution,
    plan: Plan,
    reader: InputReader,
    *,
    caller: Caller,
    on_store: OnStore | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Accepted:
    """Store a run that was made ready, with the files that its reader took in.

    Raises:
        InvalidGraph, PaymentRequired, LimitExceeded: as `accept_execution`; nothing was stored or
            used up.
    """
    beginning = begin_run(execution, plan, execution.inputs)
    own = _own_accounts_of(beginning, clock)
    priced = price_run(beginning, _prices_of(execution), own)
    _check_cap(execution, priced)
    accepted = Accepted(
        execution.id,
        execution.workflow_id,
        execution.version_number,
        execution.estimated_credits,
        execution.created_at,
    )
    try:
        with transaction.atomic():
            if on_store is not None:
                on_store(accepted)  # first, so that a twin waits for it and not for the account
            _reserve(execution, caller, priced)
            if reader.files:
                keep_files(reader.files, clock=clock)
            store_run(beginning)
            count_execution(execution.workspace_id, execution.mode)  # last: refusals do not count
            faults.point("accept.before_commit")
    except (OperationalError, InterfaceError):
        if not _is_stored_all_the_same(execution.id):
            raise
    metrics.run_accepted(Trigger(execution.trigger), execution.estimated_credits)
    faults.point("accept.after_commit")
    return accepted


def price_run(
    beginning: "Beginning", prices: Mapping[str, str], own: Mapping[str, Fees]
) -> list[NodePrice]:
    """Give a run that begins its prices and its estimate; returns the nodes that it is for.

    What is known for good, and what will be skipped for sure, costs nothing. `own` are the nodes
    that run by the workspace's own accounts, for a fee.
    """
    execution = beginning.execution
    if own:
        prices, execution.options[OWN] = own_prices(prices, own), own
    if not prices:
        return []
    execution.options[PRICES] = prices
    estimate = estimate_run(
        execution.version_id, inputs=execution.inputs, prices=prices if own else None
    )
    ended = {id_ for id_, status in beginning.state.statuses.items() if status in _FREE}
    ended |= beginning.known.earlier
    nodes = [
        NodePrice(node.node_id, node.type, node.label, node.credits, node.quantity)
        for node in estimate.nodes
        if node.credits and node.node_id not in ended
    ]
    execution.estimated_credits = sum(node.credits for node in nodes)
    return nodes


_FREE = frozenset({NodeStatus.COMPLETED, NodeStatus.SKIPPED})


def _prices_of(execution: Execution) -> Mapping[str, str]:
    """Return what the nodes of a run at the top cost; in test mode nothing does."""
    return {} if execution.mode == "test" else frozen_prices(execution.version_id)


def _own_accounts_of(beginning: "Beginning", clock: Clock) -> Mapping[str, Fees]:
    """Return the model nodes that run by the workspace's own accounts.

    Raises:
        InvalidGraph: a model cannot be run for this workspace. What a run that is retried has done
            is not run.
    """
    execution, ended = beginning.execution, set[str]()
    if execution.retry_of is not None:
        statuses = beginning.state.statuses
        ended = {id_ for id_ in statuses if statuses[id_] in _FREE} | beginning.known.earlier
    payers = find_payers(
        execution.workspace_id, execution.version_id, mode=execution.mode, ended=ended, clock=clock
    )
    if payers.problems:
        raise InvalidGraph(payers.problems)
    return payers.own


def _shown(priced: Sequence[NodePrice]) -> list[dict[str, object]]:
    return [node.as_json() for node in priced]


def _check_cap(execution: Execution, priced: Sequence[NodePrice]) -> None:
    cap = execution.options.get("maxCredits")
    if cap is not None and execution.estimated_credits > cap:
        balance = get_balance(execution.workspace_id).available
        raise OverMaxCredits(
            required=execution.estimated_credits, balance=balance, nodes=_shown(priced)
        )


def _reserve(execution: Execution, caller: Caller, priced: Sequence[NodePrice]) -> None:
    """Count a run and hold its estimate; the refusal says what each node would cost."""
    run = RunRequest(
        workspace_id=execution.workspace_id,
        execution_id=execution.id,
        mode=execution.mode,
        credits=execution.estimated_credits,
        actor=caller.actor,
        key_id=caller.key_id,
        key_cap=caller.key_cap,
    )
    if run.credits and run.key_cap is not None:
        execution.options[CAPPED_MONTH] = month_of(execution.created_at).isoformat()
    try:
        reserve_run(run, now=execution.created_at)
    except InsufficientCredits as error:
        raise error.for_nodes(_shown(priced)) from error


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


def _trouble_of(request: ExecutionRequest, plan: Plan) -> dict[str, Any]:
    """Return the option for the trouble that a test run asks for; a live one meets none.

    Raises:
        InvalidInputs: there is no such trouble, or no such node.
    """
    asked = (request.metadata or {}).get(SIMULATE)
    if request.mode != "test" or asked is None:
        return {}
    nodes = {
        node.id: node.spec.cost in SIMULATED or node.callee is not None for node in plan.graph.nodes
    }
    issues = problems_with(asked, nodes if request.to_node is None else None)
    if issues:
        raise InvalidInputs(issues)
    return {SIMULATE: asked}


def _execution(
    request: ExecutionRequest, version: VersionRef, inputs: Mapping[str, Any], clock: Clock
) -> Execution:
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
        key_id=request.caller.key_id,
        inputs=inputs,
        options={
            "cache": request.cache,
            "keep": "all" if request.to_node is not None else request.keep,
            "maxCredits": request.max_credits,
        },
        metadata=request.metadata,
        callback_url=request.callback_url or version.callback_url,
        created_at=clock.now(),
    )
