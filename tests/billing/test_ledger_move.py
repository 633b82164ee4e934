"""The move of balances out of `Workspace.credits` loses nothing, and gives nothing twice."""

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from billing.models import Account, Grant, LedgerEntry
from billing.selectors.checks import check_ledger
from common.clock import utc_now

BEFORE = [("accounts", "0003_audit_is_final"), ("billing", "0003_ledger_is_final")]
BALANCES = {"ws_a": 12_345, "ws_b": 0, "ws_c": 2**53, "ws_gone": 7}


@pytest.fixture
def before(transactional_db):
    """The models of an installation before the move, to be moved on afterwards whatever happens."""
    migrator = MigrationExecutor(connection)
    migrator.migrate(BEFORE)
    yield migrator.loader.project_state(BEFORE).apps
    migrate_on()


def migrate_on():
    migrator = MigrationExecutor(connection)
    migrator.migrate(migrator.loader.graph.leaf_nodes())


def test_every_old_balance_becomes_an_account_a_grant_and_entries(before):
    workspaces = before.get_model("accounts", "Workspace").objects
    for id_, balance in BALANCES.items():
        gone = utc_now() if id_ == "ws_gone" else None
        workspaces.create(id=id_, name="Old", credits=balance, deleted_at=gone)

    migrate_on()

    accounts = {account.pk: account for account in Account.objects.all()}
    grants = {grant.workspace_id: grant for grant in Grant.objects.across_workspaces()}
    assert {id_: account.available for id_, account in accounts.items()} == BALANCES
    assert {id_: grant.remaining for id_, grant in grants.items()} == {
        id_: balance for id_, balance in BALANCES.items() if balance
    }
    assert grants["ws_a"].key == "opening:ws_a"
    assert grants["ws_a"].expires_at is None
    assert {id_ for id_, account in accounts.items() if account.renews_at} == {
        "ws_a",
        "ws_b",
        "ws_c",
    }
    assert LedgerEntry.objects.across_workspaces().count() == 6
    assert [finding for finding in check_ledger() if finding.broken] == []


def test_the_move_goes_back_with_what_is_left_and_is_not_made_twice(before):
    before.get_model("accounts", "Workspace").objects.create(id="ws_a", name="Old", credits=100)
    migrate_on()
    Account.objects.filter(pk="ws_a").update(available=40)

    MigrationExecutor(connection).migrate(BEFORE)

    with connection.cursor() as cursor:
        cursor.execute("SELECT credits FROM accounts_workspace")
        assert cursor.fetchall() == [(40,)]
    migrate_on()
    assert Account.objects.get().available == 40
    assert LedgerEntry.objects.across_workspaces().count() == 2


def test_the_old_column_is_gone():
    fields = {field.name for field in apps.get_model("accounts", "Workspace")._meta.get_fields()}

    assert "credits" not in fields
