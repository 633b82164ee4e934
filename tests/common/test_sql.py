"""Statements that are built once: they must do what Django's own would, on either database."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from common.clock import utc_now
from common.sql import (
    AtMost,
    Plus,
    SharedNow,
    columns_of,
    forgettable,
    insert_rows,
    read_row,
    select_row,
    select_rows,
    select_values,
    update_returning,
    update_rows,
)
from executor.models import Execution, NodeResults, Task
from tests.executor.runs import accept, publish
from tests.graphs import chain

MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def execution(workspace) -> Execution:
    """A run that is stored, with values of every kind in its columns."""
    accepted = accept(
        workspace, publish(workspace, chain(1)), {"text": "a\u2028b"}, metadata={"n": [1, None]}
    )
    return Execution.objects.across_workspaces().get(pk=accepted.execution_id)


@pytest.fixture
def task(execution) -> Task:
    """The run's one task."""
    return Task.objects.get(execution_id=execution.id)


def columns(row):
    """A row's values by column."""
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_a_row_reads_back_as_django_reads_it(execution, task) -> None:
    for row in (execution, task):
        found = select_row(type(row), {"pk": row.pk})

        assert columns(found) == columns(row)
        assert found is not None
        assert not found._state.adding


def test_what_is_inserted_is_what_django_finds(task) -> None:
    copies = [Task(**{**columns(task), "id": f"task_{n}", "segment": n}) for n in range(3)]

    insert_rows(copies)

    stored = Task.objects.filter(pk__startswith="task_", segment__lt=3).exclude(pk=task.pk)
    assert [columns(row) for row in stored.order_by("segment")] == [columns(row) for row in copies]


def test_inserting_nothing_is_no_statement(db, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        insert_rows([])


def test_text_that_json_columns_refuse_is_stored_and_read(execution) -> None:
    items = [["n0", "\x00", "\ud800"]]

    insert_rows([NodeResults(execution_id=execution.id, segment=0, items=items)])

    assert NodeResults.objects.get(execution_id=execution.id).items == items
    found = select_row(NodeResults, {"execution_id": execution.id})
    assert found is not None
    assert found.items == items


def test_an_update_touches_only_the_rows_that_match(task) -> None:
    missed = update_rows(Task, {"fence": 7}, {"pk": task.pk, "state": "running"})
    hit = update_rows(Task, {"fence": 7}, {"pk": task.pk, "state": "ready", "lease_until": None})

    task.refresh_from_db()
    assert (missed, hit, task.fence) == (0, 1, 7)


def test_plus_raises_what_the_column_holds(task) -> None:
    update_rows(Task, {"attempts": Plus(2)}, {"pk": task.pk})
    update_rows(Task, {"attempts": Plus(-1)}, {"pk": task.pk})

    task.refresh_from_db()
    assert task.attempts == 1


def test_at_most_takes_in_its_bound_and_nothing_above(task) -> None:
    at = task.wake_at

    assert update_rows(Task, {"fence": 1}, {"pk": task.pk, "wake_at": AtMost(at)}) == 1
    assert (
        update_rows(Task, {"fence": 2}, {"pk": task.pk, "wake_at": AtMost(at - MILLISECOND)}) == 0
    )


def test_the_shared_time_lies_as_far_ahead_as_is_asked(task) -> None:
    before = utc_now()

    update_rows(Task, {"lease_until": SharedNow(before, plus_s=30)}, {"pk": task.pk})

    task.refresh_from_db()
    assert timedelta(seconds=29) < task.lease_until - before < timedelta(seconds=31)


def test_a_value_may_be_null(task) -> None:
    update_rows(Task, {"rung_at": None}, {"pk": task.pk})

    task.refresh_from_db()
    assert task.rung_at is None


def test_an_update_returns_the_row_as_it_is_now(execution) -> None:
    changed = update_returning(Execution, {"status": "RUNNING"}, {"pk": execution.id})

    execution.refresh_from_db()
    assert columns(changed) == columns(execution)
    assert update_returning(Execution, {"status": "QUEUED"}, {"pk": "exec_none"}) is None


def test_all_rows_that_match_are_read(execution) -> None:
    found = select_rows(Execution, {"workspace_id": execution.workspace_id})

    assert [columns(row) for row in found] == [columns(execution)]


def test_nothing_is_found_where_nothing_is(db) -> None:
    assert select_rows(Execution, {"pk": "exec_none"}) == []
    assert select_row(Execution, {"pk": "exec_none"}) is None
    assert select_values(Execution, ("status",), {"pk": "exec_none"}) is None


def test_some_columns_come_in_the_order_asked_for(execution) -> None:
    found = select_values(Execution, ("mode", "status", "id"), {"pk": execution.id})

    assert found == ("live", "QUEUED", execution.id)


def test_a_statement_of_our_own_reads_whole_rows(execution) -> None:
    sql = f"SELECT {columns_of(Execution, 'e')} FROM executor_execution e WHERE e.id = %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, [execution.id])
        row = read_row(Execution, cursor.fetchone())

    assert columns(row) == columns(execution)


def test_an_unknown_column_is_no_sql(task) -> None:
    with pytest.raises(KeyError):
        update_rows(Task, {"nonsense": 1}, {"pk": task.pk})


@pytest.mark.django_db(transaction=True)
def test_what_is_forgettable_is_committed_all_the_same(task) -> None:
    make_durable()

    with forgettable():
        update_rows(Task, {"fence": 5}, {"pk": task.pk})

    assert Task.objects.get(pk=task.pk).fence == 5
    assert durability() == DURABLE[connection.vendor]


@pytest.mark.django_db(transaction=True)
def test_a_forgettable_transaction_that_breaks_leaves_nothing_behind(task) -> None:
    make_durable()

    def break_off() -> None:
        with forgettable():
            update_rows(Task, {"fence": 5}, {"pk": task.pk})
            raise DatabaseError

    with pytest.raises(DatabaseError):
        break_off()

    assert Task.objects.get(pk=task.pk).fence == 0
    assert durability() == DURABLE[connection.vendor]


def test_within_a_transaction_the_outer_one_decides(task) -> None:
    with transaction.atomic(), forgettable():
        update_rows(Task, {"fence": 5}, {"pk": task.pk})

    assert Task.objects.get(pk=task.pk).fence == 5


DURABLE = {"sqlite": 2, "postgresql": "on"}  # 2: FULL


def make_durable() -> None:
    """Wait for the disk, as a server in production does and one for tests does not."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = on")


def durability():
    """How the connection's next commit waits for the disk."""
    asked = {"sqlite": "PRAGMA synchronous", "postgresql": "SHOW synchronous_commit"}
    with connection.cursor() as cursor:
        cursor.execute(asked[connection.vendor])
        return cursor.fetchone()[0]
