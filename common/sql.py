"""Statements of the hot path, built once for each shape and run many times.

Building a query costs Django several times what the database needs to run it. A run is accepted,
claimed and finished by a dozen statements of fixed shape, so for these (and these alone) the text
is kept. Columns and values still come from the models: a renamed field breaks here, not in SQL.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models, transaction

Row = TypeVar("Row", bound=models.Model)
AnyModel = type[models.Model]


@dataclass(frozen=True, slots=True)
class Plus:
    """In an update: the column's own value, raised by `amount`."""

    amount: int


@dataclass(frozen=True, slots=True)
class SharedNow:
    """The time by the clock that all processes share, `plus_s` seconds ahead.

    Hosts of a cluster disagree about the time, so on PostgreSQL the server's clock decides. SQLite
    has one host; there it is `now`, the time that the caller read.
    """

    now: datetime
    plus_s: float = 0.0


@dataclass(frozen=True, slots=True)
class AtMost:
    """In a condition: the column is not above `value`."""

    value: Any


@contextmanager
def forgettable() -> Iterator[None]:
    """A transaction whose commit does not wait for the disk.

    For what a power cut may take back at no cost (a claim, a lease renewed, a progress event): it
    saves half of the flushes of a short run. A crash of the process loses nothing of it.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit = off")
            yield
    elif connection.in_atomic_block:
        with transaction.atomic():
            yield
    else:
        with _relaxed_sqlite(), transaction.atomic():
            yield


@contextmanager
def snapshot() -> Iterator[None]:
    """Read the database as it is at one moment, without holding anybody up; nothing is written.

    Inside a transaction that is open already, that transaction's own view has to do.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
    else:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")  # Django's own would take the write lock
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


@contextmanager
def _relaxed_sqlite() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous = NORMAL")
        try:
            yield
        finally:
            cursor.execute("PRAGMA synchronous = FULL")


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one table in one statement; keys that the database makes are not read."""
    if not rows:
        return
    fields = _insert_fields(type(rows[0]))
    params: list[Any] = []
    groups = []
    for row in rows:
        parts = [_assigned(field, getattr(row, field.attname), params) for field in fields]
        groups.append(f"({', '.join(parts)})")
    with connection.cursor() as cursor:
        cursor.execute(_insert_head(type(rows[0])) + ", ".join(groups), params)


def update_rows(model: AnyModel, changes: Mapping[str, Any], where: Mapping[str, Any]) -> int:
    """Update the rows that match all conditions; returns how many there were.

    A condition is a value that the column equals (None: it is null), or `AtMost`.
    """
    params: list[Any] = []
    assignments = _assignments(model, changes, params)
    sql = f"UPDATE {_table(model)} SET {assignments} WHERE {_conditions(model, where, params)}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def update_returning(
    model: type[Row], changes: Mapping[str, Any], where: Mapping[str, Any]
) -> Row | None:
    """Update the one row that matches, and return it as it is now; None when none does."""
    params: list[Any] = []
    assignments = _assignments(model, changes, params)
    conditions = _conditions(model, where, params)
    sql = (
        f"UPDATE {_table(model)} SET {assignments} WHERE {conditions} "  # noqa: S608
        f"RETURNING {_columns(model)}"
    )
    return _one(model, sql, params)


def select_row(model: type[Row], where: Mapping[str, Any], *, lock: bool = False) -> Row | None:
    """Return the one row that matches, None when none does.

    `lock` holds it until the transaction ends; on SQLite the transaction itself does.
    """
    params: list[Any] = []
    conditions = _conditions(model, where, params)
    sql = f"SELECT {_columns(model)} FROM {_table(model)} WHERE {conditions}{_lock_tail(lock)}"  # noqa: S608
    return _one(model, sql, params)


def select_rows(model: type[Row], where: Mapping[str, Any]) -> list[Row]:
    """Return all rows that match, in no order."""
    params: list[Any] = []
    conditions = _conditions(model, where, params)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_columns(model)} FROM {_table(model)} WHERE {conditions}",  # noqa: S608
            params,
        )
        return [read_row(model, values) for values in cursor.fetchall()]


def select_values(
    model: AnyModel, names: Sequence[str], where: Mapping[str, Any], *, lock: bool = False
) -> tuple[Any, ...] | None:
    """Return some columns of the one row that matches, None when none does.

    For texts and numbers: what a database stores in a form of its own is not converted. `lock` as
    for `select_row`.
    """
    params: list[Any] = []
    columns = ", ".join(_quoted(_field(model, name)) for name in names)
    conditions = _conditions(model, where, params)
    sql = f"SELECT {columns} FROM {_table(model)} WHERE {conditions}{_lock_tail(lock)}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found = cursor.fetchone()
    return None if found is None else tuple(found)


def read_row(model: type[Row], values: Sequence[Any]) -> Row:
    """Return a row out of the values of all its columns, as a cursor gives them."""
    fields, converters = _readers(model)
    return model.from_db(connection.alias, fields, _converted(values, converters))


def columns_of(model: AnyModel, alias: str) -> str:
    """Return all columns of a table for a SELECT, in the order that `read_row` wants."""
    return ", ".join(f"{alias}.{_quoted(field)}" for field in _fields(model))


def _one(model: type[Row], sql: str, params: Sequence[Any]) -> Row | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        values = cursor.fetchone()
    return None if values is None else read_row(model, values)


def _assignments(model: AnyModel, changes: Mapping[str, Any], params: list[Any]) -> str:
    parts = []
    for name, value in changes.items():
        field = _field(model, name)
        parts.append(f"{_quoted(field)} = {_assigned(field, value, params)}")
    return ", ".join(parts)


def _lock_tail(lock: bool) -> str:
    """Lock against writers only: rows that refer to this one are checked when others commit.

    To have those wait too would deadlock with whoever holds what the lock's owner needs next.
    """
    can_lock = lock and connection.features.has_select_for_no_key_update
    return " FOR NO KEY UPDATE" if can_lock else ""


def _conditions(model: AnyModel, where: Mapping[str, Any], params: list[Any]) -> str:
    parts = []
    for name, value in where.items():
        field = _field(model, name)
        if value is None:
            parts.append(f"{_quoted(field)} IS NULL")
            continue
        operator, operand = ("<=", value.value) if isinstance(value, AtMost) else ("=", value)
        parts.append(f"{_quoted(field)} {operator} {_assigned(field, operand, params)}")
    return " AND ".join(parts)


def _assigned(field: "models.Field[Any, Any]", value: Any, params: list[Any]) -> str:
    """Return the SQL that stands for a value, entering what it needs into `params`."""
    if isinstance(value, Plus):
        params.append(value.amount)
        return f"{_quoted(field)} + %s"
    if isinstance(value, SharedNow):
        if connection.vendor == "postgresql":
            params.append(timedelta(seconds=value.plus_s))
            return "STATEMENT_TIMESTAMP() + %s"
        value = value.now + timedelta(seconds=value.plus_s)
    params.append(field.get_db_prep_save(value, connection))
    return "%s"


def _converted(values: Sequence[Any], converters: Mapping[int, Sequence[Any]]) -> list[Any]:
    row = list(values)
    for index, functions in converters.items():
        for function in functions:
            row[index] = function(row[index], None, connection)
    return row


def _fields(model: AnyModel) -> Iterable["models.Field[Any, Any]"]:
    return model._meta.concrete_fields  # noqa: SLF001 - as above


@cache
def _field(model: AnyModel, name: str) -> "models.Field[Any, Any]":
    fields = {field.attname: field for field in _fields(model)}
    return (
        next(field for field in fields.values() if field.primary_key)
        if name == "pk"
        else fields[name]
    )


@cache
def _table(model: AnyModel) -> str:
    return connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001 - Django's public API


@cache
def _quoted(field: "models.Field[Any, Any]") -> str:
    return connection.ops.quote_name(str(field.column))


@cache
def _insert_fields(model: AnyModel) -> tuple["models.Field[Any, Any]", ...]:
    return tuple(field for field in _fields(model) if not isinstance(field, models.AutoField))


@cache
def _insert_head(model: AnyModel) -> str:
    columns = ", ".join(_quoted(field) for field in _insert_fields(model))
    return f"INSERT INTO {_table(model)} ({columns}) VALUES "  # noqa: S608


@cache
def _columns(model: AnyModel) -> str:
    return ", ".join(_quoted(field) for field in _fields(model))


@cache
def _readers(model: AnyModel) -> tuple[list[str], Mapping[int, Sequence[Any]]]:
    names, converters = [], {}
    for index, field in enumerate(_fields(model)):
        names.append(field.attname)
        column = field.get_col(field.model._meta.db_table)  # noqa: SLF001 - as above
        found = [*connection.ops.get_db_converters(column), *field.get_db_converters(connection)]
        if found:
            converters[index] = found
    return names, converters
