"""The regular work on accounts: what expired is booked, and plans bring their monthly credits.

Where a live subscription pays for the plan, its paid invoices bring the credits instead.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.api import get_workspace_ref
from billing.models import Account, Plan, Subscription
from billing.services.accounts import grant_month, is_paid_for, next_month
from billing.services.grants import expire_due, lock_account
from billing.types import LIVE_SUBSCRIPTIONS

ShouldStop = Callable[[], bool]

_AT_ONCE = 500


def expire_all_due(*, now: datetime, should_stop: ShouldStop = lambda: False) -> int:
    """Book what expired in all accounts, each in a transaction of its own; returns the credits."""
    due = Account.objects.filter(next_expiry_at__lte=now).order_by("next_expiry_at")
    return sum(
        expire_due(workspace_id=workspace_id, now=now) for workspace_id in _each(due, should_stop)
    )


def renew_due(*, now: datetime, should_stop: ShouldStop = lambda: False) -> int:
    """Give the month's credits to all accounts whose plan brings them now; returns how many.

    After an outage that is the month under way, not those that were missed.
    """
    due = Account.objects.filter(~_is_subscribed(), renews_at__lte=now).order_by("renews_at")
    return sum(
        renew_account(workspace_id=workspace_id, now=now)
        for workspace_id in _each(due, should_stop)
    )


def renew_account(*, workspace_id: str, now: datetime) -> bool:
    """Give an account the credits of its plan's month if they are due; says whether it did.

    A workspace that is deleted gets no more of them, one that waits for its owner's address none
    yet. The months go on from the day of the first.
    """
    with transaction.atomic():
        account = lock_account(workspace_id)
        since = account.renews_at
        if since is None or since > now or is_paid_for(workspace_id):
            return False
        workspace = get_workspace_ref(workspace_id)
        plan = Plan.objects.filter(pk=workspace.plan).first() if workspace else None
        is_over = workspace is None or workspace.deleted_at is not None
        if is_over or plan is None or account.is_waiting:
            Account.objects.filter(pk=workspace_id).update(renews_at=None)
            return False
        while (following := next_month(since)) <= now:
            since = following
        grant_month(workspace_id=workspace_id, plan=plan, now=now, since=since)
        return True


def _is_subscribed() -> Exists:
    live = Subscription.objects.across_workspaces().filter(status__in=LIVE_SUBSCRIPTIONS)
    return Exists(live.filter(workspace_id=OuterRef("pk")))


def _each(due: QuerySet[Account], should_stop: ShouldStop) -> Iterator[str]:
    """Yield the accounts that are due, until a round brings none that was not seen."""
    seen: set[str] = set()
    while not should_stop():
        batch = set(due.values_list("pk", flat=True)[:_AT_ONCE]) - seen
        if not batch:
            return
        for workspace_id in sorted(batch):
            if should_stop():
                return
            yield workspace_id
        seen |= batch
