"""What the ledger says of runs."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q, Sum

from billing.models import LedgerEntry
from billing.types import EntryType, LedgerAccount


@dataclass(frozen=True, slots=True)
class RunSums:
    """A run at the top in the ledger: what it still holds, and what was captured for it."""

    execution_id: str
    held: int
    captured: int


def list_run_sums() -> Iterator[RunSums]:
    """Go through all runs that ever held credits, by their ids."""
    held = Q(account=LedgerAccount.HELD)
    captured = Q(account=LedgerAccount.SALES, type=EntryType.CAPTURE)
    rows = (
        LedgerEntry.objects.across_workspaces()
        .filter(execution_id__isnull=False)
        .order_by("execution_id")
        .values_list("execution_id")
        .annotate(held=Sum("amount", filter=held), captured=Sum("amount", filter=captured))
    )
    for execution_id, held_sum, captured_sum in rows.iterator():
        yield RunSums(str(execution_id), held_sum or 0, captured_sum or 0)
