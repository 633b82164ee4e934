"""Node types that cost something (`EXTRA_NODES`): cheap and costly ones, and one that fails."""

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.node import Context, Inputs, Meta, Node, Outputs
from workflows.catalogue.params import param, port


class TextIn(Inputs):
    text: str = port("Text")
    copies: int = param(1, title="Copies", minimum=1, maximum=100)


class TextOut(Outputs):
    text: str = port("Text")


class Inline(Node[TextIn, TextOut]):
    """Costs by its copies, and shares its task with its neighbours."""

    meta = Meta(type="paid.inline", title="Inline", description="Costs 2 a copy.",
                category="Test", price="2 * copies")  # fmt: skip

    async def run(self, ctx: Context, args: TextIn) -> TextOut:
        return TextOut(text=args.text * args.copies)


class Task(Node[TextIn, TextOut]):
    """Costs five, in a task of its own."""

    meta = Meta(type="paid.task", title="Task", description="Costs 5.",
                category="Test", cost="cpu", price="5")  # fmt: skip

    async def run(self, ctx: Context, args: TextIn) -> TextOut:
        return TextOut(text=args.text + "!")


class Failing(Node[TextIn, TextOut]):
    """Would cost seven, and fails when the text has an x."""

    meta = Meta(type="paid.failing", title="Failing", description="Costs 7, or fails.",
                category="Test", cost="cpu", price="7")  # fmt: skip

    async def run(self, ctx: Context, args: TextIn) -> TextOut:
        if "x" in args.text:
            raise NodeFailed("invalid_value", "There is an x in it.")
        return TextOut(text=args.text)


NODES = (Inline, Task, Failing)
