"""The hand-written node types, one module per family, each ending in a `NODES` tuple."""

from workflows.catalogue.nodes import (
    calls,
    comfyui,
    image_colour,
    image_compose,
    image_filter,
    image_frame,
    image_shape,
    image_text,
    image_value,
    io,
    language,
    lists,
    logic,
    maths,
    reviews,
    template,
    text,
)
from workflows.catalogue.spec import AnyNode

# On top of the language models that a catalogue has (`workflows.catalogue.chooser`).
CHOOSERS = language.NODES

ALL_NODES: tuple[type[AnyNode], ...] = (
    *io.NODES,
    *template.NODES,
    *text.NODES,
    *maths.NODES,
    *logic.NODES,
    *lists.NODES,
    *calls.NODES,
    *reviews.NODES,
    *image_shape.NODES,
    *image_colour.NODES,
    *image_filter.NODES,
    *image_frame.NODES,
    *image_compose.NODES,
    *image_text.NODES,
    *image_value.NODES,
    *comfyui.NODES,
)
