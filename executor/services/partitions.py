"""PostgreSQL: the four tables that grow without end, partitioned by month where an operator wants it.

Their keys are or begin with an id that is ordered by time, so a month is a range of it, and whatever
must be unique is so within one run, so within one partition. This writes the SQL of the switch;
docs/decisions/0012 says when and how.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models

from common.ids import lowest_id
from executor.models import Execution, ExecutionEvent, NodeResults, Task

NEW, OLD = "_by_month", "_before"  # ends of names during the switch, and of the first partition


@dataclass(frozen=True, slots=True)
class Partitioned:
    """A table, the column of its ranges, and the prefix of the ids in that column."""

    model: type[models.Model]
    column: str
    prefix: str

    @property
    def name(self) -> str:
        """The table's name."""
        return str(self.model._meta.db_table)  # noqa: SLF001 - Django's public API

    @property
    def has_own_key(self) -> bool:
        """Say whether the ranges go by the primary key itself, and not by the run's id."""
        return str(self.model._meta.pk.column) == self.column  # noqa: SLF001 - as above


TABLES = (
    Partitioned(Execution, "id", "exec"),
    Partitioned(Task, "id", "task"),
    Partitioned(NodeResults, "execution_id", "exec"),
    Partitioned(ExecutionEvent, "execution_id", "exec"),
)


def switch_sql(year: int, month: int) -> Iterator[str]:
    """Return the statements that turn the tables into partitioned ones, for one transaction.

    What there is becomes the first partition, which takes everything before the given month; that
    must lie ahead. Nothing is copied. Foreign keys go: no partition could be dropped while they
    stand. The services delete what hangs on a run by themselves.
    """
    yield from _drop_foreign_keys()
    for table in TABLES:
        yield from twin_sql(table)
        yield from _swap(table)
        yield (
            f"ALTER TABLE {_q(table.name)} ATTACH PARTITION {_q(table.name + OLD)} "
            f"FOR VALUES FROM (MINVALUE) TO ('{_first_id(table, year, month)}')"
        )
        yield month_sql(table, year, month)
        yield f"CREATE TABLE {_q(table.name + '_rest')} PARTITION OF {_q(table.name)} DEFAULT"


def twin_sql(table: Partitioned) -> Iterator[str]:
    """Return the statements that make the empty partitioned twin of a table.

    Columns and defaults are the table's own, constraints and indexes the model's. Counted keys get
    a sequence, since before version 17 a partitioned table could have none built in.
    """
    twin = table.name + NEW
    key = _q("id") if table.has_own_key else f"{_q(table.column)}, {_q('id')}"
    yield (
        f"CREATE TABLE {_q(twin)} (LIKE {_q(table.name)} INCLUDING DEFAULTS, "
        f"CONSTRAINT {_q(table.name + '_pkey' + NEW)} PRIMARY KEY ({key})) "
        f"PARTITION BY RANGE ({_q(table.column)})"
    )
    if not table.has_own_key:
        sequence = _q(f"{table.name}_number")
        yield f"CREATE SEQUENCE {sequence} OWNED BY {_q(twin)}.id"
        yield (
            f"SELECT setval('{sequence}', (SELECT COALESCE(MAX(id), 0) + 1 FROM {_q(table.name)}))"  # noqa: S608
        )
        yield f"ALTER TABLE {_q(twin)} ALTER COLUMN id SET DEFAULT nextval('{sequence}')"
    with connection.schema_editor(collect_sql=True) as editor:
        for part in (*_constraints(table), *_indexes(table)):
            text = str(part.create_sql(table.model, editor))
            named = text.replace(_q(part.name), _q(part.name + NEW))
            yield named.replace(_q(table.name), _q(twin))


def month_sql(table: Partitioned, year: int, month: int) -> str:
    """Return the statement that makes the partition of a month, by the ids' clock (UTC)."""
    following = (year + month // 12, month % 12 + 1)
    return (
        f"CREATE TABLE {_q(f'{table.name}_{year}_{month:02}')} PARTITION OF {_q(table.name)} "
        f"FOR VALUES FROM ('{_first_id(table, year, month)}') "
        f"TO ('{_first_id(table, *following)}')"
    )


def _swap(table: Partitioned) -> Iterator[str]:
    """Give the twin the table's names, so that migrations and queries find what they always found."""
    pkey = table.name + "_pkey"
    if table.has_own_key:
        yield f"ALTER INDEX {_q(pkey)} RENAME TO {_q(pkey + OLD)}"
    else:
        yield f"ALTER TABLE {_q(table.name)} DROP CONSTRAINT {_q(pkey)}"
        yield f"ALTER TABLE {_q(table.name)} ALTER COLUMN id DROP IDENTITY"
    yield f"ALTER TABLE {_q(table.name)} RENAME TO {_q(table.name + OLD)}"
    yield f"ALTER TABLE {_q(table.name + NEW)} RENAME TO {_q(table.name)}"
    yield f"ALTER INDEX {_q(pkey + NEW)} RENAME TO {_q(pkey)}"
    checks = [part for part in _constraints(table) if isinstance(part, models.CheckConstraint)]
    for part in checks:  # that of the first partition keeps its name, as the two must be the same
        yield f"ALTER TABLE {_q(table.name)} RENAME CONSTRAINT {_q(part.name + NEW)} TO {_q(part.name)}"
    for part in (*_indexes(table), *(each for each in _constraints(table) if each not in checks)):
        yield f"ALTER INDEX {_q(part.name)} RENAME TO {_q(part.name + OLD)}"
        yield f"ALTER INDEX {_q(part.name + NEW)} RENAME TO {_q(part.name)}"


def _drop_foreign_keys() -> Iterator[str]:
    names = [table.name for table in TABLES]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f' AND "
            "(conrelid::regclass::text = ANY(%s) OR confrelid::regclass::text = ANY(%s)) "
            "ORDER BY 1, 2",
            (names, names),
        )
        found = cursor.fetchall()
    for name, constraint in found:
        yield f"ALTER TABLE {name} DROP CONSTRAINT {_q(constraint)}"


def _constraints(table: Partitioned) -> list[Any]:
    return list(table.model._meta.constraints)  # noqa: SLF001 - Django's public API


def _indexes(table: Partitioned) -> list[Any]:
    return list(table.model._meta.indexes)  # noqa: SLF001 - Django's public API


def _first_id(table: Partitioned, year: int, month: int) -> str:
    return lowest_id(table.prefix, datetime(year, month, 1, tzinfo=UTC))


def _q(name: str) -> str:
    return str(connection.ops.quote_name(name))
