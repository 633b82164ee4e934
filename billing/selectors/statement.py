"""What happened to a workspace's credits: told to its owner, and in full to staff."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from billing.models import Grant, LedgerEntry
from billing.types import EntryType, GrantKind, LedgerAccount, StatementLine

_LEGS = 2  # of its own accounts that a transaction has at most


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One ledger transaction: what `available` and `held` gained by it.

    `id` is for the next page: give the last line's as `before`.
    """

    id: int
    at: datetime
    type: EntryType
    available: int
    held: int
    execution_id: str | None
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class GrantRef:
    """A lot of credits; what is spent and not settled yet is still in `remaining`."""

    key: str
    kind: GrantKind
    amount: int
    remaining: int
    expires_at: datetime | None
    created_at: datetime


def list_statement(workspace_id: str, *, limit: int = 50) -> list[StatementLine]:
    """Return the newest changes of what a workspace has available."""
    entries = LedgerEntry.objects.of(workspace_id).filter(account=LedgerAccount.AVAILABLE)
    return [
        StatementLine(
            at=entry.created_at, type=entry.type, credits=entry.amount, reason=entry.reason
        )
        for entry in entries.order_by("-id")[:limit]
    ]


def list_ledger(
    workspace_id: str, *, before: int | None = None, limit: int = 50
) -> list[LedgerLine]:
    """Return the newest transactions of a workspace, or those before a line of an earlier page."""
    own = (LedgerAccount.AVAILABLE, LedgerAccount.HELD)
    legs = LedgerEntry.objects.of(workspace_id).filter(account__in=own).order_by("-id")
    if before is not None:
        legs = legs.filter(id__lt=before)
    return list(_lines(legs[: limit * _LEGS + 1]))[:limit]


def list_grants(workspace_id: str, *, limit: int = 50) -> list[GrantRef]:
    """Return a workspace's newest grants."""
    rows = Grant.objects.of(workspace_id).order_by("-id")[:limit]
    return [
        GrantRef(
            key=row.key,
            kind=GrantKind(row.kind),
            amount=row.amount,
            remaining=row.remaining,
            expires_at=row.expires_at,
            created_at=row.created_at,
        )
        for row in rows
    ]


def _lines(legs: Iterable[LedgerEntry]) -> Iterator[LedgerLine]:
    """Join the legs of each transaction: they were inserted together, under the account's lock."""
    for _, together in groupby(legs, key=lambda leg: leg.key):
        rows = list(together)
        gained = {row.account: row.amount for row in rows}
        yield LedgerLine(
            id=min(row.id for row in rows),
            at=rows[0].created_at,
            type=EntryType(rows[0].type),
            available=gained.get(LedgerAccount.AVAILABLE, 0),
            held=gained.get(LedgerAccount.HELD, 0),
            execution_id=rows[0].execution_id,
            actor=rows[0].actor,
            reason=rows[0].reason,
        )
