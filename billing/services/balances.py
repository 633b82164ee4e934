"""Bringing an account up to date before somebody looks at it."""

from datetime import datetime

from billing.models import Account
from billing.services.accounts import open_account
from billing.services.grants import expire_due
from billing.services.renewals import renew_account


def refresh_account(*, workspace_id: str, now: datetime) -> None:
    """Open a workspace's account if it never was, book what has expired, renew what is due.

    Where there is nothing to do, as nearly always, it costs one read.
    """
    account = Account.objects.filter(pk=workspace_id).only("next_expiry_at", "renews_at").first()
    if account is None:
        open_account(workspace_id=workspace_id, now=now)
        return
    if account.next_expiry_at is not None and account.next_expiry_at <= now:
        expire_due(workspace_id=workspace_id, now=now)
    if account.renews_at is not None and account.renews_at <= now:
        renew_account(workspace_id=workspace_id, now=now)
