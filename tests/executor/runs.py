"""Making and performing runs in tests, in the calling thread: no worker, no broker."""

import json
from typing import Any

from accounts.api import SYSTEM_ACTOR, WorkspaceRef
from executor.models import NodeResults, Task
from executor.runtime.perform import Performer
from executor.selectors.runs import get_poll_answer
from executor.services.accept import accept_execution
from executor.types import Accepted, ExecutionRequest, Trigger
from workflows.api import create_workflow, publish_workflow


def publish(workspace: WorkspaceRef, document: dict[str, Any]) -> str:
    """A published workflow; returns its id."""
    made = create_workflow(
        actor=SYSTEM_ACTOR, workspace_id=workspace.id, name="Flow", graph=document
    )
    publish_workflow(actor=SYSTEM_ACTOR, workspace_id=workspace.id, workflow_id=made.id)
    return made.id


def accept(
    workspace: WorkspaceRef, workflow_id: str, inputs: dict[str, Any], **options: Any
) -> Accepted:
    """An accepted run that nobody has begun."""
    return accept_execution(
        ExecutionRequest(
            workspace_id=workspace.id,
            workflow_id=workflow_id,
            version=None,
            inputs=inputs,
            mode="live",
            trigger=Trigger.API,
            **options,
        )
    )


def ready_tasks() -> list[str]:
    """Ids of the tasks that may be claimed, oldest first."""
    rows = Task.objects.filter(state="ready").order_by("wake_at", "id")
    return list(rows.values_list("pk", flat=True))


def perform_all(owner: str = "test") -> int:
    """Perform ready tasks until there are none; returns how many were rung."""
    performer, rung = Performer(owner), 0
    while tasks := ready_tasks():
        performer.perform(tasks[0])
        rung += 1
    return rung


def answer_of(workspace: WorkspaceRef, execution_id: str) -> dict[str, Any]:
    """The poll answer."""
    answer: dict[str, Any] = json.loads(get_poll_answer(workspace.id, execution_id).body)
    return answer


def run(
    workspace: WorkspaceRef, document: dict[str, Any], inputs: dict[str, Any], **options: Any
) -> dict[str, Any]:
    """Publish, accept, perform; returns the final poll answer."""
    accepted = accept(workspace, publish(workspace, document), inputs, **options)
    perform_all()
    return answer_of(workspace, accepted.execution_id)


def stored_nodes(execution_id: str) -> int:
    """How many nodes' results are stored."""
    return sum(len(row.items) for row in NodeResults.objects.filter(execution_id=execution_id))
