"""Booking: legs of one transaction that sum to zero, under a key that is booked once.

Nothing else inserts ledger entries. Every caller is inside a transaction that changes the
workspace's account by the same amounts, so that the account always equals the sum of its ledger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.models import LedgerEntry
from billing.types import EntryType, LedgerAccount
from common.sql import insert_rows


@dataclass(frozen=True, slots=True)
class Booking:
    """One ledger transaction: what each account gains, by account."""

    key: str
    type: EntryType
    legs: Mapping[LedgerAccount, int]
    execution_id: str | None = None
    reason: str = ""


def moved(source: LedgerAccount, target: LedgerAccount, amount: int) -> dict[LedgerAccount, int]:
    """Return the legs of moving an amount from one account to another."""
    return {source: -amount, target: amount}


def book(workspace_id: str, bookings: Sequence[Booking], *, actor: str, now: datetime) -> None:
    """Insert transactions in one statement.

    Raises:
        IntegrityError: one of the keys is booked.
        ValueError: legs that do not sum to zero, or a leg of nothing.
    """
    insert_rows(
        [
            entry
            for booking in bookings
            for entry in _entries(workspace_id, booking, actor=actor, now=now)
        ]
    )


def _entries(
    workspace_id: str, booking: Booking, *, actor: str, now: datetime
) -> list[LedgerEntry]:
    if sum(booking.legs.values()) or not all(booking.legs.values()):
        raise ValueError(f"{booking.key}: legs must sum to zero and none may be zero")
    return [
        LedgerEntry(
            workspace_id=workspace_id,
            key=booking.key,
            type=booking.type,
            account=account,
            amount=amount,
            execution_id=booking.execution_id,
            actor=actor,
            reason=booking.reason,
            created_at=now,
        )
        for account, amount in booking.legs.items()
    ]
