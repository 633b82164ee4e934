"""`python -m tests.executor.partitioned`: runs on tables before and after they are partitioned."""

import io
import json
import sys
from datetime import datetime, timedelta

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import IntegrityError, connection, transaction  # noqa: E402

from common.clock import FixedClock, utc_now  # noqa: E402
from common.ids import lowest_id  # noqa: E402
from executor.models import Execution, ExecutionEvent, NodeResults, Task  # noqa: E402
from executor.selectors.history import ExecutionFilter, list_executions  # noqa: E402
from executor.services.partitions import TABLES  # noqa: E402
from executor.services.retention import purge_expired  # noqa: E402
from tests.executor.runs import accept, answer_of, perform_all, publish  # noqa: E402
from tests.factories import make_workspace  # noqa: E402
from tests.graphs import chain  # noqa: E402


def main(month: str) -> dict[str, object]:
    """Make a run, switch, make another, put one into the month ahead; tell what was found."""
    workspace = make_workspace()
    workflow = publish(workspace, chain(2))
    before = accept(workspace, workflow, {"text": "before"}).execution_id
    perform_all()
    _switch(month)
    during = accept(workspace, workflow, {"text": "during"}).execution_id
    perform_all()
    ahead = _copy_into(during, month)
    listed = list_executions(workspace.id, ExecutionFilter(), before=None, limit=10)
    found = {
        "statuses": [answer_of(workspace, id_)["status"] for id_ in (before, during, ahead)],
        "listed": [row["executionId"] for row in listed] == [ahead, during, before],
        "places": {table.name: _places(table.name) for table in TABLES},
        "refused": [_is_refused(model) for model in (NodeResults, ExecutionEvent)],
        "pruned": _plan(ahead).count("Index Scan"),
    }
    found["purged"] = purge_expired(clock=FixedClock(utc_now() + timedelta(days=100))).runs
    found["left"] = sum(model.objects.count() for model in (Task, NodeResults, ExecutionEvent))
    return found


def _switch(month: str) -> None:
    script = io.StringIO()
    call_command("partition_sql", month, stdout=script)
    with connection.cursor() as cursor:
        cursor.execute(script.getvalue())
    later = datetime.strptime(month, "%Y-%m") + timedelta(days=32)  # noqa: DTZ007 - a month
    more = io.StringIO()
    call_command("partition_sql", f"{later:%Y-%m}", "--month-only", stdout=more)
    with connection.cursor() as cursor:
        cursor.execute(more.getvalue())


def _copy_into(run: str, month: str) -> str:
    """Copy a run with its rows, as if it had been accepted in the middle of a month."""
    at = datetime.fromisoformat(f"{month}-15T00:00:00+00:00")
    execution = Execution.objects.across_workspaces().get(pk=run)
    execution.pk = lowest_id("exec", at)
    execution.save(force_insert=True)
    for model in (Task, NodeResults, ExecutionEvent):
        for row in model.objects.filter(execution_id=run):
            row.pk = lowest_id("task", at) if model is Task else None
            row.execution_id = execution.pk
            row.save(force_insert=True)
    return execution.pk


def _places(table: str) -> dict[str, int]:
    """How many rows lie in which partition."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tableoid::regclass::text, COUNT(*) FROM {table} GROUP BY 1")
        return {name.removeprefix(f"{table}_"): count for name, count in cursor.fetchall()}


def _is_refused(model) -> bool:
    """Whether what must be there once cannot be stored again."""
    row = model.objects.order_by("pk").last()
    row.pk = None
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return True
    return False


def _plan(run: str) -> str:
    return Execution.objects.across_workspaces().filter(pk=run).explain()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1])) + "\n")
