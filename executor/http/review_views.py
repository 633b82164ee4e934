"""`/reviews`: questions that runs ask people, and answering them."""

from operator import itemgetter
from typing import Annotated, ClassVar

from drf_spectacular.utils import extend_schema
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import SYSTEM_CLOCK
from common.errors import MalformedRequest
from common.http.drf import NO_STORE, ApiView
from common.http.openapi import CURSOR, KEY_PROBLEMS, LIMIT, problems
from common.http.pages import page_of, read_page
from common.http.schema import ApiModel
from common.ids import is_id
from common.paging import ListScope
from executor.conf import cursor_secret
from executor.http.caller import caller_of
from executor.http.openapi import EXECUTION, REVIEW_STATUS
from executor.http.review_schemas import Review, ReviewLink, ReviewPage
from executor.selectors.reviews import get_review_json, get_review_link, list_reviews
from executor.services.reviews import MAX_COMMENT, Decider, decide_review, renew_link
from executor.types import ReviewState
from workflows.catalogue.review import Decision

_FILTERS = ("status", "executionId")


class DecideBody(ApiModel):
    """A decision: `approved` for an approval, `picked` (counted from 0) for a choice."""

    approved: bool = True
    picked: Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=100)] = []
    comment: Annotated[str, Field(max_length=MAX_COMMENT)] = ""


class LinkBody(ApiModel):
    """Whether links that were given out before become void."""

    renew: bool = False


class ReviewListView(ApiView):
    """The workspace's questions."""

    scopes: ClassVar = {"GET": "read"}

    @extend_schema(
        operation_id="listReviews",
        summary="List reviews",
        parameters=[REVIEW_STATUS, EXECUTION, CURSOR, LIMIT],
        responses={200: ReviewPage, **problems(400, *KEY_PROBLEMS)},
    )
    def get(self, request: Request) -> Response:
        """List questions, newest first; `status` and `executionId` narrow the list."""
        caller = caller_of(request)
        workspace_id = caller.workspace_id
        filters = {
            name: request.query_params[name] for name in _FILTERS if name in request.query_params
        }
        page = read_page(
            request.query_params,
            ListScope("reviews", workspace_id, filters),
            secret=cursor_secret(),
            clock=SYSTEM_CLOCK,
        )
        found = list_reviews(
            workspace_id,
            state=_read_state(filters.get("status")),
            execution_id=_read_execution(filters.get("executionId")),
            before=page.after,
            limit=page.limit + 1,
            workflows=caller.workflows,
        )
        return Response(page_of(page, found, position=itemgetter("reviewId"), render=dict))


class ReviewView(ApiView):
    """One question."""

    scopes: ClassVar = {"GET": "read"}

    @extend_schema(
        operation_id="getReview",
        summary="Read a review",
        responses={200: Review, **problems(*KEY_PROBLEMS, 404)},
    )
    def get(self, request: Request, review_id: str) -> Response:
        """Return the question, and what was decided, by whom and when."""
        found = get_review_json(caller_of(request).workspace_id, review_id)
        return Response(found, headers=NO_STORE)


class DecideView(ApiView):
    """Answering."""

    scopes: ClassVar = {"POST": "execute"}

    @extend_schema(
        operation_id="decideReview",
        summary="Decide a review",
        request=DecideBody,
        responses={200: Review, **problems(400, *KEY_PROBLEMS, 404, 409, 413, 415, 422)},
    )
    def post(self, request: Request, review_id: str) -> Response:
        """Record the decision; the run goes on. What was decided before is a 409."""
        body = self.read_body(DecideBody)
        caller = caller_of(request)
        decide_review(
            workspace_id=caller.workspace_id,
            review_id=review_id,
            decision=Decision(body.approved, tuple(body.picked), body.comment),
            decider=Decider(caller.key_id, "api"),
        )
        return Response(get_review_json(caller.workspace_id, review_id), headers=NO_STORE)


class ReviewLinkView(ApiView):
    """Links by which a person without an account decides."""

    scopes: ClassVar = {"POST": "execute"}

    @extend_schema(
        operation_id="linkReview",
        summary="Get a link to a review",
        request=LinkBody,
        responses={200: ReviewLink, **problems(400, *KEY_PROBLEMS, 404, 413, 415, 422)},
    )
    def post(self, request: Request, review_id: str) -> Response:
        """Return the signed link of the question's page; with `renew` older links become void."""
        body = self.read_body(LinkBody)
        workspace_id = caller_of(request).workspace_id
        if body.renew:
            renew_link(workspace_id=workspace_id, review_id=review_id)
        return Response({"url": get_review_link(workspace_id, review_id)}, headers=NO_STORE)


def _read_state(text: str | None) -> ReviewState | None:
    if text is not None and text not in ReviewState.__members__:
        raise MalformedRequest(f"status must be one of {', '.join(ReviewState.__members__)}.")
    return None if text is None else ReviewState[text]


def _read_execution(text: str | None) -> str | None:
    if text is not None and not is_id(text, "exec"):
        raise MalformedRequest("executionId must be the id of an execution.")
    return text
