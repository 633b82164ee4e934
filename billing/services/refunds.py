"""Credits that are given back for a run although they were charged rightly, or so it seemed."""

from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from accounts.api import Actor
from billing.models import LedgerEntry
from billing.services.grants import NewGrant, add_grant, lock_account
from billing.types import GrantKind, LedgerAccount
from common.errors import InvalidInputs, Issue


def refund_run(
    *,
    actor: Actor,
    workspace_id: str,
    execution_id: str,
    key: str,
    amount: int,
    reason: str,
    now: datetime,
) -> bool:
    """Give back credits that a run at the top was charged, once for each key of the run.

    They come as a grant without expiry. Says whether this call did it.

    Raises:
        Account.DoesNotExist: the workspace's account was never opened.
        InvalidInputs: less than one credit, or more than the run was charged and not given back.
    """
    with transaction.atomic():
        lock_account(workspace_id)
        grant = NewGrant(
            f"refund:{execution_id}:{key}",
            GrantKind.REFUND,
            amount,
            reason=reason,
            execution_id=execution_id,
        )
        entries = LedgerEntry.objects.of(workspace_id)
        if entries.filter(key=f"grant:{grant.key}").exists():
            return False
        sales = entries.filter(execution_id=execution_id, account=LedgerAccount.SALES)
        charged = sales.aggregate(sum=Sum("amount"))["sum"] or 0
        if not 1 <= amount <= charged:
            raise InvalidInputs(
                [Issue("/credits", "out_of_range", f"credits must be from 1 to {charged}")]
            )
        return add_grant(workspace_id=workspace_id, grant=grant, actor=actor.label, now=now)
