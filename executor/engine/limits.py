"""How much one run of a node may give: pixels, frames, seconds, bytes, elements.

Checked in one place, on what a node gave and before anything of it is stored. A node that can know
beforehand that it would give too much says so itself, before it computes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.values import Media

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class OutputLimits:
    """The greatest of each. Sizes are in bytes; those of media are a file's, by its kind.

    `max_elements` counts all elements of an output, also those of lists inside of lists;
    `node_bytes` is for the text and JSON of all outputs together.
    """

    max_pixels: int = 40_000_000
    max_side: int = 16_384
    max_total_pixels: int = 400_000_000  # frames times pixels
    max_frames: int = 2_000
    max_seconds: float = 3_600.0
    media_bytes: Mapping[str, int] | None = None
    value_bytes: int = 4 * MEBIBYTE  # a text of as many characters as nodes may make, in any script
    node_bytes: int = 16 * MEBIBYTE
    max_elements: int = 10_000

    def bytes_of(self, kind: str) -> int:
        """Return the greatest size of a file of this kind."""
        return (self.media_bytes or _MEDIA_BYTES).get(kind, 50 * MEBIBYTE)


_MEDIA_BYTES = {"video": 500 * MEBIBYTE, "audio": 100 * MEBIBYTE}
LIMITS = OutputLimits()


def check_outputs(outputs: Mapping[str, Any], limits: OutputLimits = LIMITS) -> None:
    """Hold what a node gave, by port, to the limits.

    Raises:
        NodeFailed: `resource_limit`; the message names the port and the limit.
    """
    total = 0
    for port, value in outputs.items():
        elements = 0
        for leaf in _leaves(value):
            elements += 1
            if elements > limits.max_elements:
                _refuse(port, f"more than {limits.max_elements:,} elements")
            if isinstance(leaf, Media):
                _check_media(port, leaf, limits)
                continue
            size = _size(leaf, limits.value_bytes)
            if size > limits.value_bytes:
                _refuse(port, f"a value of more than {limits.value_bytes:,} bytes")
            total += size
        if total > limits.node_bytes:
            _refuse(port, f"more than {limits.node_bytes:,} bytes in all")


def _leaves(value: Any) -> Iterator[Any]:
    """Yield the elements of a list and of the lists in it, or the one value itself."""
    if not isinstance(value, list):
        yield value
        return
    waiting = [iter(value)]
    while waiting:
        for item in waiting[-1]:
            if isinstance(item, list):
                yield None  # an element itself, so that a million empty lists are not nothing
                waiting.append(iter(item))
                break
            yield item
        else:
            waiting.pop()


def _check_media(port: str, media: Media, limits: OutputLimits) -> None:
    width, height = media.width or 0, media.height or 0
    frames = int(getattr(media.decoded, "n_frames", 1))
    if max(width, height) > limits.max_side or width * height > limits.max_pixels:
        _refuse(port, f"{width:,} × {height:,} pixels")
    if frames > limits.max_frames or frames * width * height > limits.max_total_pixels:
        _refuse(port, f"{frames:,} frames of {width:,} × {height:,} pixels")
    if (media.duration_s or 0) > limits.max_seconds:
        _refuse(port, f"more than {limits.max_seconds:,g} seconds")
    if (media.bytes or 0) > limits.bytes_of(media.kind):
        _refuse(port, f"a file of more than {limits.bytes_of(media.kind):,} bytes")


def _size(value: Any, enough: int) -> int:
    """Return about how many bytes a value takes as JSON; stops counting beyond `enough`."""
    if not isinstance(value, dict | list | tuple):
        return _scalar_size(value, enough)
    size, waiting = 0, list[Any]([value])
    while waiting and size <= enough:
        item = waiting.pop()
        if isinstance(item, dict):
            size += 2 + sum(4 + _scalar_size(key, enough) for key in item)
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            size += 2 + len(item)
            waiting.extend(item)
        else:
            size += _scalar_size(item, enough)
    return size


def _scalar_size(value: Any, enough: int) -> int:
    if not isinstance(value, str):
        return 8
    # Only what is near the limit is worth encoding.
    return len(value) if len(value) * 4 <= enough else len(value.encode("utf-8", "replace"))


def _refuse(port: str, what: str) -> None:
    raise NodeFailed("resource_limit", f"The node's {port} has {what}.")
