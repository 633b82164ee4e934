"""`python -m tests.durability.bad_runs COMMAND`: runs of the plugin's nodes, and what became of them."""

import json
import sys
from collections import Counter
from typing import Any

import django

django.setup()

from accounts.api import SYSTEM_ACTOR  # noqa: E402
from accounts.models import Workspace  # noqa: E402
from billing.api import open_workspace  # noqa: E402
from executor.models import Execution, ExecutionEvent, NodeResults, Task  # noqa: E402
from executor.services.cancel import cancel_execution  # noqa: E402
from tests.executor.runs import accept, publish  # noqa: E402
from tests.factories import ample  # noqa: E402
from tests.graphs import graph  # noqa: E402


def start(type_: str, params: str, mapped: str) -> str:
    """Accept a run of one node, mapped over so many elements; returns its id."""
    workspace = open_workspace(
        actor=SYSTEM_ACTOR,
        name="Durable",
        owner_email=f"d{Workspace.objects.count()}@example.com",
    )
    ample(workspace)
    document = graph(
        {
            "t": ("input.list", {"name": "in", "items": "text"})
            if mapped != "0"
            else ("input.text", {"name": "in"}),
            "n": (type_, json.loads(params)),
            "o": ("output", {"name": "text"}),
        },
        ["t.value -> n.text", "n.text -> o.value"],
    )
    workflow = publish(workspace, document)
    value = ["x"] * int(mapped) if mapped != "0" else "x"
    return accept(workspace, workflow, {"in": value}).execution_id


def look(*execution_ids: str) -> list[dict[str, Any]]:
    """What became of runs, and what would show that something was done twice."""
    return [_look(execution_id) for execution_id in execution_ids]


def cancel(execution_id: str) -> str:
    """Cancel a run."""
    row = Execution.objects.across_workspaces().get(pk=execution_id)
    return cancel_execution(workspace_id=row.workspace_id, execution_id=row.id)[0]


def _look(execution_id: str) -> dict[str, Any]:
    row = Execution.objects.across_workspaces().get(pk=execution_id)
    results = NodeResults.objects.filter(execution_id=row.id)
    items = Counter(item[0] for result in results for item in result.items)
    events = ExecutionEvent.objects.filter(execution_id=row.id)
    kinds = Counter(item["type"] for event in events for item in event.items)
    tasks = list(Task.objects.filter(execution_id=row.id).order_by("id"))
    return {
        "status": row.status,
        "error": row.error,
        "finished_at": row.finished_at.timestamp() if row.finished_at else None,
        "finals": kinds["final"],
        "twice": sum(1 for times in items.values() if times > 1),
        "tasks": [task.state for task in tasks],
        "attempts": [task.attempts for task in tasks],
        "owners": [task.lease_owner for task in tasks],
    }


COMMANDS: dict[str, Any] = {"start": start, "look": look, "cancel": cancel}

if __name__ == "__main__":
    answer = COMMANDS[sys.argv[1]](*sys.argv[2:])
    sys.stdout.write(json.dumps(answer) + "\n")
