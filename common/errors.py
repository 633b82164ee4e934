"""The error tree that every app's own family hangs under.

PixelFlowError
├── MalformedRequest        400  the request cannot be read at all
├── Unauthenticated         401  no usable credentials
├── Forbidden               403  known caller, not allowed
│   └── InsufficientScope   403  the key lacks the scope in `requiredScope`
├── NotFound                404  does not exist, or belongs to somebody else
├── Conflict                409  the state of things refuses this now
├── Gone                    410  existed once, past its retention
├── TooLarge                413  over the limit in `limitBytes`
├── UnsupportedMediaType    415  a format that is not taken
├── Invalid                 422  readable, with `errors` that say what is wrong
│   ├── InvalidInputs       422  a body or run inputs
│   └── InvalidGraph        422  a graph document
├── TooManyRequests         429  too often; `retryAfter` says when there is room again
└── Unavailable             503  try again later

Domain code raises these; `common.http` maps them once to problem+json for DRF and for ninja.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong with an input.

    `path` is a JSON pointer into the request body (`/inputs/photo`), or inside a graph
    `nodes/<id>`, `nodes/<id>/params/<name>`, `edges/<id>`. `code` is one of API.md's item codes.
    """

    path: str
    code: str
    message: str

    def as_json(self) -> dict[str, str]:
        """Return the item as it stands in `errors` of a problem document."""
        return {"path": self.path, "code": self.code, "message": self.message}


class PixelFlowError(Exception):
    """Root of everything this project raises on purpose; `fields` go into the problem document."""

    status: ClassVar[int] = 500
    code: str = "internal"
    default_detail: ClassVar[str] = "Something went wrong on our side."
    retry_after_s: float | None = None  # becomes `Retry-After`, rounded up

    def __init__(
        self, detail: str | None = None, *, code: str | None = None, **fields: Any
    ) -> None:
        self.detail = detail or self.default_detail
        if code is not None:
            self.code = code
        self.fields = fields
        super().__init__(self.detail)


class MalformedRequest(PixelFlowError):
    """Bad JSON, header, cursor or query value."""

    status = 400
    code = "malformed_request"
    default_detail = "The request could not be read."


class Unauthenticated(PixelFlowError):
    """A missing, malformed, unknown, expired or revoked credential."""

    status = 401
    code = "unauthenticated"
    default_detail = "A valid API key is required: Authorization: Bearer sk-…"


class Forbidden(PixelFlowError):
    """A known caller asks for something it may not do."""

    status = 403
    code = "forbidden"
    default_detail = "This is not allowed."


class InsufficientScope(Forbidden):
    """The key lacks a scope; `requiredScope` names it."""

    code = "insufficient_scope"
    default_detail = "This key lacks a scope that the call needs."


class NotFound(PixelFlowError):
    """No such thing, or it belongs to another workspace: the two are never told apart."""

    status = 404
    code = "not_found"
    default_detail = "There is nothing here."


class Conflict(PixelFlowError):
    """The present state refuses the request."""

    status = 409
    code = "conflict"
    default_detail = "The present state does not allow this."


class Gone(PixelFlowError):
    """It existed, and is past its retention."""

    status = 410
    code = "gone"
    default_detail = "This is past its retention and was removed."


class TooLarge(PixelFlowError):
    """A body or part over its limit; `limitBytes` says which."""

    status = 413
    code = "too_large"
    default_detail = "The request is too large."


class UnsupportedMediaType(PixelFlowError):
    """A content type, encoding or media format that is not taken."""

    status = 415
    code = "unsupported_media_type"
    default_detail = "This format is not supported."


class Invalid(PixelFlowError):
    """Readable but wrong; `errors` lists each issue with its path."""

    status = 422
    code = "invalid_inputs"
    default_detail = "The input is not valid."

    def __init__(self, issues: Sequence[Issue], detail: str | None = None) -> None:
        self.issues = list(issues)
        super().__init__(detail or self._summary(), errors=[issue.as_json() for issue in issues])

    def _summary(self) -> str:
        if not self.issues:
            return self.default_detail
        first = self.issues[0]
        rest = f" (and {len(self.issues) - 1} more)" if len(self.issues) > 1 else ""
        return f"{first.path}: {first.message}{rest}"


class InvalidInputs(Invalid):
    """A request body or the inputs of a run are not valid."""


class InvalidGraph(Invalid):
    """A graph document is not valid."""

    code = "invalid_graph"
    default_detail = "The graph is not valid."


class TooManyRequests(PixelFlowError):
    """Too often; `retryAfter` says after how many whole seconds there is room."""

    status = 429
    code = "rate_limited"
    default_detail = "Too many requests."
    window: ClassVar[str] = "minute"

    def __init__(
        self,
        detail: str | None = None,
        *,
        retry_after_s: int,
        limit: int,
        window: str | None = None,
    ) -> None:
        self.retry_after_s: float = retry_after_s
        super().__init__(
            detail, retryAfter=retry_after_s, limit=limit, window=window or self.window
        )


class Unavailable(PixelFlowError):
    """A part we depend on is out; the same request may work later."""

    status = 503
    code = "unavailable"
    default_detail = "The service is temporarily unavailable."

    def __init__(self, detail: str | None = None, *, retry_after_s: int = 1) -> None:
        self.retry_after_s: float = retry_after_s
        super().__init__(detail)
