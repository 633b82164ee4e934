"""The shapes of review answers, for the OpenAPI document."""

from typing import Any, Literal

from common.http.schema import ApiModel, Time


class ReviewDecision(ApiModel):
    """What was decided; `approved` or `picked` by the kind of the question."""

    approved: bool | None = None
    picked: list[int] | None = None
    comment: str
    decided_by: str | None
    decided_via: Literal["api", "page", "link"] | None
    decided_at: Time


class OpenReview(ApiModel):
    """A question to a person, as a paused node shows it."""

    review_id: str
    kind: Literal["approve", "pick"]
    title: str
    message: str
    values: list[Any]
    at_most: int
    expires_at: Time


class Review(OpenReview):
    """A question to a person, and what was decided."""

    status: Literal["OPEN", "DECIDED", "EXPIRED", "DROPPED"]
    execution_id: str
    node_id: str
    decision: ReviewDecision | None
    created_at: Time


class ReviewPage(ApiModel):
    """A page of questions."""

    items: list[Review]
    next_cursor: str | None


class ReviewLink(ApiModel):
    """A link by which whoever has it may decide."""

    url: str
