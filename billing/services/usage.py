"""Adding to the counters of usage."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.db import connection

from billing.models import UsageDay
from billing.types import UsageSlot, Used

_ROWS_AT_ONCE = 500  # SQLite takes some thousand parameters in a statement


def add_usage(used: Mapping[UsageSlot, Used]) -> None:
    """Add to counters, in the caller's transaction, which marks what they stand for as counted.

    Rows are locked in one order, so that any number of callers can be at it.
    """
    slots = sorted(used)
    for first in range(0, len(slots), _ROWS_AT_ONCE):
        some = slots[first : first + _ROWS_AT_ONCE]
        given = [value for slot in some for value in _row(slot, used[slot])]
        with connection.cursor() as cursor:
            cursor.execute(_add_sql(len(some)), given)


def _row(slot: UsageSlot, used: Used) -> list[Any]:
    return [
        slot.workspace_id,
        connection.ops.adapt_datefield_value(slot.day),
        slot.mode,
        slot.workflow_id,
        slot.key_id,
        slot.model,
        used.executions,
        used.credits,
    ]


@cache
def _add_sql(rows: int) -> str:
    table = connection.ops.quote_name(UsageDay._meta.db_table)  # noqa: SLF001 - Django's public API
    slot = "workspace_id, day, mode, workflow_id, key_id, model"
    values = ", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s)"] * rows)
    return (
        f"INSERT INTO {table} ({slot}, executions, credits) VALUES {values} "  # noqa: S608 - ours
        f"ON CONFLICT ({slot}) DO UPDATE SET "
        f"executions = {table}.executions + EXCLUDED.executions, "
        f"credits = {table}.credits + EXCLUDED.credits"
    )
