"""Parameters and bodies in the OpenAPI document that the views of this app share."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from common.http.openapi import id_schema
from executor.types import ExecutionStatus, ReviewState

WORKFLOW = OpenApiParameter("workflowId", id_schema("wf"), description="Runs of one workflow.")
STATUS = OpenApiParameter("status", str, enum=[str(status) for status in ExecutionStatus])
EXECUTION = OpenApiParameter("executionId", id_schema("exec"), description="Questions of one run.")
REVIEW_STATUS = OpenApiParameter("status", str, enum=[state.name for state in ReviewState])
SINCE = OpenApiParameter("since", OpenApiTypes.DATETIME, description="Accepted then or later.")
UNTIL = OpenApiParameter("until", OpenApiTypes.DATETIME, description="Accepted before then.")
WAIT = OpenApiParameter(
    "wait",
    {"type": "number", "minimum": 0, "maximum": 30},
    description="Hold the answer until the status changes, for so many seconds at most.",
)

UPLOAD_BODY: dict[str, Any] = {
    "multipart/form-data": {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}},
        "required": ["file"],
        "additionalProperties": False,
    }
}
