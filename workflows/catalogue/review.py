"""What a node type is that asks a person: a question out, a decision back, and no worker held."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal

from workflows.catalogue.node import In, Node, Out

ReviewKind = Literal["approve", "pick"]


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked. `values` are shown; of a `pick`, up to `at_most` of them are chosen.

    It stands open for `wait_s` seconds, and then `otherwise` is what counts; None: the node fails.
    """

    kind: ReviewKind
    title: str
    message: str
    values: Sequence[Any]
    wait_s: float
    at_most: int = 1
    otherwise: "Decision | None" = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided: `approved`, or which values were `picked`, counted from 0."""

    approved: bool = True
    picked: tuple[int, ...] = ()
    comment: str = ""


class ReviewNode(Node[In, Out], Generic[In, Out]):
    """Base of the node types of `role="review"`: subclass as `ReviewNode[MyInputs, MyOutputs]`."""

    def question(self, args: In) -> Question:
        """Return what to ask.

        Raises:
            NodeFailed: when there is nothing to ask.
        """
        raise NotImplementedError

    def conclude(self, args: In, decision: Decision) -> Out:
        """Return the outputs that a decision stands for.

        Raises:
            NodeFailed: `review_rejected`, when the decision ends the run.
        """
        raise NotImplementedError
