"""Parts of the OpenAPI document that the views of this app share."""

from drf_spectacular.utils import OpenApiParameter

from common.http.problem import CONTENT_TYPE
from workflows.http.schemas import Problem

CURSOR = OpenApiParameter("cursor", str, description="`nextCursor` of the page before.")
LIMIT = OpenApiParameter("limit", int, description="Items on a page, 1 to 100; 25 if left out.")
SEARCH = OpenApiParameter("q", str, description="A text in the name or description.")
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description='The revision last seen, as in `"3"`.'
)
IF_NONE_MATCH = OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER)

KEY_PROBLEMS = (401, 403)


def problems(*statuses: int) -> dict[tuple[int, str], type[Problem]]:
    """Return the error answers of an operation, each a problem document."""
    return {(status, CONTENT_TYPE): Problem for status in statuses}
