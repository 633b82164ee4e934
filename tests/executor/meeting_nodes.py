"""A node type that ends only while another of its kind is at work, for `EXTRA_NODES`."""

import threading

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.node import Context, Inputs, Meta, Node, Outputs
from workflows.catalogue.params import port

WAIT_S = 10.0
BOTH = threading.Barrier(2)


class TextIn(Inputs):
    text: str = port("Text")


class TextOut(Outputs):
    text: str = port("Text")


class Meet(Node[TextIn, TextOut]):
    """Waits for a second one."""

    meta = Meta(type="meet.other", title="Meet", description="d", category="c", cost="cpu")

    async def run(self, ctx: Context, args: TextIn) -> TextOut:
        try:
            BOTH.wait(WAIT_S)
        except threading.BrokenBarrierError:
            raise NodeFailed("timed_out", "Nobody came.") from None
        return TextOut(text=args.text)


NODES = (Meet,)
