"""The starter workflow: a photo goes in, a finished picture comes out."""

import io
from typing import Any

STARTER_NAME = "Photo card"
SAMPLE_NAME = "sample.png"


def _node(id_: str, type_: str, x: int, y: int = 0, **params: Any) -> dict[str, Any]:
    return {"id": id_, "type": type_, "params": params, "position": {"x": x, "y": y}}


def _edge(source: str, target: str) -> dict[str, str]:
    """Write an edge from `node.port` to `node.port`."""
    source_node, source_port = source.split(".")
    target_node, target_port = target.split(".")
    return {
        "id": f"{source_node}-{target_node}",
        "source": source_node,
        "sourceHandle": source_port,
        "target": target_node,
        "targetHandle": target_port,
    }


STARTER_GRAPH: dict[str, Any] = {
    "schema": 1,
    "nodes": [
        _node("photo", "input.image", 0, name="photo", label="Photo", required=True),
        _node(
            "caption",
            "input.text",
            0,
            220,
            name="caption",
            label="Caption",
            required=False,
            default="Made with Pixelflow",
            maxLength=80,
        ),
        _node("size", "image.resize", 260, width=1200, height=900, fit="cover"),
        _node("light", "image.adjust", 520, contrast=1.1, saturation=1.15),
        _node("crisp", "image.sharpen", 780, radius=1.5, amount=0.6),
        _node(
            "words",
            "image.text",
            1040,
            size=48,
            colour="#ffffff",
            position="bottom-left",
            marginX=48,
            marginY=40,
            maxWidth=1000,
            boxColour="#00000099",
            boxPadding=16,
            boxRadius=12,
        ),
        _node("frame", "image.border", 1300, size=24, colour="#ffffff"),
        _node("picture", "image.convert", 1560, format="jpeg", quality=90),
        _node("image", "output", 1820, name="image", label="Finished picture"),
    ],
    "edges": [
        _edge("photo.value", "size.image"),
        _edge("size.image", "light.image"),
        _edge("light.image", "crisp.image"),
        _edge("crisp.image", "words.image"),
        _edge("caption.value", "words.text"),
        _edge("words.image", "frame.image"),
        _edge("frame.image", "picture.image"),
        _edge("picture.image", "image.value"),
    ],
}


def draw_sample() -> bytes:
    """Return a drawn landscape as PNG: something to run before anybody has picked a photograph."""
    import numpy as np  # noqa: PLC0415 - heavy, and needed on the first start alone
    from PIL import Image, ImageDraw  # noqa: PLC0415

    width, height = 1600, 1200
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    sky = np.stack(
        [230 - 120 * (1 - down), 170 - 40 * down + 30 * across, 150 + 90 * (1 - down)], axis=-1
    )
    picture = Image.fromarray(sky.clip(0, 255).astype("uint8"))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((1080, 260, 1280, 460), fill="#fff3d0")
    for top, colour, wave in ((640, "#7d86b8", 2.0), (780, "#515c93", 3.1), (940, "#2f386b", 4.3)):
        ridge = [(x, top + 90 * np.sin(x / width * 3.14 * wave + top)) for x in range(0, width, 8)]
        draw.polygon([(0, height), *ridge, (width, ridge[-1][1]), (width, height)], fill=colour)
    target = io.BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()
