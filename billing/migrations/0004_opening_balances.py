"""Each workspace's old balance becomes its account, one grant without expiry, and ledger entries.

The plan's monthly credits are due at once, as for a workspace that is opened now. Workspaces that
have an account are left alone, so this may be run again after it was taken back.
"""

from django.db import migrations

from common.clock import utc_now
from common.ids import new_id

_AT_ONCE = 1_000


def move_balances(apps, schema_editor):
    Account = apps.get_model("billing", "Account")
    Workspace = apps.get_model("accounts", "Workspace")
    moved = Account.objects.values("workspace_id")
    rows = Workspace.objects.exclude(id__in=moved).order_by("id")
    while batch := list(rows[:_AT_ONCE]):
        _move(apps, batch, utc_now())


def _move(apps, workspaces, now):
    Account = apps.get_model("billing", "Account")
    Grant = apps.get_model("billing", "Grant")
    LedgerEntry = apps.get_model("billing", "LedgerEntry")
    having = [workspace for workspace in workspaces if workspace.credits]
    Account.objects.bulk_create(_account(Account, workspace, now) for workspace in workspaces)
    Grant._default_manager.bulk_create(_grant(Grant, workspace, now) for workspace in having)
    LedgerEntry._default_manager.bulk_create(
        leg for workspace in having for leg in _legs(LedgerEntry, workspace, now)
    )


def _account(Account, workspace, now):
    return Account(
        workspace_id=workspace.id,
        available=workspace.credits,
        renews_at=None if workspace.deleted_at else now,
        created_at=now,
    )


def _grant(Grant, workspace, now):
    return Grant(
        id=new_id("grt"),
        workspace_id=workspace.id,
        key=f"opening:{workspace.id}",
        kind="staff",
        amount=workspace.credits,
        remaining=workspace.credits,
        created_at=now,
    )


def _legs(LedgerEntry, workspace, now):
    for account, amount in (("loss", -workspace.credits), ("available", workspace.credits)):
        yield LedgerEntry(
            workspace_id=workspace.id,
            key=f"grant:opening:{workspace.id}",
            type="adjust",
            account=account,
            amount=amount,
            actor="system",
            reason="Opening balance",
            created_at=now,
        )


def move_back(apps, schema_editor):
    Account = apps.get_model("billing", "Account")
    Workspace = apps.get_model("accounts", "Workspace")
    for account in Account.objects.iterator():
        credits = max(account.available + account.held, 0)
        Workspace.objects.filter(id=account.workspace_id).update(credits=credits)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_money_and_audit"), ("billing", "0003_ledger_is_final")]

    operations = [migrations.RunPython(move_balances, move_back)]
