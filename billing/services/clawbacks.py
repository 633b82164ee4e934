"""Credits that are taken back because their payment was: refunded, disputed, or failed."""

from datetime import datetime

from django.db import transaction

from billing.models import LedgerEntry
from billing.services.grants import lock_account, settle_account, spend_grants
from billing.services.ledger import Booking, book, moved
from billing.types import EntryType, LedgerAccount


def claw_back(
    *,
    workspace_id: str,
    key: str,
    amount: int,
    now: datetime,
    reason: str = "",
    grant_key: str | None = None,
    actor: str = "system",
) -> bool:
    """Take credits back, spent or not, once for each key; says whether this call did.

    They go out of the grant that the payment brought (`grant_key`) as far as it has any left, then
    out of the others. What was spent already becomes a debt: `available` falls below zero, no run
    with a price starts, and the next grants pay it first. Open runs keep what they hold.

    Raises:
        Account.DoesNotExist: the workspace's account was never opened.
        ValueError: less than one credit.
    """
    if amount < 1:
        raise ValueError(f"{key}: {amount} credits cannot be taken back")
    with transaction.atomic():
        account = lock_account(workspace_id)
        if LedgerEntry.objects.of(workspace_id).filter(key=f"clawback:{key}").exists():
            return False
        settle_account(account)
        before = max(account.available + account.held, 0)
        account.available -= amount
        account.clawed_back += amount
        account.save()
        lost = before - max(account.available + account.held, 0)
        spend_grants(workspace_id, lost, first=grant_key)
        legs = moved(LedgerAccount.AVAILABLE, LedgerAccount.CLAWBACK, amount)
        booking = Booking(f"clawback:{key}", EntryType.CLAWBACK, legs, reason=reason)
        book(workspace_id, [booking], actor=actor, now=now)
        return True
