"""Credits that come in and go again: grants, settling what was spent against them, expiry.

Once an account is settled, its grants add up to what it has, available and held together, or to
nothing where it owes more than it has. What is spent comes out of the grants by their expiry, the
nearest first, and those without one last. What expired stays while the open holds together may
still need it: the nearest expiry backs them, and no more of it than they hold.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from billing.models import Account, Grant
from billing.services.ledger import Booking, book, moved
from billing.types import EntryType, GrantKind, LedgerAccount
from common.ids import new_id
from common.sql import select_row

_SOURCE = {
    GrantKind.PLAN: (EntryType.GRANT, LedgerAccount.GRANTS),
    GrantKind.STAFF: (EntryType.ADJUST, LedgerAccount.LOSS),
    GrantKind.PURCHASE: (EntryType.PURCHASE, LedgerAccount.PURCHASES),
    GrantKind.REFUND: (EntryType.REFUND, LedgerAccount.SALES),
}


@dataclass(frozen=True, slots=True)
class NewGrant:
    """Credits that come in. `key` names the fact behind them, which grants once.

    `execution_id` is the run that is refunded. `expires_at` None: never.
    """

    key: str
    kind: GrantKind
    amount: int
    expires_at: datetime | None = None
    reason: str = ""
    execution_id: str | None = None


def add_grant(*, workspace_id: str, grant: NewGrant, actor: str, now: datetime) -> bool:
    """Give a workspace credits, once for each key; says whether this call did.

    What was clawed back and is still owed is paid first.

    Raises:
        Account.DoesNotExist: the workspace's account was never opened.
        IntegrityError: the amount is below 1, or another workspace has a grant of this key.
    """
    with transaction.atomic():
        account = lock_account(workspace_id)
        if Grant.objects.of(workspace_id).filter(key=grant.key).exists():
            return False
        settle_account(account)
        owed = max(-(account.available + account.held), 0)
        remaining = max(grant.amount - owed, 0)
        Grant.objects.insert(
            id=new_id("grt"),
            workspace_id=workspace_id,
            key=grant.key,
            kind=grant.kind,
            amount=grant.amount,
            remaining=remaining,
            expires_at=grant.expires_at,
            created_at=now,
        )
        account.available += grant.amount
        if remaining and grant.expires_at is not None:
            account.next_expiry_at = min(
                grant.expires_at, account.next_expiry_at or grant.expires_at
            )
        account.save()
        type_, source = _SOURCE[grant.kind]
        legs = moved(source, LedgerAccount.AVAILABLE, grant.amount)
        booking = Booking(f"grant:{grant.key}", type_, legs, grant.execution_id, grant.reason)
        book(workspace_id, [booking], actor=actor, now=now)
        return True


def expire_due(*, workspace_id: str, now: datetime) -> int:
    """Book what has expired and no open hold may need; returns how many credits that were.

    Raises:
        Account.DoesNotExist: the workspace's account was never opened.
    """
    with transaction.atomic():
        account = lock_account(workspace_id)
        settle_account(account)
        over = list(_living(workspace_id).filter(expires_at__lte=now).order_by("-expires_at", "id"))
        expired = sum(grant.remaining for grant in over)
        kept = min(account.held, expired)  # the nearest expiry: what is left of `over` at its end
        bookings = [
            Booking(
                f"expire:{grant.id}:{grant.remaining}",
                EntryType.EXPIRE,
                moved(LedgerAccount.AVAILABLE, LedgerAccount.EXPIRED, taken),
                reason=grant.key,
            )
            for grant, taken in _take_from(over, expired - kept)
        ]
        book(workspace_id, bookings, actor="system", now=now)
        account.available -= expired - kept
        account.late = kept
        coming = _living(workspace_id).filter(expires_at__gt=now).order_by("expires_at")
        account.next_expiry_at = coming.values_list("expires_at", flat=True).first()
        account.save()
        return expired - kept


def settle_account(account: Account) -> None:
    """Take what was spent off the grants; the account is locked, and saved by the caller."""
    if account.unsettled:
        spend_grants(account.workspace_id, account.unsettled)
        account.unsettled = 0


def spend_grants(workspace_id: str, amount: int, *, first: str | None = None) -> None:
    """Take an amount off the grants, as far as they have it: the nearest expiry first.

    The account is locked and settled. The grant whose key is `first` comes before all others.
    """
    grants = list(_living(workspace_id).order_by(F("expires_at").asc(nulls_last=True), "id"))
    if first is not None:
        grants.sort(key=lambda grant: grant.key != first)
    _take_from(grants, amount)


def lock_account(workspace_id: str) -> Account:
    """Return a workspace's account, locked until the transaction ends.

    Raises:
        Account.DoesNotExist: it was never opened.
    """
    account = select_row(Account, {"pk": workspace_id}, lock=True)
    if account is None:
        raise Account.DoesNotExist(workspace_id)
    return account


def _living(workspace_id: str) -> QuerySet[Grant]:
    return Grant.objects.of(workspace_id).filter(remaining__gt=0)


def _take_from(grants: Iterable[Grant], amount: int) -> Sequence[tuple[Grant, int]]:
    """Take an amount off grants in their order; returns what each gave, as far as there was any."""
    taken: list[tuple[Grant, int]] = []
    for grant in grants:
        part = min(grant.remaining, amount)
        if part <= 0:
            break
        taken.append((grant, part))
        amount -= part
        Grant.objects.of(grant.workspace_id).filter(pk=grant.pk).update(
            remaining=F("remaining") - part
        )
    return taken
