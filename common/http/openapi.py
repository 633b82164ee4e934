"""Parts of the OpenAPI document that the views of all apps share."""

from drf_spectacular.utils import OpenApiParameter

from common.http.problem import CONTENT_TYPE
from common.http.schema import Problem

CURSOR = OpenApiParameter("cursor", str, description="`nextCursor` of the page before.")
LIMIT = OpenApiParameter("limit", int, description="Items on a page, 1 to 100; 25 if left out.")

KEY_PROBLEMS = (401, 403)


def problems(*statuses: int) -> dict[tuple[int, str], type[Problem]]:
    """Return the error answers of an operation, each a problem document."""
    return {(status, CONTENT_TYPE): Problem for status in statuses}
