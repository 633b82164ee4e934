"""The list of runs: which index answers which filter, and what the list leaves out."""

from datetime import timedelta
from itertools import product

import pytest
from django.db import connection, transaction

from common.clock import utc_now
from common.ids import lowest_id, new_id
from executor.models import Execution
from executor.selectors.history import ExecutionFilter, list_executions, page_of_executions
from executor.types import ExecutionStatus
from tests.executor.runs import accept, publish
from tests.graphs import chain

MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def execution(workspace) -> Execution:
    """An accepted run."""
    accepted = accept(workspace, publish(workspace, chain(1)), {"text": "x"})
    return Execution.objects.of(workspace.id).get(pk=accepted.execution_id)


def listed(workspace, **wanted):
    """Ids of the first page."""
    found = list_executions(workspace.id, ExecutionFilter(**wanted), before=None, limit=100)
    return [row["executionId"] for row in found]


def test_a_run_that_a_run_started_is_not_listed(workspace, execution) -> None:
    child = Execution.objects.of(workspace.id).get(pk=execution.pk)
    child.pk, child.parent_id = new_id("exec"), execution.pk
    child.save(force_insert=True)

    assert listed(workspace) == [execution.pk]
    assert listed(workspace, status=ExecutionStatus.QUEUED) == [execution.pk]


@pytest.mark.parametrize("skew_s", [-240, 0, 240])
def test_times_are_exact_to_the_millisecond_whatever_the_id_says(
    workspace, execution, skew_s
) -> None:
    at = execution.created_at.replace(microsecond=500_000) + timedelta(seconds=skew_s)
    Execution.objects.of(workspace.id).update(created_at=at)

    assert listed(workspace, since=at, until=at + MILLISECOND) == [execution.pk]
    assert listed(workspace, since=at + MILLISECOND) == []
    assert listed(workspace, until=at) == []


def test_ids_of_a_moment_lie_at_or_above_its_lowest() -> None:
    before = utc_now()
    made = new_id("exec")
    after = utc_now() + MILLISECOND

    assert lowest_id("exec", before) <= made < lowest_id("exec", after)


@pytest.mark.parametrize(
    ("workflow", "status", "times", "is_later"), list(product((False, True), repeat=4))
)
def test_every_filter_is_a_range_of_its_index(
    workspace, execution, workflow, status, times, is_later
) -> None:
    now = utc_now()
    wanted = ExecutionFilter(
        workflow_id=execution.workflow_id if workflow else None,
        status=ExecutionStatus.PAUSED if status else None,
        since=now - timedelta(days=1) if times else None,
        until=now if times else None,
    )
    page = page_of_executions(workspace.id, wanted, before=execution.pk if is_later else None)

    plan = explain(page[:25])

    names = {(0, 0): "list", (1, 0): "by_workflow", (0, 1): "by_status", (1, 1): "by_both"}
    if connection.vendor == "sqlite":  # PostgreSQL goes by what it knows of the rows: see P14
        assert f"execution_{names[workflow, status]}" in plan
    assert "Index Scan" in plan or "USING INDEX" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def explain(rows) -> str:
    """How the database goes about a query; PostgreSQL as for a table that is worth an index."""
    if connection.vendor == "sqlite":
        return str(rows.explain())
    with transaction.atomic(), connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        return str(rows.explain())
