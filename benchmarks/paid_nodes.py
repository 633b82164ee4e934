"""A node with a price (`EXTRA_NODES`), so that accepting a run includes holding credits for it."""

from workflows.catalogue.node import Context, Inputs, Meta, Node, Outputs
from workflows.catalogue.params import port


class PaidIn(Inputs):
    """A text."""

    text: str = port("Text")


class PaidOut(Outputs):
    """The same text."""

    text: str = port("Text")


class Paid(Node[PaidIn, PaidOut]):
    """Hands a text on for three credits."""

    meta = Meta(
        type="bench.paid",
        title="Paid",
        description="Hands a text on.",
        category="Benchmarks",
        price="3",
    )

    async def run(self, ctx: Context, args: PaidIn) -> PaidOut:  # noqa: ARG002 - a node's signature
        """Return the text."""
        return PaidOut(text=args.text)


NODES = (Paid,)
