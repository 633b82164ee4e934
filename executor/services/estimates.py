"""What a run would cost, with what it would find known, so that the price told before is true after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from billing.api import get_balance
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import InvalidInputs, Issue
from executor.engine.known import behind
from executor.engine.plan import Plan
from executor.models import Execution
from executor.selectors.planning import plan_of
from executor.selectors.routing import Payers, find_payers, own_prices
from executor.services.accept import begin_run
from executor.services.inputs import InputReader
from executor.types import NodeStatus
from workflows.api import (
    NodeEstimate,
    VersionRef,
    check_inputs,
    estimate_run,
    frozen_prices,
    interface_of_version,
)


@dataclass(frozen=True, slots=True)
class Preview:
    """A run that was not made: what its nodes would cost, and which of them would cost nothing.

    `unavailable` are the models that a live run could not be accepted for.

    `upper` is the most for all nodes, whatever is known of them by then; `lower` the least for those
    of which nothing is known now. What may be known inside of a workflow that a node runs is seen
    when that one runs, so at least such a node costs nothing, nor do those behind it.
    """

    nodes: Sequence[NodeEstimate]
    cached: frozenset[str]
    lower: int
    upper: int
    unavailable: Sequence[Issue] = ()


def estimate_json(version: VersionRef, given: Mapping[str, Any], *, mode: str) -> dict[str, Any]:
    """Return the answer to whoever asks for the price of a run, with the workspace's balance.

    Raises:
        InvalidInputs: an input that is given does not fit; those that lack are taken as unknown.
    """
    preview = preview_run(version, _checked(version, given), mode=mode)
    unavailable = [issue.as_json() for issue in preview.unavailable]
    return {
        "credits": preview.lower,
        "maxCredits": preview.upper,
        "balance": get_balance(version.workspace_id).available,
        "nodes": [_node_json(node, preview.cached) for node in preview.nodes],
        **({"unavailable": unavailable} if unavailable else {}),
    }


def _node_json(node: NodeEstimate, cached: frozenset[str]) -> dict[str, Any]:
    return {
        "nodeId": node.node_id,
        "type": node.type,
        "label": node.label,
        "credits": node.credits,
        "minCredits": node.lower,
        "quantity": node.quantity,
        "cached": node.node_id in cached,
    }


def _checked(version: VersionRef, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check and return the inputs that are given and used; an estimate does without the others.

    Raises:
        InvalidInputs: one does not fit.
    """
    used = {name: value for name, value in inputs.items() if name not in version.unused_inputs}
    _, issues = check_inputs(interface_of_version(version.id), used)
    wrong = [issue for issue in issues if issue.code != "missing"]
    if wrong:
        raise InvalidInputs(wrong)
    return used


def preview_run(
    version: VersionRef, given: Mapping[str, Any], *, mode: str, clock: Clock = SYSTEM_CLOCK
) -> Preview:
    """Return what a run with these inputs would cost; inputs that lack are taken as unknown.

    In test mode nothing costs anything. Nothing is stored: a picture in a data URI counts as unknown
    to the cache.
    """
    reader = InputReader(version.workspace_id, clock, imports=False)
    try:
        inputs: Mapping[str, Any] | None = reader.read(interface_of_version(version.id), given)
    except InvalidInputs:
        inputs = None
    plan, payers = plan_of(version.id), _payers_of(version, mode, clock)
    prices = own_prices(frozen_prices(version.id), payers.own) if payers.own else None
    estimate = estimate_run(version.id, inputs=inputs, prices=prices)
    cached = (
        _known_nodes(version, plan, inputs, mode, clock) if inputs is not None else frozenset[str]()
    )
    calls = [id_ for index in plan.calls for id_ in plan.segments[index].node_ids]
    unseen = behind(plan, calls)
    nodes = [
        replace(
            node,
            credits=0 if mode == "test" else node.credits,
            lower=0 if mode == "test" or node.node_id in unseen else node.lower,
        )
        for node in estimate.nodes
    ]
    return Preview(
        nodes,
        cached,
        lower=sum(node.lower for node in nodes if node.node_id not in cached),
        upper=sum(node.credits for node in nodes),
        unavailable=payers.problems,
    )


def _payers_of(version: VersionRef, mode: str, clock: Clock) -> Payers:
    return find_payers(version.workspace_id, version.id, mode=mode, clock=clock)


def _known_nodes(
    version: VersionRef, plan: Plan, inputs: Mapping[str, Any], mode: str, clock: Clock
) -> frozenset[str]:
    """Return the nodes that a run would take from the cache, as far as that can be known now.

    What waits for a node that would run may be there as well.
    """
    execution = Execution(
        workspace_id=version.workspace_id,
        mode=mode,
        inputs=inputs,
        options={"cache": "use", "keep": "all"},
        created_at=clock.now(),
    )
    begun = begin_run(execution, plan, inputs, peeks=True)
    done = {
        id_
        for segment in begun.state.done
        for id_ in plan.segments[segment].node_ids
        if begun.state.statuses[id_] == NodeStatus.COMPLETED
    }
    return frozenset(done | begun.known.others)
