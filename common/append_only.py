"""Tables whose rows are never changed and never deleted, not even by mistake: triggers refuse it.

`refuse_changes` is an operation for a migration. SQLite drops a table's triggers when a later
migration rebuilds the table (most changes of a column do), so such a migration ends with the same
operation again; tests try to change rows of the migrated database.
"""

from typing import Any

from django.db import migrations

_POSTGRES = (
    """
    CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$
    """,
    "DROP TRIGGER IF EXISTS {table}_final ON {table}",
    """
    CREATE TRIGGER {table}_final BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """,
    "DROP TRIGGER IF EXISTS {table}_kept ON {table}",
    """
    CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
)
_POSTGRES_BACK = (
    "DROP TRIGGER IF EXISTS {table}_final ON {table}",
    "DROP TRIGGER IF EXISTS {table}_kept ON {table}",
)
_SQLITE = tuple(
    f"CREATE TRIGGER IF NOT EXISTS {{table}}_no_{event.lower()} BEFORE {event} ON {{table}} "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    for event in ("UPDATE", "DELETE")
)
_SQLITE_BACK = tuple(
    f"DROP TRIGGER IF EXISTS {{table}}_no_{event}" for event in ("update", "delete")
)


def refuse_changes(table: str) -> migrations.RunPython:
    """Return the operation that lets rows of a table be inserted and read, and nothing else.

    Whoever tries gets an IntegrityError.
    """
    return migrations.RunPython(
        _statements(table, {"postgresql": _POSTGRES, "sqlite": _SQLITE}),
        _statements(table, {"postgresql": _POSTGRES_BACK, "sqlite": _SQLITE_BACK}),
    )


def _statements(table: str, by_vendor: dict[str, tuple[str, ...]]) -> Any:
    def execute(_apps: Any, schema_editor: Any) -> None:
        for statement in by_vendor[schema_editor.connection.vendor]:
            schema_editor.execute(statement.format(table=table), params=None)

    return execute
