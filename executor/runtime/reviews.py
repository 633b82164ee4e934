"""A task that asks a person: it is claimed to ask, and once more to go on with what was decided."""

from collections.abc import Callable
from typing import Any

from common.clock import Clock
from executor.engine.segment import NodeOutcome, SegmentRunner, outputs_by_port
from executor.models import Review
from executor.selectors.reviews import find_by_task
from executor.services.claims import Claim
from executor.services.reviews import ask_person, decision_of, expire_review, let_wait
from executor.types import ReviewState, RunError
from workflows.catalogue.review import Question


def review_once(*, claim: Claim, runner: SegmentRunner, clock: Clock) -> NodeOutcome | None:
    """Ask, or go on; returns what came of the node, None while the question stands open.

    Raises:
        LeaseLost: the task is somebody else's, or the run is over.
    """
    (node_id,) = runner.segment.node_ids
    node: Any = runner.plan.node(node_id).spec.node()

    def ask(args: Any) -> tuple[Any, Question]:
        return args, node.question(args)

    prepared = runner.prepare(ask)
    if isinstance(prepared, NodeOutcome):
        return prepared
    args, question = prepared
    review = find_by_task(claim.task_id)
    if review is None:
        ask_person(claim=claim, node_id=node_id, question=question, clock=clock)
        return None
    if review.state == ReviewState.OPEN and review.expires_at > clock.now():
        let_wait(claim=claim, until=review.expires_at, clock=clock)
        return None
    if review.state == ReviewState.OPEN:
        review = expire_review(review=review, clock=clock)
    return _outcome(runner, node_id, review, lambda decision: node.conclude(args, decision))


def _outcome(
    runner: SegmentRunner, node_id: str, review: Review, conclude: Callable[[Any], Any]
) -> NodeOutcome:
    if review.decision is None:
        error = RunError("timed_out", "Nobody answered in time.", node_id, retryable=True)
        return runner.fail(error, started_at=review.created_at)
    decision = decision_of(review.decision)
    return runner.conclude(
        lambda: outputs_by_port(conclude(decision)), started_at=review.created_at
    )
