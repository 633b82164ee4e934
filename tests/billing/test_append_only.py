"""What is booked stays: the database itself refuses changes, on both engines (D2)."""

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import AuditAnchor, AuditEntry
from billing.models import LedgerEntry, Plan
from billing.services.ledger import Booking, book
from billing.types import EntryType, LedgerAccount
from common.clock import utc_date, utc_now

pytestmark = pytest.mark.django_db

TABLES = ("billing_ledgerentry", "accounts_auditentry", "accounts_auditanchor")


@pytest.fixture
def _a_row_of_each(workspace):
    AuditEntry.objects.create(
        workspace_id=workspace.id,
        number=1_000_000,
        actor="system:test",
        via="test",
        verb="look",
        object_type="workspace",
        object_id=workspace.id,
        created_at=utc_now(),
        previous="",
        digest="0",
    )
    AuditAnchor.objects.create(
        workspace_id=workspace.id, day=utc_date(utc_now()), number=1, digest="0"
    )


@pytest.mark.usefixtures("_a_row_of_each")
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["UPDATE {} SET workspace_id = 'me'", "DELETE FROM {}"])
def test_d2_the_database_refuses_to_change_what_is_booked(table, change):
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change.format(table))


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no REPLACE")
@pytest.mark.usefixtures("_a_row_of_each")
@pytest.mark.parametrize("table", TABLES)
def test_d2_what_is_booked_is_not_replaced(table):
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"REPLACE INTO {table} SELECT * FROM {table}")


@pytest.mark.usefixtures("_a_row_of_each")
@pytest.mark.parametrize("model", [LedgerEntry.unscoped, AuditEntry.objects])
def test_d2_a_queryset_cannot_delete_what_is_booked(model):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        model.all().delete()

    assert model.exists()


@pytest.mark.parametrize("table", TABLES)
def test_d2_a_table_of_what_is_booked_cannot_be_emptied(table):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")

    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"TRUNCATE {table}")


def test_a_transaction_whose_legs_do_not_sum_to_zero_is_refused(workspace):
    lopsided = Booking(
        "lopsided", EntryType.ADJUST, {LedgerAccount.LOSS: -1, LedgerAccount.AVAILABLE: 2}
    )

    with pytest.raises(ValueError, match="sum to zero"):
        book(workspace.id, [lopsided], actor="system", now=utc_now())


@pytest.mark.parametrize("amounts", [(5,), (-5, 6)])
def test_postgresql_commits_no_legs_that_do_not_sum_to_zero(workspace, amounts):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no deferred triggers")
    accounts = ("available", "loss")[: len(amounts)]

    with pytest.raises(IntegrityError, match="do not sum to zero"), transaction.atomic():
        insert_legs(workspace, dict(zip(accounts, amounts, strict=True)))


def insert_legs(workspace, amounts):
    """Insert legs of one key past the services, and have what is deferred checked now."""
    for account, amount in amounts.items():
        LedgerEntry.objects.insert(
            workspace_id=workspace.id,
            key="lopsided",
            type="adjust",
            account=account,
            amount=amount,
            actor="system",
            created_at=utc_now(),
        )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", [1, 2])
def test_tests_with_real_transactions_begin_with_the_first_plans_alone(workspace, _round):
    assert LedgerEntry.unscoped.exclude(workspace_id=workspace.id).count() == 0
    assert Plan.objects.count() == 4
