"""Whose turn it is: the next task of a queue, the workspace with the fewest running ones first.

One statement picks and claims. It walks the workspaces that have something ready by the index
`task_fair`, one seek for each, so ten thousand ready tasks of one cost no more than one. Among
workspaces that have as many tasks running, a task somebody watches goes first, then the oldest.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection

from common.sql import columns_of, read_row
from executor import conf
from executor.models import Task
from executor.types import TaskState


def claim_fairest(queue: str, owner: str, now: datetime) -> Task | None:
    """Claim the task of a queue whose turn it is; None when nothing may be claimed.

    On PostgreSQL those who claim at the same moment look at the same first task of each workspace,
    and may find all of these taken while others are ready. Then the one that is ready longest is
    claimed: the bell that brought this worker is used up, and nobody else would come for it.
    """
    given = {"queue": queue, "owner": owner, "now": now, "lease": conf.lease_s()}
    task = _claimed(_claim_sql(), given)
    return _claimed(_oldest_sql(), given) if task is None and conf.is_postgres() else task


def _claimed(sql: str, given: Mapping[str, Any]) -> Task | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, _adapted(given))
        values = cursor.fetchone()
    return None if values is None else read_row(Task, values)


def _adapted(given: Mapping[str, Any]) -> dict[str, Any]:
    """Give SQLite the hours as it stores them; PostgreSQL has a clock of its own."""
    if conf.is_postgres():
        return dict(given)
    now = given["now"]
    adapt = connection.ops.adapt_datetimefield_value
    return {**given, "now": adapt(now), "until": adapt(now + timedelta(seconds=given["lease"]))}


@cache
def _claim_sql() -> str:
    is_postgres = conf.is_postgres()
    now = "STATEMENT_TIMESTAMP()" if is_postgres else "%(now)s"
    until = f"{now} + make_interval(secs => %(lease)s)" if is_postgres else "%(until)s"
    skip = "FOR UPDATE OF t SKIP LOCKED" if is_postgres else ""
    # PostgreSQL would answer a plain "= (SELECT …)" by hashing all that is ready.
    the_one_of = "= ANY (ARRAY" if is_postgres else "= ("
    ready = f"state = '{TaskState.READY}'"
    return f"""
WITH RECURSIVE waiting(id) AS (
  SELECT MIN(workspace_id) FROM executor_task WHERE queue = %(queue)s AND {ready}
  UNION ALL
  SELECT (SELECT MIN(workspace_id) FROM executor_task
          WHERE queue = %(queue)s AND {ready} AND workspace_id > waiting.id)
  FROM waiting WHERE waiting.id IS NOT NULL
)
UPDATE executor_task SET state = '{TaskState.RUNNING}', lease_owner = %(owner)s,
  lease_until = {until}, fence = fence + 1, attempts = attempts + 1
WHERE {ready} AND id = (
  SELECT t.id FROM waiting
  JOIN executor_task t ON t.id {the_one_of}(
    SELECT f.id FROM executor_task f
    WHERE f.queue = %(queue)s AND f.{ready} AND f.workspace_id = waiting.id AND f.wake_at <= {now}
    ORDER BY f.priority, f.id LIMIT 1))
  LEFT JOIN (
    SELECT workspace_id, COUNT(*) AS running FROM executor_task
    WHERE queue = %(queue)s AND state = '{TaskState.RUNNING}' GROUP BY workspace_id
  ) busy ON busy.workspace_id = waiting.id
  WHERE t.{ready}
  ORDER BY COALESCE(busy.running, 0), t.priority, t.id LIMIT 1 {skip})
RETURNING {columns_of(Task, "executor_task")}"""  # noqa: S608 - words of our own alone


@cache
def _oldest_sql() -> str:
    """Return PostgreSQL's statement that claims the first task that nobody else is claiming."""
    return f"""
UPDATE executor_task SET state = '{TaskState.RUNNING}', lease_owner = %(owner)s,
  lease_until = STATEMENT_TIMESTAMP() + make_interval(secs => %(lease)s),
  fence = fence + 1, attempts = attempts + 1
WHERE id = (
  SELECT t.id FROM executor_task t
  WHERE t.queue = %(queue)s AND t.state = '{TaskState.READY}'
    AND t.wake_at <= STATEMENT_TIMESTAMP()
  ORDER BY t.wake_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING {columns_of(Task, "executor_task")}"""  # noqa: S608 - words of our own alone
