"""How runs ended, in figures, for those who count them."""

from collections.abc import Collection
from dataclasses import dataclass

from executor.models import Execution
from executor.types import ExecutionStatus


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: what it was charged, and how long it took from its start to its end."""

    execution_id: str
    status: ExecutionStatus
    credits: int
    duration_ms: int


def list_outcomes(execution_ids: Collection[str]) -> dict[str, Outcome | None]:
    """Return the outcomes of runs by id: None for one under way, nothing for one that is gone."""
    rows = Execution.objects.across_workspaces().filter(pk__in=list(execution_ids))
    found = rows.values_list("pk", "status", "charged_credits", "started_at", "finished_at")
    outcomes: dict[str, Outcome | None] = {}
    for id_, status, credits_, started_at, finished_at in found:
        outcomes[id_] = None
        if finished_at is not None:
            took = finished_at - (started_at or finished_at)
            milliseconds = int(took.total_seconds() * 1_000)
            outcomes[id_] = Outcome(id_, ExecutionStatus(status), credits_, milliseconds)
    return outcomes
