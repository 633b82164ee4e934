"""Asking a person: the run pauses until somebody decides, or until the hour at which nobody did."""

from collections.abc import Mapping
from typing import Any, Literal

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.lengths import count_of, cut
from workflows.catalogue.node import Inputs, Meta, Outputs
from workflows.catalogue.params import param, port
from workflows.catalogue.quantities import Levels, Quantities, up_to
from workflows.catalogue.review import Decision, Question, ReviewNode

MAX_WAIT_HOURS = 144  # below the age at which a run is ended
MAX_SHOWN = 100


class ReviewIn(Inputs):
    """What both have: how it is put, and for how long."""

    title: str = param("", title="Title", max_length=200, help="What the person reads first.")
    message: str = param("", title="Message", max_length=4_000, multiline=True)
    waitHours: float = param(
        72.0, title="Wait", unit="h", minimum=0.001, maximum=MAX_WAIT_HOURS, wirable=False
    )


class ApproveIn(ReviewIn):
    """`review.approve`."""

    value: Any = port("Value", kind="$T", elementwise=True)
    otherwise: Literal["reject", "approve"] = param("reject", title="If nobody answers")
    onReject: Literal["fail", "branch"] = param(
        "fail", title="If rejected", help="End the run, or go on behind `rejected`."
    )


class ApproveOut(Outputs):
    """One of `value` and `rejected` carries the value, the other gives nothing."""

    value: Any = port("Approved", kind="$T", required=False)
    rejected: Any = port("Rejected", kind="$T", required=False)
    comment: str = port("Comment")


class PickIn(ReviewIn):
    """`review.pick`."""

    options: list[Any] = port("Options", kind="list[$T]")
    atMost: int = param(1, title="At most", minimum=1, maximum=MAX_SHOWN, wirable=False)
    otherwise: Literal["fail", "first"] = param("first", title="If nobody answers")


class PickOut(Outputs):
    """What was picked, in the order of the options; `value` is the first of it."""

    value: Any = port("Picked", kind="$T")
    values: list[Any] = port("All picked", kind="list[$T]")
    comment: str = port("Comment")


class Approve(ReviewNode[ApproveIn, ApproveOut]):
    """Ask whether to go on with a value."""

    meta = Meta(
        type="review.approve",
        title="Approve",
        description="Pauses the run until a person approves or rejects a value.",
        category="Review",
        cost="wait",
        role="review",
        cache="never",
        keywords=("human", "confirm", "pause"),
    )

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """A list stays as it is."""
        whole = count_of(known["value"])
        return {"value": (whole,), "rejected": (whole,)}

    def question(self, args: ApproveIn) -> Question:
        """Ask for a yes or a no."""
        otherwise = Decision(approved=args.otherwise == "approve", comment="Nobody answered.")
        return Question(
            kind="approve",
            title=args.title or "Please review",
            message=args.message,
            values=args.value if isinstance(args.value, list) else [args.value],
            wait_s=args.waitHours * 3_600,
            otherwise=otherwise,
        )

    def conclude(self, args: ApproveIn, decision: Decision) -> ApproveOut:
        """Send the value on, or down the other way, or end the run."""
        if decision.approved:
            return ApproveOut(value=args.value, comment=decision.comment)
        if args.onReject == "branch":
            return ApproveOut(rejected=args.value, comment=decision.comment)
        raise NodeFailed("review_rejected", decision.comment or "A person rejected this.")


class Pick(ReviewNode[PickIn, PickOut]):
    """Ask which of several values to go on with."""

    meta = Meta(
        type="review.pick",
        title="Pick",
        description="Pauses the run until a person picks from a list.",
        category="Review",
        cost="wait",
        role="review",
        cache="never",
        keywords=("human", "choose", "select", "pause"),
    )

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """A person picks so many at most."""
        return {"values": (up_to(cut(count_of(known["options"]), known["atMost"]).high),)}

    def question(self, args: PickIn) -> Question:
        """Ask for one of the options, or for some."""
        if not args.options:
            raise NodeFailed("invalid_value", "There is nothing to pick from.")
        if len(args.options) > MAX_SHOWN:
            message = f"A person can pick from {MAX_SHOWN} options at most."
            raise NodeFailed("resource_limit", message)
        first = Decision(picked=(0,), comment="Nobody answered.")
        return Question(
            kind="pick",
            title=args.title or "Please pick",
            message=args.message,
            values=args.options,
            wait_s=args.waitHours * 3_600,
            at_most=min(args.atMost, len(args.options)),
            otherwise=first if args.otherwise == "first" else None,
        )

    def conclude(self, args: PickIn, decision: Decision) -> PickOut:
        """Give what was picked."""
        picked = [args.options[index] for index in sorted(decision.picked)]
        return PickOut(value=picked[0], values=picked, comment=decision.comment)


NODES = (Approve, Pick)
