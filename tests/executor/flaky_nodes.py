"""Node types whose luck a test decides, for `EXTRA_NODES`."""

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.node import Context, Inputs, Meta, Node, Outputs
from workflows.catalogue.params import param, port

BROKEN: set[str] = set()  # texts that no node here takes now
COMPUTED: list[str] = []  # texts that were taken, in order


class TextIn(Inputs):
    text: str = port("Text")
    tail: str = param("!", title="Tail")


class TextOut(Outputs):
    text: str = port("Text")


def compute(args: TextIn) -> TextOut:
    """Put the tail behind the text, unless that is broken."""
    if args.text in BROKEN:
        raise NodeFailed("provider_error", "Out of luck.", retryable=True)
    COMPUTED.append(args.text)
    return TextOut(text=args.text + args.tail)


class Flaky(Node[TextIn, TextOut]):
    """Cheap."""

    meta = Meta(type="flaky.cheap", title="Cheap", description="d", category="c")

    async def run(self, ctx: Context, args: TextIn) -> TextOut:
        return compute(args)


class CostlyFlaky(Node[TextIn, TextOut]):
    """Costly."""

    meta = Meta(type="flaky.costly", title="Costly", description="d", category="c", cost="cpu")

    async def run(self, ctx: Context, args: TextIn) -> TextOut:
        return compute(args)


class Fickle(Node[TextIn, TextOut]):
    """Never the same."""

    meta = Meta(type="flaky.fickle", title="Fickle", description="d", category="c", cache="never")

    async def run(self, ctx: Context, args: TextIn) -> TextOut:
        return compute(args)


NODES = (Flaky, CostlyFlaky, Fickle)
