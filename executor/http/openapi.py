"""Parts of the OpenAPI document that the views of this app share."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from common.http.problem import CONTENT_TYPE
from executor.types import ExecutionStatus

CURSOR = OpenApiParameter("cursor", str, description="`nextCursor` of the page before.")
LIMIT = OpenApiParameter("limit", int, description="Items on a page, 1 to 100; 25 if left out.")
WORKFLOW = OpenApiParameter("workflowId", str, description="Runs of one workflow.")
STATUS = OpenApiParameter("status", str, enum=[str(status) for status in ExecutionStatus])
SINCE = OpenApiParameter("since", OpenApiTypes.DATETIME, description="Accepted then or later.")
UNTIL = OpenApiParameter("until", OpenApiTypes.DATETIME, description="Accepted before then.")
WAIT = OpenApiParameter(
    "wait",
    float,
    description="Hold the answer until the status changes, for 0 to 30 seconds at most.",
)

UPLOAD_BODY: dict[str, Any] = {
    "multipart/form-data": {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}},
        "required": ["file"],
        "additionalProperties": False,
    }
}

KEY_PROBLEMS = (401, 403)
_PROBLEM = {"$ref": "#/components/schemas/Problem"}


def problems(*statuses: int) -> dict[tuple[int, str], dict[str, str]]:
    """Return the error answers of an operation, each a problem document."""
    return {(status, CONTENT_TYPE): _PROBLEM for status in statuses}
