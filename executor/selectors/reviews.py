"""Reads of questions to people, and their signed links."""

import base64
import hmac
from collections.abc import Collection, Mapping
from typing import Any

from common.clock import rfc3339
from executor import conf
from executor.engine.payload import show_value
from executor.errors import ReviewNotFound
from executor.models import Review
from executor.selectors.links import media_url
from executor.types import ReviewRef, ReviewState

_SIGNATURE_BYTES = 16


def show_review(review: Review) -> dict[str, Any]:
    """Return a question as a run's `nodes` entry has it."""
    question = review.question
    return {
        "reviewId": review.id,
        "kind": question["kind"],
        "title": question["title"],
        "message": question["message"],
        "values": [show_value(form, media_url) for form in question["values"]],
        "atMost": question["atMost"],
        "expiresAt": rfc3339(review.expires_at),
    }


def get_review_json(workspace_id: str, review_id: str) -> dict[str, Any]:
    """Return a question with what was decided.

    Raises:
        ReviewNotFound: no such question here.
    """
    return review_json(_get_review(workspace_id, review_id))


def list_reviews(
    workspace_id: str,
    *,
    state: ReviewState | None,
    execution_id: str | None,
    before: str | None,
    limit: int,
    workflows: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Return up to `limit` questions, newest first, that come after the id `before`.

    With `workflows` only those that were asked by runs of these.
    """
    rows = Review.objects.of(workspace_id)
    if workflows:
        rows = rows.filter(execution__workflow_id__in=sorted(workflows))
    if state is not None:
        rows = rows.filter(state=state)
    if execution_id is not None:
        rows = rows.filter(execution_id=execution_id)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return [review_json(row) for row in rows.order_by("-pk")[:limit]]


def list_open_of(execution_id: str) -> dict[str, list[Review]]:
    """Return the open questions of a run by node."""
    found: dict[str, list[Review]] = {}
    rows = Review.objects.across_workspaces().filter(
        execution_id=execution_id, state=ReviewState.OPEN
    )
    for row in rows.order_by("pk"):
        found.setdefault(row.node_id, []).append(row)
    return found


def find_by_task(task_id: str) -> Review | None:
    """Return the question that a task asked; None when it has not yet."""
    return Review.objects.across_workspaces().filter(task_id=task_id).first()


def find_review_by_link(review_id: str, signature: str) -> ReviewRef:
    """Return the question that a signed link is for.

    Raises:
        ReviewNotFound: the link is none of ours, or was made void.
    """
    review = Review.objects.across_workspaces().filter(pk=review_id).first()
    if review is None or not signature.isascii():
        raise ReviewNotFound
    if not hmac.compare_digest(_signature(review), signature):
        raise ReviewNotFound
    return ReviewRef(review.id, review.workspace_id, review_json(review))


def review_link(review: Review) -> str:
    """Return the absolute link by which anybody who has it may decide."""
    return f"{conf.public_url()}/review/{review.id}/{_signature(review)}"


def get_review_link(workspace_id: str, review_id: str) -> str:
    """Return the link of a question.

    Raises:
        ReviewNotFound: no such question here.
    """
    return review_link(_get_review(workspace_id, review_id))


def review_json(review: Review) -> dict[str, Any]:
    """Return a question as the API shows it."""
    decision = review.decision
    return {
        **show_review(review),
        "status": review.state.upper(),
        "executionId": review.execution_id,
        "nodeId": review.node_id,
        "decision": None if decision is None else _shown_decision(review, decision),
        "createdAt": rfc3339(review.created_at),
    }


def with_reviews(payload: dict[str, Any], execution_id: str, paused: Collection[str]) -> None:
    """Add the open questions to the nodes of a poll answer that are paused."""
    if not paused:
        return
    open_ = list_open_of(execution_id)
    for node in payload["nodes"]:
        if node["nodeId"] in paused:
            asked = open_.get(node["nodeId"], [])
            node["reviews"] = [show_review(review) for review in asked]


def _get_review(workspace_id: str, review_id: str) -> Review:
    review = Review.objects.of(workspace_id).filter(pk=review_id).first()
    if review is None:
        raise ReviewNotFound
    return review


def _shown_decision(review: Review, decision: Mapping[str, Any]) -> dict[str, Any]:
    given = {"approved": decision["approved"]}
    if review.question["kind"] == "pick":
        given = {"picked": decision["picked"]}
    return {
        **given,
        "comment": decision["comment"],
        "decidedBy": review.decided_by or None,
        "decidedVia": review.decided_via or None,
        "decidedAt": rfc3339(review.decided_at),
    }


def _signature(review: Review) -> str:
    text = f"{review.id}:{review.link_key}".encode()
    raw = hmac.digest(conf.review_secret(), text, "sha256")[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")
