"""Failing a node whose time is up although it never looks at the clock itself."""

import logging

from common import metrics
from common.clock import SYSTEM_CLOCK, Clock
from executor.errors import LeaseLost
from executor.runtime.running import RunningTask
from executor.services.results import finish

logger = logging.getLogger(__name__)


def fence_off(running: RunningTask, *, clock: Clock = SYSTEM_CLOCK) -> bool:
    """Fail a task at a node that is overdue; says whether there was one.

    What the task had done before is stored. Its thread cannot be ended: it finds its lease gone
    when it comes to store, and until then it is one thread less.
    """
    overdue = running.cancellation.overdue()
    report = running.report_of_overdue(*overdue) if overdue is not None else None
    if overdue is None or report is None:
        return False
    node, error = overdue
    try:
        finish(claim=running.claim, report=report, go_on=False, clock=clock)
    except LeaseLost:
        return False  # it got through in this very moment, or the run is over
    running.cancellation.set()
    metrics.leases_ended("fenced_off")
    logger.error(
        "node fenced off: %s of %s: %s",
        node.id,
        running.execution_id,
        error.message,
        extra={"action": "node_fenced_off", "task": running.claim.task_id, "type": node.spec.type},
    )
    return True
