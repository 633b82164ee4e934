"""Questions to people: asked when a run comes to one, decided once, and what that leads to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Conflict, InvalidInputs, Issue
from common.ids import new_id
from common.sql import insert_rows, update_rows
from common.tokens import random_base62
from executor.engine.codec import encode
from executor.errors import ReviewNotFound
from executor.models import Review
from executor.selectors.reviews import show_review
from executor.services.claims import Claim
from executor.services.results import open_transition
from executor.services.transitions import lock_execution
from executor.services.waking import waiting_for, wake_task
from executor.types import NodeStatus, ReviewState
from workflows.catalogue.review import Decision, Question

LINK_KEY_LENGTH = 22  # 131 bits
MAX_COMMENT = 4_000  # characters


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides: a user, a key, or whoever has the link; `via` is api, page or link."""

    name: str
    via: str


def ask_person(*, claim: Claim, node_id: str, question: Question, clock: Clock) -> None:
    """Write a question down and let go of its task; the run is paused if nothing else goes on.

    In a run that has failed meanwhile nobody is asked, and the task is dropped.

    Raises:
        LeaseLost: the task is somebody else's, or the run is over; nothing was written.
    """
    with transaction.atomic():
        change = open_transition(claim, clock, waiting_for(question.wait_s, clock.now()))
        if change.state.error is None:
            review = _review(claim, change.execution.workspace_id, node_id, question, change.now)
            insert_rows([review])
            data = change.presenter.node(change.plan.node(node_id), (), NodeStatus.PAUSED)
            shown = show_review(review)
            change.events.append({"type": "node", "data": {**data, "reviews": [shown]}})
        change.rest()


def let_wait(*, claim: Claim, until: datetime, clock: Clock) -> None:
    """Let go of a task whose question still stands open.

    Raises:
        LeaseLost: the task is somebody else's, or the run is over; nothing was written.
    """
    left_s = max((until - clock.now()).total_seconds(), 0.0)
    with transaction.atomic():
        open_transition(claim, clock, waiting_for(left_s, clock.now())).rest()


def decide_review(
    *,
    workspace_id: str,
    review_id: str,
    decision: Decision,
    decider: Decider,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Record a decision and let the run go on.

    Raises:
        ReviewNotFound: no such question here.
        InvalidInputs: the decision picks what is not there, or too many.
        Conflict: it was decided already, nobody answered in time, or the run is over.
    """
    review = Review.objects.of(workspace_id).filter(pk=review_id).first()
    if review is None:
        raise ReviewNotFound
    check_decision(review.question, decision)
    with transaction.atomic():
        execution = lock_execution(review.execution_id)
        if execution is None or execution.status_is_final:
            raise Conflict("The run is over.")
        if not _settle(review.id, ReviewState.DECIDED, decision, clock.now(), decider):
            raise Conflict("This was decided already.")
        wake_task(execution, review.task_id, clock.now())


def expire_review(*, review: Review, clock: Clock) -> Review:
    """Close a question that nobody answered in time; returns it as it is then.

    A decision of the last moment wins: then it is returned.
    """
    default = decision_of(review.default) if review.default else None
    _settle(review.id, ReviewState.EXPIRED, default, clock.now(), Decider("", ""))
    return Review.objects.across_workspaces().get(pk=review.id)


def renew_link(*, workspace_id: str, review_id: str) -> None:
    """Make every link to a question void; those made from now on hold.

    Raises:
        ReviewNotFound: no such question here.
    """
    row = Review.objects.of(workspace_id).filter(pk=review_id)
    if not row.update(link_key=random_base62(LINK_KEY_LENGTH)):
        raise ReviewNotFound


def decision_of(form: Mapping[str, Any]) -> Decision:
    """Return a stored decision."""
    return Decision(form["approved"], tuple(form["picked"]), form["comment"])


def check_decision(question: Mapping[str, Any], decision: Decision) -> None:
    """Hold a decision to its question.

    Raises:
        InvalidInputs: it does not fit.
    """
    if question["kind"] == "approve":
        if decision.picked:
            raise _refused("/picked", "not_allowed", "There is nothing to pick here.")
        return
    count, at_most = len(question["values"]), question["atMost"]
    if not 1 <= len(decision.picked) <= at_most:
        raise _refused("/picked", "out_of_range", f"Pick 1 to {at_most}.")
    if len(set(decision.picked)) < len(decision.picked):
        raise _refused("/picked", "not_allowed", "One is picked twice.")
    if not all(0 <= index < count for index in decision.picked):
        raise _refused("/picked", "out_of_range", f"Options are 0 to {count - 1}.")


def _review(
    claim: Claim, workspace_id: str, node_id: str, question: Question, now: datetime
) -> Review:
    asked = {
        "kind": question.kind,
        "title": question.title,
        "message": question.message,
        "values": [encode(value) for value in question.values],
        "atMost": question.at_most,
    }
    return Review(
        id=new_id("rev"),
        workspace_id=workspace_id,
        execution_id=claim.execution_id,
        task_id=claim.task_id,
        node_id=node_id,
        state=ReviewState.OPEN,
        question=asked,
        default=_form(question.otherwise) if question.otherwise else None,
        link_key=random_base62(LINK_KEY_LENGTH),
        created_at=now,
        expires_at=now + timedelta(seconds=question.wait_s),
    )


def _form(decision: Decision) -> dict[str, Any]:
    return {
        "approved": decision.approved,
        "picked": list(decision.picked),
        "comment": decision.comment,
    }


def _settle(
    review_id: str,
    state: ReviewState,
    decision: Decision | None,
    now: datetime,
    decider: Decider,
) -> bool:
    changes = {
        "state": state,
        "decision": _form(decision) if decision else None,
        "decided_by": decider.name,
        "decided_via": decider.via,
        "decided_at": now,
    }
    return bool(update_rows(Review, changes, {"pk": review_id, "state": ReviewState.OPEN}))


def _refused(path: str, code: str, message: str) -> InvalidInputs:
    return InvalidInputs([Issue(path, code, message)])
