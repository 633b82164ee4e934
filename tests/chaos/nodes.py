"""Node types of the chaos (`EXTRA_NODES`)."""

import time

from workflows.catalogue.node import Context, Inputs, Meta, Node, Outputs
from workflows.catalogue.params import param, port


class SlowIn(Inputs):
    text: str = port("Text")
    seconds: float = param(0.4, title="Seconds", minimum=0, maximum=60)


class SlowOut(Outputs):
    text: str = port("Text")


class Slow(Node[SlowIn, SlowOut]):
    """Cheap by its class, so that it shares its task with others like it, but slow."""

    meta = Meta(type="chaos.slow", title="Slow", description="Takes its time.", category="Chaos",
                price="2")  # fmt: skip

    async def run(self, ctx: Context, args: SlowIn) -> SlowOut:
        time.sleep(args.seconds)
        return SlowOut(text=args.text + ".")


class Paid(Node[SlowIn, SlowOut]):
    """A task of its own that costs something."""

    meta = Meta(
        type="chaos.paid",
        title="Paid",
        description="Costs three credits.",
        category="Chaos",
        cost="cpu",
        price="3",
    )

    async def run(self, ctx: Context, args: SlowIn) -> SlowOut:
        time.sleep(args.seconds / 10)
        return SlowOut(text=args.text + "$")


NODES = (Slow, Paid)
