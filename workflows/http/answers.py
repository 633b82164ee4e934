"""What the API shows of workflows and versions, as JSON values; `schemas` documents the shapes.

Plain dicts and no models: a stored row is shown as it is, even one that got past the gate once.
"""

from typing import Any

from common.clock import rfc3339
from workflows.types import (
    DraftView,
    Schemas,
    VersionDocument,
    VersionRef,
    WorkflowRef,
    WorkflowSummary,
)


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


def version_json(version: VersionRef) -> dict[str, Any]:
    """Return a published version without its graph."""
    return {
        "version": version.id,
        "number": version.number,
        "workflowId": version.workflow_id,
        "publishedBy": version.published_by,
        "createdAt": rfc3339(version.created_at),
    }


def version_document_json(document: VersionDocument) -> dict[str, Any]:
    """Return a published version with its graph and the schemas of its interface."""
    return {
        **version_json(document.ref),
        "graph": document.graph,
        "inputs": document.input_schema,
        "outputs": document.output_schema,
    }
