"""The graphs that the benchmarks run; `documents` is what the seed publishes."""

from typing import Any

from tests.graphs import chain, graph

CHAIN_LENGTHS = (10, 50, 200, 498)  # 498 and an input and an output: the most a graph may have
ELEMENTS = 1_000  # the most a mapped list may have


def text() -> dict[str, Any]:
    """Three nodes: a text in, in another case, out."""
    return chain(1)


def paid() -> dict[str, Any]:
    """Three nodes, the one in the middle for three credits."""
    return chain(1, type_="bench.paid")


def picture() -> dict[str, Any]:
    """Three nodes: a picture in, blurred, out."""
    return graph(
        {
            "in": ("input.image", {"name": "photo"}),
            "blur": ("image.blur", {"radius": 1}),
            "out": ("output", {"name": "image"}),
        },
        ["in.value -> blur.image", "blur.image -> out.value"],
    )


def fan() -> dict[str, Any]:
    """A list whose elements are each put in another case, and joined."""
    return graph(
        {
            "in": ("input.list", {"name": "texts", "items": "text"}),
            "case": "text.case",
            "join": "text.join",
            "out": ("output", {"name": "text"}),
        },
        ["in.value -> case.text", "case.text -> join.texts", "join.text -> out.value"],
    )


def documents() -> dict[str, dict[str, Any]]:
    """Return every graph by the name that the benchmarks know it by."""
    chains = {f"chain{length}": chain(length) for length in CHAIN_LENGTHS}
    return {"text": text(), "paid": paid(), "picture": picture(), "fan": fan(), **chains}
