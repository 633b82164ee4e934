"""How tests with real transactions are cleaned up although some tables refuse it.

Django flushes all tables after such a test. The triggers of append-only tables stand in the way,
so they are lifted for the flush and put back with it, in one transaction; then the rows that
migrations brought come back, as every test finds them.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from django.apps import apps
from django.db import connection, transaction

# those that refuse on PostgreSQL
_KEPT = ("accounts_auditanchor", "accounts_auditentry", "billing_ledgerentry")


def flushing(flush: Callable[..., None]) -> Callable[..., None]:
    """Return Django's `execute_sql_flush` so that it gets through."""

    def over_triggers(operations: Any, statements: Iterable[str]) -> None:
        with transaction.atomic(), lifted():
            flush(operations, statements)
            import_module("billing.migrations.0002_first_plans").add_plans(apps, None)

    return over_triggers


@contextmanager
def lifted() -> Iterator[None]:
    is_postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        before, after = _on_postgres() if is_postgres else _on_sqlite(cursor)
        for statement in before:
            cursor.execute(statement)
        yield
        for statement in after:
            cursor.execute(statement)


def _on_postgres() -> tuple[list[str], list[str]]:
    return (
        [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in _KEPT],
        [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in _KEPT],
    )


def _on_sqlite(cursor: Any) -> tuple[list[str], list[str]]:
    cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    found = cursor.fetchall()
    return [f'DROP TRIGGER "{name}"' for name, _ in found], [sql for _, sql in found]
