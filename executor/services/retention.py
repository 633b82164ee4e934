"""What goes by age: runs and files past their plan's retention, and what a deleted workspace leaves.

Everything goes in small transactions, oldest first, so that nobody waits for a purge; one that is
broken off goes on the next time. Open runs are never purged.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.api import WorkspaceRef, list_all_workspaces
from billing.api import limits_of
from common.clock import SYSTEM_CLOCK, Clock
from common.ids import lowest_id
from executor import conf
from executor.models import CacheEntry, Execution, File, WorkspaceLoad
from executor.selectors.history import CLOCK_ROOM
from executor.services.cancel import cancel_execution
from executor.services.usage import count_before_removal
from executor.types import FINAL_STATUSES

ROOTS_AT_ONCE = 100  # runs looked for in one query
RUNS_AT_ONCE = 20  # runs in one transaction: a run has tens of rows, a wide one some thousands
ROWS_AT_ONCE = 500

ShouldStop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Purged:
    """How much went."""

    runs: int = 0
    files: int = 0

    def __add__(self, other: "Purged") -> "Purged":
        return Purged(self.runs + other.runs, self.files + other.files)


def never() -> bool:
    """Go on to the end."""
    return False


def purge_expired(*, clock: Clock = SYSTEM_CLOCK, should_stop: ShouldStop = never) -> Purged:
    """Remove finished runs and mark files that are past their workspace's retention.

    Of a deleted workspace that is everything. Ledger and audit belong to other apps and stay.
    """
    purged = Purged()
    for workspace in _all_workspaces():
        if should_stop():
            break
        purged += purge_workspace(workspace, clock=clock, should_stop=should_stop)
    return purged


def purge_workspace(
    workspace: WorkspaceRef, *, clock: Clock = SYSTEM_CLOCK, should_stop: ShouldStop = never
) -> Purged:
    """Do as `purge_expired` for one workspace."""
    now = clock.now()
    if workspace.deleted_at is None:
        cutoff = now - timedelta(days=limits_of(workspace).retention_days)
    else:
        cutoff = now + CLOCK_ROOM
    purged = Purged(
        _purge_runs(workspace.id, cutoff, should_stop),
        _expire_files(workspace.id, cutoff, now, should_stop),
    )
    if workspace.deleted_at is not None:
        _forget(workspace.id, now)
    return purged


def end_deleted(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Cancel the open runs of deleted workspaces, and make their files answer 410; returns runs.

    The rest of their data goes with the next purge.
    """
    rows = Execution.objects.across_workspaces()
    left = rows.filter(finished_at=None, workspace__deleted_at__isnull=False, parent_id=None)
    found = list(left.values_list("workspace_id", "pk")[:ROWS_AT_ONCE])
    for workspace_id, execution_id in found:
        cancel_execution(workspace_id=workspace_id, execution_id=execution_id, clock=clock)
    now = clock.now()
    files = File.objects.across_workspaces().filter(
        deleted_at=None, workspace__deleted_at__gt=now - timedelta(hours=2)
    )
    while _delete_some(files, now):
        pass
    return len(found)


def _all_workspaces() -> Iterator[WorkspaceRef]:
    after = ""
    while page := list_all_workspaces(after=after):
        yield from page
        after = page[-1].id


def _purge_runs(workspace_id: str, cutoff: datetime, should_stop: ShouldStop) -> int:
    purged, after = 0, ""
    while not should_stop():
        roots = _expired_roots(workspace_id, cutoff, after)
        if not roots:
            break
        after = roots[-1]
        for level in reversed(_generations(roots)):
            for first in range(0, len(level), RUNS_AT_ONCE):
                purged += _delete_runs(level[first : first + RUNS_AT_ONCE])
    return purged


def _expired_roots(workspace_id: str, cutoff: datetime, after: str) -> list[str]:
    rows = Execution.objects.of(workspace_id).filter(
        parent_id=None,
        pk__gt=after,
        pk__lt=lowest_id("exec", cutoff + CLOCK_ROOM),
        status__in=sorted(FINAL_STATUSES),
        finished_at__lt=cutoff,
    )
    return list(rows.order_by("pk").values_list("pk", flat=True)[:ROOTS_AT_ONCE])


def _generations(roots: Sequence[str]) -> list[list[str]]:
    """Return these runs, the runs that they started, and so on: the last must go first."""
    levels = [list(roots)]
    while levels[-1]:
        children = Execution.objects.across_workspaces().filter(parent_id__in=levels[-1])
        levels.append(list(children.values_list("pk", flat=True)))
    return levels


def _delete_runs(ids: Sequence[str]) -> int:
    """Delete runs with all that hangs on them, in one transaction. A final run never opens again.

    Their usage outlives them.
    """
    with transaction.atomic():
        count_before_removal(ids)
        final = Execution.objects.across_workspaces().filter(
            pk__in=ids, status__in=sorted(FINAL_STATUSES), is_counted=True
        )
        _, by_model = final.only("pk").delete()
    return by_model.get(Execution._meta.label, 0)  # noqa: SLF001 - Django's public API


def _expire_files(
    workspace_id: str, cutoff: datetime, now: datetime, should_stop: ShouldStop
) -> int:
    """Mark files that are old and were not taken out of the cache since."""
    unused = Q(reused_at=None) | Q(reused_at__lt=cutoff)
    old = File.objects.of(workspace_id).filter(unused, deleted_at=None, created_at__lt=cutoff)
    marked = 0
    while not should_stop() and (some := _delete_some(old, now)):
        marked += some
    return marked


def _delete_some(files: QuerySet[File], now: datetime) -> int:
    """Mark some of these files as deleted; one that a run just reused is not among them any more."""
    ids = list(files.values_list("pk", flat=True)[:ROWS_AT_ONCE])
    return files.filter(pk__in=ids).update(deleted_at=now) if ids else 0


def _forget(workspace_id: str, now: datetime) -> None:
    """Remove what a deleted workspace has left beside runs: cache, load, rows of collected files."""
    CacheEntry.objects.of(workspace_id).delete()
    WorkspaceLoad.objects.filter(pk=workspace_id, running=0).delete()
    collected = File.objects.of(workspace_id).filter(collected_at__lt=now - conf.file_grace())
    collected.only("pk").delete()
