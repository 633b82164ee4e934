"""Node types with a price, one for each thing that prices are reckoned from (`EXTRA_NODES`)."""

from typing import Literal

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.node import Context, Inputs, Meta, Node, Outputs
from workflows.catalogue.params import param, port
from workflows.catalogue.values import Audio, Image, Video


class TextIn(Inputs):
    text: str = port("Text")
    effort: Literal["low", "high"] = param("low", title="Effort")
    copies: int = param(1, title="Copies", minimum=1, maximum=10)


class TextOut(Outputs):
    text: str = port("Text")


class SizeIn(Inputs):
    prompt: str = param("", title="Prompt", max_length=4_000)
    width: int = param(1_000, title="Width", minimum=16, maximum=4_000)
    height: int = param(1_000, title="Height", minimum=16, maximum=4_000)


class NumberIn(Inputs):
    number: float = param(1.0, title="Number", minimum=0, maximum=100)


class LengthIn(Inputs):
    text: str = port("Text")
    seconds: int | None = param(None, title="Seconds", minimum=1, maximum=60)


class NumberOut(Outputs):
    number: float = port("Number")


class ImageIn(Inputs):
    image: Image = port("Image")


class ImagesIn(Inputs):
    images: list[Image] = port("Images", kind="list[image]", many=True)


class FilmIn(Inputs):
    video: Video = port("Film")
    sound: Audio | None = port("Sound", required=False)


def _meta(name: str, price: str, cost: Literal["inline", "cpu"] = "inline") -> Meta:
    return Meta(
        type=f"p.{name}", title=name.title(), description="d", category="c", cost=cost, price=price
    )


class Fixed(Node[TextIn, TextOut]):
    """Costs the same for every run, and refuses the text `bad`."""

    meta = _meta("fixed", "5")

    async def run(self, ctx: Context, args: TextIn) -> TextOut:
        if args.text == "bad":
            raise NodeFailed("invalid_value", "Bad is refused.")
        return TextOut(text=args.text)


class Costly(Node[TextIn, TextOut]):
    """The same, as a task of its own."""

    meta = _meta("costly", "by(effort, {'low': 3, 'high': 7}) * copies", "cpu")

    async def run(self, ctx: Context, args: TextIn) -> TextOut:
        if args.text == "bad":
            raise NodeFailed("invalid_value", "Bad is refused.")
        return TextOut(text=args.text)


class Words(Node[TextIn, TextOut]):
    """By the text that arrives."""

    meta = _meta("words", "2 * characters(text) / 10")

    async def run(self, ctx: Context, args: TextIn) -> TextOut:
        return TextOut(text=args.text * 2)


class Length(Node[LengthIn, TextOut]):
    """By a setting that may be null."""

    meta = _meta("length", "2 * default(seconds, 5)")

    async def run(self, ctx: Context, args: LengthIn) -> TextOut:
        return TextOut(text=args.text)


class Area(Node[SizeIn, NumberOut]):
    """By what it would make, and by tokens."""

    meta = _meta("area", "4 * megapixels(width, height) + tokens(prompt) / 1000")

    async def run(self, ctx: Context, args: SizeIn) -> NumberOut:
        return NumberOut(number=args.width * args.height)


class Amount(Node[NumberIn, NumberOut]):
    """By a number that may be wired."""

    meta = _meta("amount", "10 * number")

    async def run(self, ctx: Context, args: NumberIn) -> NumberOut:
        return NumberOut(number=args.number)


class Look(Node[ImageIn, NumberOut]):
    """By the picture that is given."""

    meta = _meta("look", "10 if megapixels(image) <= 1 else 15")

    async def run(self, ctx: Context, args: ImageIn) -> NumberOut:
        return NumberOut(number=float(args.image.width or 0))


class Sheet(Node[ImagesIn, NumberOut]):
    """By all pictures that are given, and by how many there are."""

    meta = _meta("sheet", "count(images) + megapixels(images)")

    async def run(self, ctx: Context, args: ImagesIn) -> NumberOut:
        return NumberOut(number=len(args.images))


class Film(Node[FilmIn, NumberOut]):
    """By the film's length, and by that of a sound that may be missing."""

    meta = _meta("film", "12 * ceil(seconds(video)) + seconds(sound)")

    async def run(self, ctx: Context, args: FilmIn) -> NumberOut:
        return NumberOut(number=args.video.duration_s or 0)


NODES = (Fixed, Costly, Words, Length, Area, Amount, Look, Sheet, Film)
