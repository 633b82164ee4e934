"""What workspaces have."""

from billing.models import Account
from billing.types import BalanceRef


def get_balance(workspace_id: str) -> BalanceRef:
    """Return a workspace's credits; nothing of an account that was never opened."""
    account = Account.objects.filter(pk=workspace_id).first()
    if account is None:
        return BalanceRef(available=0, held=0, renews_at=None)
    return BalanceRef(account.available, account.held, account.renews_at)
