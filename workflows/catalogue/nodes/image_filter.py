"""Images: blurring and sharpening."""

from typing import Literal

from workflows.catalogue.node import Context, Meta, Node
from workflows.catalogue.nodes.pixels import ImageIn, ImageOut, on_colours, premultiplied
from workflows.catalogue.params import param


class BlurIn(ImageIn):
    """`image.blur`."""

    radius: float = param(4.0, title="Radius", unit="px", minimum=0, maximum=500)
    method: Literal["gaussian", "box"] = param("gaussian", title="Method")


class SharpenIn(ImageIn):
    """`image.sharpen`."""

    radius: float = param(2.0, title="Radius", unit="px", minimum=0, maximum=100)
    amount: float = param(1.0, title="Amount", minimum=0, maximum=10)
    threshold: int = param(
        3, title="Threshold", help="Differences below it stay.", minimum=0, maximum=255
    )


class Blur(Node[BlurIn, ImageOut]):
    """Blur a picture."""

    meta = Meta(
        type="image.blur",
        title="Blur",
        description="Blurs an image.",
        category="Image",
        keywords=("soft", "gaussian", "defocus"),
    )

    async def run(self, ctx: Context, args: BlurIn) -> ImageOut:
        """Return the blurred picture."""
        from PIL import ImageFilter

        blur = ImageFilter.GaussianBlur if args.method == "gaussian" else ImageFilter.BoxBlur
        picture = ctx.load(args.image)
        blurred = premultiplied(picture, lambda each: each.filter(blur(args.radius)))
        return ImageOut(image=ctx.store(blurred, like=args.image))


class Sharpen(Node[SharpenIn, ImageOut]):
    """Sharpen a picture."""

    meta = Meta(
        type="image.sharpen",
        title="Sharpen",
        description="Sharpens an image by an unsharp mask.",
        category="Image",
        keywords=("unsharp", "detail", "crisp"),
    )

    async def run(self, ctx: Context, args: SharpenIn) -> ImageOut:
        """Return the sharpened picture."""
        from PIL import ImageFilter

        mask = ImageFilter.UnsharpMask(args.radius, round(args.amount * 100), args.threshold)
        sharpened = on_colours(ctx.load(args.image), lambda each: each.filter(mask))
        return ImageOut(image=ctx.store(sharpened, like=args.image))


NODES = (Blur, Sharpen)
