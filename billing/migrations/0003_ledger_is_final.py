"""Ledger entries are written once, and on PostgreSQL no transaction commits legs that do not sum
to zero. SQLite has no deferred triggers; there `billing.services.ledger` alone sees to it.
"""

from django.db import migrations

from common.append_only import refuse_changes

_SUM_TO_ZERO = (
    """
    CREATE OR REPLACE FUNCTION check_ledger_sum() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT SUM(amount) FROM billing_ledgerentry WHERE key = NEW.key) <> 0 THEN
            RAISE EXCEPTION 'the legs of % do not sum to zero', NEW.key
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER billing_ledgerentry_sum AFTER INSERT ON billing_ledgerentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_ledger_sum()
    """,
)
_BACK = (
    "DROP TRIGGER billing_ledgerentry_sum ON billing_ledgerentry",
    "DROP FUNCTION check_ledger_sum()",
)


def _on_postgres(statements):
    def execute(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement, params=None)

    return execute


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_first_plans")]

    operations = [
        refuse_changes("billing_ledgerentry"),
        migrations.RunPython(_on_postgres(_SUM_TO_ZERO), _on_postgres(_BACK)),
    ]
