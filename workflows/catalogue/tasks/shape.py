"""Tasks that give 3D models."""

from workflows.catalogue.ports import Port
from workflows.catalogue.tasks.base import Task
from workflows.catalogue.tasks.results import ShapeTask


class TextToShape(ShapeTask):
    """Makes a 3D model from words."""

    task = Task(
        "text-to-3d",
        "Text to 3D",
        "3d",
        "Makes a 3D model from words.",
        needs=("prompt",),
    )


class ImageToShape(ShapeTask):
    """Makes a 3D model from a picture."""

    task = Task(
        "image-to-3d",
        "Image to 3D",
        "3d",
        "Makes a 3D model from a picture.",
        inputs=(Port("image", "image", "Image"),),
    )


TASKS = (TextToShape, ImageToShape)
