"""A node type (`EXTRA_NODES`) that takes its time and shows what it is at."""

import time

from workflows.catalogue.node import Context, Inputs, Meta, Node, Outputs
from workflows.catalogue.params import param, port
from workflows.catalogue.values import Image


class PaintIn(Inputs):
    seconds: float = param(1.5, title="Seconds")


class PaintOut(Outputs):
    image: Image = port("Image")


class Paint(Node[PaintIn, PaintOut]):
    """Paints a picture line by line."""

    meta = Meta(type="t.paint", title="Paint", description="d", category="c", cost="cpu")

    async def run(self, ctx: Context, args: PaintIn) -> PaintOut:
        from PIL import Image as PilImage

        picture = PilImage.new("RGB", (1_024, 100))
        for line in range(100):
            picture.paste("red", (0, line, 1_024, line + 1))
            time.sleep(args.seconds / 100)
            ctx.progress((line + 1) / 100)
            ctx.preview(picture)
        return PaintOut(image=ctx.store(picture))


NODES = (Paint,)
