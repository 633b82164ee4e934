"""`/review/{id}/{signature}`: a question's page for whoever has its link, account or not.

Looking decides nothing, so that scanners of mail can follow the link; only the form does.
"""

import json
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from common.errors import Conflict, InvalidInputs, NotFound
from common.http.guard import guard
from executor.api import (
    MAX_COMMENT,
    Decider,
    Decision,
    ReviewRef,
    decide_review,
    find_review_by_link,
)

ANSWERS_BY_ADDRESS = "30/m"

_HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}  # the link is the key


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@guard("review", by_address=ANSWERS_BY_ADDRESS)
def review_page(request: HttpRequest, review_id: str, signature: str) -> HttpResponse:
    """Show the question, or take the answer."""
    try:
        review = find_review_by_link(review_id, signature)
    except NotFound:
        return _page(request, None, status=404)
    if request.method == "POST":
        return _decide(request, review)
    return _page(request, review)


def _decide(request: HttpRequest, review: ReviewRef) -> HttpResponse:
    try:
        decide_review(
            workspace_id=review.workspace_id,
            review_id=review.id,
            decision=_decision(request, review.shown["kind"]),
            decider=Decider("link", "link"),
        )
    except InvalidInputs as error:
        return _page(request, review, problem=error.issues[0].message, status=422)
    except Conflict as error:
        return _page(request, review, problem=error.detail, status=409)
    return redirect(request.path)


def _decision(request: HttpRequest, kind: str) -> Decision:
    comment = request.POST.get("comment", "").replace("\x00", "")[:MAX_COMMENT]
    if kind == "approve":
        return Decision(approved=request.POST.get("answer") == "approve", comment=comment)
    picked = [text for text in request.POST.getlist("picked") if text.isdecimal()]
    return Decision(picked=tuple(int(text[:6]) for text in picked), comment=comment)


def _page(
    request: HttpRequest, review: ReviewRef | None, *, problem: str = "", status: int = 200
) -> HttpResponse:
    shown: dict[str, Any] = {"problem": problem, "review": None, "max_comment": MAX_COMMENT}
    if review is not None:
        shown["review"] = review.shown
        shown["until"] = datetime.fromisoformat(review.shown["expiresAt"])
        shown["values"] = [_shown(value) for value in review.shown["values"]]
    response = render(request, "pixelflow_site/review.html", shown, status=status)
    for name, value in _HEADERS.items():
        response.headers[name] = value
    return response


def _shown(value: Any) -> dict[str, Any]:
    """Say how a value is put on the page: as a picture, film or sound, or as text."""
    if isinstance(value, dict) and "fileId" in value:
        return {"media": value["kind"], "url": value["url"]}
    return {"media": "", "text": value if isinstance(value, str) else _as_json(value)}


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
