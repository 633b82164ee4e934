"""Running one node by itself: a context in memory, pictures, and a way to call `run`."""

from typing import Any

from PIL import Image as PilImage

from workflows.catalogue.load import build_catalogue
from workflows.catalogue.node import Outputs
from workflows.catalogue.spec import NodeSpec
from workflows.catalogue.values import MEDIA_CLASSES, Image, Mask, Media

CATALOGUE = build_catalogue()


class MemoryContext:
    """A context that keeps pictures in the handles themselves."""

    def __init__(self) -> None:
        self.done: list[float] = []
        self.previews = 0
        self.qualities: list[int | None] = []
        self.checks = 0

    def load(self, image: Media) -> Any:
        return image.decoded

    def store(
        self,
        picture: Any,
        *,
        like: Media | None = None,
        content_type: str | None = None,
        kind: str = "image",
        quality: int | None = None,
    ) -> Any:
        assert picture.mode in ("L", "RGB", "RGBA")
        self.qualities.append(quality)
        return MEDIA_CLASSES[kind](
            kind=kind,
            content_type=content_type or (like.content_type if like else "image/png"),
            width=picture.width,
            height=picture.height,
            decoded=picture,
        )

    def progress(self, done: float) -> None:
        self.done.append(done)

    def preview(self, picture: Any) -> None:
        self.previews += 1

    def check_cancelled(self) -> None:
        self.checks += 1


def run_node(type_: str, ctx: MemoryContext | None = None, /, **inputs: Any) -> Any:
    """Run a node to its end; one that awaits anything fails, as it may not."""
    spec = CATALOGUE.specs[type_]
    args = spec.input_record(**inputs)
    coroutine = spec.node().run(ctx or MemoryContext(), args)
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise AssertionError(f"{type_} suspended")


def given(outputs: Outputs) -> dict[str, Any]:
    """Return the outputs that were set, by name."""
    return {name: getattr(outputs, name) for name in outputs.model_fields_set}


def spec(type_: str) -> NodeSpec:
    return CATALOGUE.specs[type_]


def make_picture(*rows: str, mode: str = "RGB") -> PilImage.Image:
    """Make a picture from rows of letters, each a pixel of `PALETTE`."""
    picture = PilImage.new("RGBA", (len(rows[0]), len(rows)))
    for y, row in enumerate(rows):
        for x, letter in enumerate(row):
            picture.putpixel((x, y), PALETTE[letter])
    return picture.convert(mode)


def make_image(*rows: str, mode: str = "RGB", content_type: str = "image/png") -> Image:
    """Make an image handle from rows of letters."""
    return as_image(make_picture(*rows, mode=mode), content_type)


def as_image(picture: PilImage.Image, content_type: str = "image/png") -> Image:
    return Image(
        content_type=content_type, width=picture.width, height=picture.height, decoded=picture
    )


def as_mask(picture: PilImage.Image) -> Mask:
    return Mask(width=picture.width, height=picture.height, decoded=picture)


def rows_of(image: Media) -> list[str]:
    """Read a picture of `PALETTE`'s colours back into rows of letters; `?` is another colour."""
    picture = image.decoded.convert("RGBA")
    names = {colour: letter for letter, colour in PALETTE.items()}
    return [
        "".join(names.get(picture.getpixel((x, y)), "?") for x in range(picture.width))
        for y in range(picture.height)
    ]


PALETTE = {
    "r": (255, 0, 0, 255),
    "g": (0, 255, 0, 255),
    "b": (0, 0, 255, 255),
    "w": (255, 255, 255, 255),
    "k": (0, 0, 0, 255),
    ".": (0, 0, 0, 0),
}
