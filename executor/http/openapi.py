"""Parameters and bodies in the OpenAPI document that the views of this app share."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from executor.types import ExecutionStatus, ReviewState

WORKFLOW = OpenApiParameter("workflowId", str, description="Runs of one workflow.")
STATUS = OpenApiParameter("status", str, enum=[str(status) for status in ExecutionStatus])
EXECUTION = OpenApiParameter("executionId", str, description="Questions of one run.")
REVIEW_STATUS = OpenApiParameter("status", str, enum=[state.name for state in ReviewState])
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
