"""Problem documents (RFC 9457) out of our error tree."""

import math
from collections.abc import Mapping
from typing import Any

from common.errors import PixelFlowError, Unauthenticated

CONTENT_TYPE = "application/problem+json"

TITLES: Mapping[str, str] = {
    "malformed_request": "Malformed request",
    "unauthenticated": "Not authenticated",
    "insufficient_scope": "Insufficient scope",
    "forbidden": "Forbidden",
    "not_found": "Not found",
    "method_not_allowed": "Method not allowed",
    "not_acceptable": "Not acceptable",
    "conflict": "Conflict",
    "not_published": "Not published",
    "idempotency_in_progress": "In progress",
    "idempotency_key_reused": "Idempotency key reused",
    "gone": "Gone",
    "too_large": "Too large",
    "unsupported_media_type": "Unsupported media type",
    "invalid_graph": "Invalid graph",
    "invalid_inputs": "Invalid inputs",
    "rate_limited": "Too many requests",
    "insufficient_credits": "Not enough credits",
    "over_max_credits": "Over maxCredits",
    "daily_quota_exceeded": "Daily quota exceeded",
    "too_many_concurrent": "Too many at once",
    "internal": "Internal error",
    "unavailable": "Temporarily unavailable",
}


def problem_document(
    *, status: int, code: str, detail: str, instance: str, request_id: str, **fields: Any
) -> dict[str, Any]:
    """Return the body of an error answer; `fields` are ours beside RFC 9457's members."""
    return {
        "type": f"/docs/errors#{code}",
        "title": TITLES.get(code, code.replace("_", " ").capitalize()),
        "status": status,
        "detail": detail,
        "instance": instance,
        "error": detail,
        "code": code,
        "requestId": request_id,
        **fields,
    }


def problem_of(error: PixelFlowError, *, instance: str, request_id: str) -> dict[str, Any]:
    """Return the problem document of one of our errors."""
    return problem_document(
        status=error.status,
        code=error.code,
        detail=error.detail,
        instance=instance,
        request_id=request_id,
        **error.fields,
    )


def headers_of(error: PixelFlowError) -> dict[str, str]:
    """Return the headers that an error's answer must carry."""
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": "Bearer"}
    if error.retry_after_s is not None:
        return {"Retry-After": str(math.ceil(error.retry_after_s))}
    return {}
