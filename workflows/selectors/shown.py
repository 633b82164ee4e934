"""What is shown of workflows wherever they are, as JSON values; the public API's form of them."""

from typing import Any

from common.clock import rfc3339
from workflows.types import DraftView, Schemas, WorkflowRef, WorkflowSummary


def summary_json(workflow: WorkflowSummary) -> dict[str, Any]:
    """Return a workflow as a list shows it: without graph, inputs and outputs."""
    return {
        "id": workflow.id,
        "name": workflow.name,
        "description": workflow.description,
        "revision": workflow.revision,
        "problems": workflow.problems,
        "publishedVersion": workflow.published_number,
        "webhook": None,
        "callbackUrl": workflow.callback_url,
        "createdAt": rfc3339(workflow.created_at),
        "updatedAt": rfc3339(workflow.updated_at),
    }


def workflow_json(workflow: WorkflowRef, view: DraftView) -> dict[str, Any]:
    """Return a workflow with its draft, checked against today's catalogue."""
    return {
        **summary_json(workflow),
        "graph": workflow.graph,
        "problems": view.problems,
        **schemas_json(view.schemas),
    }


def schemas_json(schemas: Schemas) -> dict[str, Any]:
    """Return the two JSON Schemas of an interface."""
    return {"inputs": schemas.inputs, "outputs": schemas.outputs}
