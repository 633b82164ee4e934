"""Tasks that give pictures."""

from workflows.catalogue.ports import Port
from workflows.catalogue.tasks.base import Task
from workflows.catalogue.tasks.results import ImageTask, MaskTask


class TextToImage(ImageTask):
    """Makes pictures from words."""

    task = Task(
        "text-to-image",
        "Text to image",
        "image",
        "Makes pictures from words.",
        needs=("prompt",),
    )


class ImageToImage(ImageTask):
    """Makes pictures that begin with another one."""

    task = Task(
        "image-to-image",
        "Image to image",
        "image",
        "Makes pictures that begin with another one.",
        inputs=(Port("image", "image", "Image"),),
    )


class ImageEdit(ImageTask):
    """Changes a picture as words say."""

    task = Task(
        "image-edit",
        "Edit image",
        "image",
        "Changes a picture as words say.",
        inputs=(Port("image", "image", "Image"),),
        needs=("prompt",),
    )


class Inpaint(ImageTask):
    """Paints anew what a mask covers."""

    task = Task(
        "inpaint",
        "Inpaint",
        "image",
        "Paints anew what a mask covers.",
        inputs=(
            Port("image", "image", "Image"),
            Port("mask", "mask", "Mask"),
        ),
    )


class Outpaint(ImageTask):
    """Goes on with a picture beyond its edges."""

    task = Task(
        "outpaint",
        "Outpaint",
        "image",
        "Goes on with a picture beyond its edges.",
        inputs=(Port("image", "image", "Image"),),
    )


class Upscale(ImageTask):
    """Makes a picture larger and sharper."""

    task = Task(
        "upscale",
        "Upscale",
        "image",
        "Makes a picture larger and sharper.",
        inputs=(Port("image", "image", "Image"),),
        is_random=False,
    )


class RemoveBackground(ImageTask):
    """Cuts out what stands in front."""

    task = Task(
        "remove-background",
        "Remove background",
        "image",
        "Cuts out what stands in front.",
        inputs=(Port("image", "image", "Image"),),
        is_random=False,
    )


class Segment(MaskTask):
    """Finds a part of a picture and gives it as a mask."""

    task = Task(
        "segment",
        "Segment",
        "image",
        "Finds a part of a picture and gives it as a mask.",
        inputs=(Port("image", "image", "Image"),),
        is_random=False,
    )


class Depth(ImageTask):
    """Shows how far away each point of a picture is."""

    task = Task(
        "depth",
        "Depth",
        "image",
        "Shows how far away each point of a picture is.",
        inputs=(Port("image", "image", "Image"),),
        is_random=False,
    )


class Preprocess(ImageTask):
    """Draws the edges, lines or poses of a picture, for others to follow."""

    task = Task(
        "preprocess",
        "Control image",
        "image",
        "Draws the edges, lines or poses of a picture, for others to follow.",
        inputs=(Port("image", "image", "Image"),),
        is_random=False,
    )


class Control(ImageTask):
    """Makes pictures from words that follow the shapes of another one."""

    task = Task(
        "controlnet",
        "Guided image",
        "image",
        "Makes pictures from words that follow the shapes of another one.",
        inputs=(Port("image", "image", "Image"),),
        needs=("prompt",),
    )


class StyleTransfer(ImageTask):
    """Makes pictures in the style of another one."""

    task = Task(
        "style-transfer",
        "Style transfer",
        "image",
        "Makes pictures in the style of another one.",
        inputs=(Port("image", "image", "Image"),),
    )


class FaceSwap(ImageTask):
    """Puts a face into a picture."""

    task = Task(
        "face-swap",
        "Face swap",
        "image",
        "Puts a face into a picture.",
        inputs=(
            Port("image", "image", "Image"),
            Port("face", "image", "Face"),
        ),
        is_random=False,
    )


class TryOn(ImageTask):
    """Dresses a person in a garment."""

    task = Task(
        "try-on",
        "Try on",
        "image",
        "Dresses a person in a garment.",
        inputs=(
            Port("image", "image", "Image"),
            Port("garment", "image", "Garment"),
        ),
    )


TASKS = (
    TextToImage,
    ImageToImage,
    ImageEdit,
    Inpaint,
    Outpaint,
    Upscale,
    RemoveBackground,
    Segment,
    Depth,
    Preprocess,
    Control,
    StyleTransfer,
    FaceSwap,
    TryOn,
)
