"""Node types that need an accelerator (`EXTRA_NODES`); whoever runs one has it fail."""

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.node import Context, Inputs, Meta, Node, Outputs
from workflows.catalogue.params import port
from workflows.catalogue.values import Image, Video


class RenderIn(Inputs):
    text: str = port("Text")
    image: Image | None = port("Image", required=False)


class RenderOut(Outputs):
    image: Image = port("Image")
    films: list[Video] = port("Films")
    score: float = port("Score")


class Render(Node[RenderIn, RenderOut]):
    """Costs by the seconds that the accelerator is at work."""

    meta = Meta(type="gpu.render", title="Render", description="Renders on the accelerator.",
                category="Test", cost="gpu", price="3 * gpu_seconds()")  # fmt: skip

    async def run(self, ctx: Context, args: RenderIn) -> RenderOut:
        raise NodeFailed("invalid_value", "There is no accelerator here.")


NODES = (Render,)
