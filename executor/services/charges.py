"""What runs cost: captures with the commits that complete nodes, and the release of the rest.

A run at the top holds its upper estimate from when it is accepted (`executor.services.accept`).
Runs of its nodes hold nothing: what completes in them is captured from that one hold, and counted
in every run above. So the rows of a tree are locked from the bottom up, as everywhere
(`executor.services.calls`), and then the workspace's account.

Nothing is charged that is not covered: not more than is left of the hold. Once a run above is over
nothing can be charged, so nothing that has a price is stored either: it would be had for nothing, by
whoever finds it in the cache or retries the run. What a node's record says of credits is what was
captured for it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from billing.api import CappedKey, Capture, settle_run
from common.sql import select_row, update_rows
from executor.engine.payload import NodeRecord
from executor.engine.plan import Plan
from executor.errors import LeaseLost
from executor.models import Execution
from executor.types import NodeStatus

logger = logging.getLogger(__name__)

# In `Execution.options`: the first day of the month in which a capped key's hold counts.
CAPPED_MONTH = "cappedMonth"


@dataclass(slots=True)
class Bill:
    """What one commit charges: `taken` credits under a key of its own, and the rows above the run.

    `is_released` once the rest of the hold was given back.
    """

    execution: Execution
    above: list[Execution] = field(default_factory=list)
    key: str = ""
    taken: int = 0
    is_released: bool = False

    @property
    def root(self) -> Execution:
        """The run that holds."""
        return self.above[-1] if self.above else self.execution

    @property
    def changes(self) -> dict[str, int]:
        """Columns of the run's own row."""
        return {"charged_credits": self.execution.charged_credits} if self.taken else {}

    def charge(self, plan: Plan, records: Sequence[NodeRecord], key: str) -> list[NodeRecord]:
        """Return records with the credits that are captured for them, as far as the hold goes.

        Locks the rows above. `key` names the commit. What a call says it cost was captured where
        it arose.

        Raises:
            LeaseLost: a run above is over; this one is about to be ended as well.
        """
        if not any(_is_charged(plan, record) for record in records):
            return [replace(record, credits=0) if _is_free(plan, record) else record
                    for record in records]  # fmt: skip
        self.key = key
        self.lock_above()
        if any(row.status_is_final for row in self.above):
            raise LeaseLost(key)
        left = _left(self.root)
        charged = []
        for record in records:
            if _is_charged(plan, record):
                taken = min(record.credits, left)
                if taken < record.credits:
                    _tell_uncovered(self.root, record, taken)
                left -= taken
                self.taken += taken
                charged.append(replace(record, credits=taken))
            else:
                charged.append(replace(record, credits=0) if _is_free(plan, record) else record)
        self.execution.charged_credits += self.taken
        return charged

    def post(self, now: datetime) -> None:
        """Write what was charged to the rows above and to the ledger, and release what is left.

        The run's own row is the caller's. Inside the caller's transaction, before places are taken
        or left.
        """
        if self.taken:
            for row in self.above:
                charged = row.charged_credits + self.taken
                update_rows(Execution, {"charged_credits": charged}, {"pk": row.id})
        captures = [Capture(self.key, self.taken)] if self.taken else []
        self._settle(captures, now)

    def release(self, now: datetime) -> None:
        """Give back what is left of the hold of a run that ends now."""
        self._settle([], now, is_over=True)

    def _settle(self, captures: Sequence[Capture], now: datetime, *, is_over: bool = False) -> None:
        execution = self.execution
        released = 0
        is_over = is_over or execution.status_is_final
        if is_over and execution.parent_id is None and not self.is_released:
            released, self.is_released = _left(execution), True
        if captures or released:
            settle_run(
                workspace_id=execution.workspace_id,
                execution_id=self.root.id,
                captures=captures,
                released=released,
                capped=_capped(self.root),
                now=now,
            )

    def lock_above(self) -> None:
        """Lock the rows above until the transaction ends; nothing where they are locked."""
        parent_id = None if self.above else self.execution.parent_id
        while parent_id is not None:
            row = select_row(Execution, {"pk": parent_id}, lock=True)
            assert row is not None  # noqa: S101 - a run's rows go with the root's, all at once
            self.above.append(row)
            parent_id = row.parent_id


def _left(root: Execution) -> int:
    """Return what is left of the hold of a run at the top; a test run has none."""
    return 0 if root.mode == "test" else root.estimated_credits - root.charged_credits


def _is_charged(plan: Plan, record: NodeRecord) -> bool:
    is_done = record.status == NodeStatus.COMPLETED and not record.cached
    return is_done and record.credits > 0 and not _is_call(plan, record)


def _is_free(plan: Plan, record: NodeRecord) -> bool:
    """Say whether what a record says of credits is void: it did not complete, or was known."""
    return bool(record.credits) and not _is_call(plan, record)


def _is_call(plan: Plan, record: NodeRecord) -> bool:
    return plan.segment_of.get(record.node_id) in plan.calls


def _capped(root: Execution) -> CappedKey | None:
    month = root.options.get(CAPPED_MONTH)
    if month is None or root.key_id is None:
        return None
    return CappedKey(root.key_id, date.fromisoformat(month))


def _tell_uncovered(root: Execution, record: NodeRecord, taken: int) -> None:
    """An estimate that was too low is a bug of the catalogue: we bear it, and staff hear of it."""
    logger.error(
        "node %s of %s cost %d credits and %d were left of its hold",
        record.node_id,
        root.id,
        record.credits,
        taken,
        extra={"action": "uncovered_charge", "execution": root.id},
    )
