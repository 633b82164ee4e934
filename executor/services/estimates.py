"""What a run would find known, so that the price told before is the one paid after."""

from collections.abc import Mapping
from typing import Any

from common.clock import SYSTEM_CLOCK, Clock
from common.errors import InvalidInputs
from executor.models import Execution
from executor.selectors.planning import plan_of
from executor.services.accept import begin_run
from executor.services.inputs import InputReader
from executor.types import NodeStatus
from workflows.api import VersionRef, interface_of_version


def find_cached_nodes(
    version: VersionRef, given: Mapping[str, Any], *, mode: str, clock: Clock = SYSTEM_CLOCK
) -> frozenset[str]:
    """Return the nodes that a run with these inputs would take from the cache; none if some lack.

    As far as that can be known now: what waits for a node that would run may be there as well.
    Nothing is stored: a picture in a data URI counts as unknown.
    """
    reader = InputReader(version.workspace_id, clock, imports=False)
    try:
        inputs = reader.read(interface_of_version(version.id), given)
    except InvalidInputs:
        return frozenset()
    plan = plan_of(version.id)
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
