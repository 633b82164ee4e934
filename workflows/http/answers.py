"""What the API shows of workflows and versions, as JSON values; `schemas` documents the shapes.

Plain dicts and no models: a stored row is shown as it is, even one that got past the gate once.
"""

from typing import Any

from common.clock import rfc3339
from workflows.selectors.shown import schemas_json, summary_json, workflow_json
from workflows.types import VersionDocument, VersionRef

__all__ = [
    "schemas_json",
    "summary_json",
    "version_document_json",
    "version_json",
    "workflow_json",
]


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
