"""Parameters in the OpenAPI document that the views of this app share."""

from drf_spectacular.utils import OpenApiParameter

SEARCH = OpenApiParameter(
    "q",
    {"type": "string", "maxLength": 200},
    description="A text in the name or description.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": r'^((W/)?"[0-9]{1,18}"|\*)$'},
    OpenApiParameter.HEADER,
    description='The revision last seen, as in `"3"`.',
)
IF_NONE_MATCH = OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER)
