"""What workspaces have."""

from accounts.api import get_workspace_ref
from billing.models import Account, Plan
from billing.types import BalanceRef


def get_balance(workspace_id: str) -> BalanceRef:
    """Return a workspace's credits; nothing of an account that was never opened."""
    account = Account.objects.filter(pk=workspace_id).first()
    if account is None:
        return BalanceRef(available=0, held=0, renews_at=None)
    return BalanceRef(account.available, account.held, account.renews_at)


def get_waiting_credits(workspace_id: str) -> int:
    """Return the credits that come when the owner's address is verified; 0 where none wait."""
    if not Account.objects.filter(pk=workspace_id, is_waiting=True).exists():
        return 0
    workspace = get_workspace_ref(workspace_id)
    plan = Plan.objects.filter(pk=workspace.plan).first() if workspace else None
    return plan.monthly_credits if plan else 0
